public import CaptureCore
public import Foundation

/// Damages files in repeatable ways, for the tests of parsers.
public enum ByteMutator {
  /// `data` with one to four bytes replaced, deleted, inserted or repeated.
  public static func mutate(
    _ data: Data, using generator: inout SeededGenerator
  ) -> Data {
    var bytes = [UInt8](data)
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      let byte = UInt8.random(in: 0...255, using: &generator)
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: bytes[at] = byte
      case 1: bytes[at] ^= 1 << (byte & 7)
      case 2: bytes.remove(at: at)
      case 3: bytes.insert(byte, at: at)
      default: bytes.insert(contentsOf: bytes[at..<min(at + Int(byte) % 40, bytes.count)], at: at)
      }
    }
    return Data(bytes)
  }
}
