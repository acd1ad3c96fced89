internal import CaptureCore
internal import Foundation

/// Reads little-endian values one after the other; what is not there is an error, never a trap.
struct ByteCursor {
  private let bytes: ArraySlice<UInt8>
  private var at: Int

  init(_ bytes: ArraySlice<UInt8>) { (self.bytes, at) = (bytes, bytes.startIndex) }

  /// How many bytes are left.
  var left: Int { bytes.endIndex - at }

  mutating func take(_ count: Int) throws(CaptureError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= left else {
      throw CaptureError(
        .badInput, "A record ends too early: \(count) bytes are promised, \(left) are there.")
    }
    defer { at += count }
    return bytes[at..<at + count]
  }

  private mutating func word(_ count: Int) throws(CaptureError) -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func uint8() throws(CaptureError) -> UInt8 { UInt8(try word(1)) }
  mutating func uint32() throws(CaptureError) -> UInt32 { UInt32(try word(4)) }
  mutating func uint64() throws(CaptureError) -> UInt64 { try word(8) }
  mutating func float32() throws(CaptureError) -> Float { Float(bitPattern: try uint32()) }
  mutating func float64() throws(CaptureError) -> Double { Double(bitPattern: try uint64()) }

  mutating func float64s(_ count: Int) throws(CaptureError) -> [Double] {
    guard count <= left / 8 else {
      throw CaptureError(.badInput, "A record ends too early: \(count) numbers are promised.")
    }
    var numbers: [Double] = []
    for _ in 0..<count { numbers.append(try float64()) }
    return numbers
  }

  /// Bytes behind their 32-bit count.
  mutating func counted() throws(CaptureError) -> ArraySlice<UInt8> {
    try take(Int(try uint32()))
  }

  /// A string behind its 32-bit count.
  mutating func string() throws(CaptureError) -> String {
    String(decoding: try counted(), as: UTF8.self)
  }
}
