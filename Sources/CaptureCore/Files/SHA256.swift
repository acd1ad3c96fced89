public import Foundation

/// The hash by which manifests recognise files: SHA-256, as FIPS 180-4 defines it.
///
///     var hash = SHA256()
///     hash.update(header)
///     hash.update(body)
///     let text = hash.hexDigest()
///
/// About 180 MB a second; files are small beside what it takes to make them.
public struct SHA256: Sendable {
  private var state: SIMD8<UInt32>
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  /// The hash of no bytes yet.
  public init() {
    state = SIMD8(
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
      0x5be0_cd19)
    pending.reserveCapacity(64)
  }

  /// Hashes more bytes; how they are cut into pieces does not matter.
  public mutating func update(_ data: some ContiguousBytes) {
    data.withUnsafeBytes { update(bytes: $0) }
  }

  /// The 32 bytes of the hash; the value itself can go on.
  public func digest() -> [UInt8] {
    var copy = self
    var padding = [UInt8](repeating: 0, count: (pending.count < 56 ? 64 : 128) - pending.count)
    padding[0] = 0x80
    for i in 0..<8 {
      padding[padding.count - 1 - i] = UInt8(truncatingIfNeeded: (length &* 8) >> (8 * UInt64(i)))
    }
    copy.update(padding)
    return (0..<32).map { UInt8(truncatingIfNeeded: copy.state[$0 / 4] >> UInt32(24 - $0 % 4 * 8)) }
  }

  /// The hash as 64 lower-case hexadecimal digits.
  public func hexDigest() -> String {
    let digits = Array("0123456789abcdef")
    return String(digest().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// The hash of some bytes as 64 lower-case hexadecimal digits.
  public static func hexDigest(of data: Data) -> String {
    var hash = SHA256()
    hash.update(data)
    return hash.hexDigest()
  }

  /// The hash of a file of any size, read in pieces.
  /// - Throws: ``CaptureError`` `badInput` when the file cannot be read.
  public static func hexDigest(ofFile url: URL) throws(CaptureError) -> String {
    var hash = SHA256()
    do {
      let file = try FileHandle(forReadingFrom: url)
      while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(piece) }
    } catch {
      throw CaptureError(
        .badInput, "Reading failed: \(error.localizedDescription)", at: url.path)
    }
    return hash.hexDigest()
  }

  private mutating func update(bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var rest = bytes[...]
    if !pending.isEmpty {
      let head = rest.prefix(64 - pending.count)
      pending.append(contentsOf: head)
      rest = rest.dropFirst(head.count)
      guard pending.count == 64 else { return }
      var block = pending
      block.withUnsafeMutableBytes { compress(UnsafeRawBufferPointer($0)) }
      pending.removeAll(keepingCapacity: true)
    }
    let whole = rest.count & ~63
    compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
    pending.append(contentsOf: rest.dropFirst(whole))
  }

  /// Takes in whole blocks of 64 bytes.
  private mutating func compress(_ bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty else { return }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
      Self.roundConstants.withUnsafeBufferPointer { k in
        for start in stride(from: 0, to: bytes.count, by: 64) {
          for i in 0..<16 {
            w[i] = UInt32(
              bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * i, as: UInt32.self))
          }
          for i in 16..<64 {
            let (a, b) = (w[i - 15], w[i - 2])
            let s0 = Self.turn(a, 7) ^ Self.turn(a, 18) ^ (a >> 3)
            let s1 = Self.turn(b, 17) ^ Self.turn(b, 19) ^ (b >> 10)
            w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
          }
          mix(w, k)
        }
      }
    }
  }

  private mutating func mix(
    _ w: UnsafeMutableBufferPointer<UInt32>, _ k: UnsafeBufferPointer<UInt32>
  ) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for i in 0..<64 {
      let s1 = Self.turn(e, 6) ^ Self.turn(e, 11) ^ Self.turn(e, 25)
      let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ k[i] &+ w[i]
      let s0 = Self.turn(a, 2) ^ Self.turn(a, 13) ^ Self.turn(a, 22)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
    }
    state = state &+ SIMD8(a, b, c, d, e, f, g, h)
  }

  @inline(__always) private static func turn(_ x: UInt32, _ n: UInt32) -> UInt32 {
    (x >> n) | (x << (32 - n))
  }

  /// Fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
