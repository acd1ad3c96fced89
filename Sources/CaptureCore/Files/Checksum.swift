/// A fast 64-bit checksum that finds torn, stale and damaged files; no defence against forgery.
public enum Checksum {
  /// FNV-1a over 8-byte words with a fold after each, then over the bytes that are left.
  ///
  /// - Complexity: O(bytes), about 2 GB/s.
  /// Source: Fowler, Noll and Vo, *The FNV non-cryptographic hash algorithm*, IETF draft.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    var at = 0
    while at + 8 <= bytes.count {
      sum = (sum ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 0x0100_0000_01b3
      sum ^= sum >> 32
      at += 8
    }
    for i in at..<bytes.count { sum = (sum ^ UInt64(bytes[i])) &* 0x0100_0000_01b3 }
    return sum
  }
}
