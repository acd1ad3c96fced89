internal import CCrypto
public import Foundation

/// The hash by which manifests recognise files: SHA-256, as FIPS 180-4 defines it, by libcrypto.
///
///     var hash = SHA256()
///     hash.update(header)
///     hash.update(body)
///     let text = hash.hexDigest()
public struct SHA256: @unchecked Sendable {
  // Copied before a change that another value would see.
  private var context = Context()

  /// The hash of no bytes yet.
  public init() {}

  /// Hashes more bytes; how they are cut into pieces does not matter.
  public mutating func update(_ data: some ContiguousBytes) {
    if !isKnownUniquelyReferenced(&context) { context = Context(copying: context) }
    data.withUnsafeBytes { context.update($0) }
  }

  /// The 32 bytes of the hash; the value itself can go on.
  public func digest() -> [UInt8] { Context(copying: context).finish() }

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

  /// The library's state. Its calls fail for want of memory alone.
  private final class Context {
    private let state: OpaquePointer

    init() {
      state = Self.fresh()
      precondition(EVP_DigestInit_ex(state, EVP_sha256(), nil) == 1, "out of memory")
    }

    init(copying other: Context) {
      state = Self.fresh()
      precondition(EVP_MD_CTX_copy_ex(state, other.state) == 1, "out of memory")
    }

    deinit { EVP_MD_CTX_free(state) }

    func update(_ bytes: UnsafeRawBufferPointer) {
      precondition(EVP_DigestUpdate(state, bytes.baseAddress, bytes.count) == 1, "out of memory")
    }

    /// The hash; nothing can follow.
    func finish() -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: 32)
      precondition(EVP_DigestFinal_ex(state, &digest, nil) == 1, "out of memory")
      return digest
    }

    private static func fresh() -> OpaquePointer {
      guard let state = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
      return state
    }
  }
}
