internal import CaptureCore

/// Reads one number after the other from the body of a PLY file.
protocol PLYCursor {
  /// The next number; every type of the format fits into a double.
  mutating func next(_ type: PLYHeader.Scalar) throws(CaptureError) -> Double
  /// Whether nothing is left.
  var isAtEnd: Bool { get }
}

private let tooShort = CaptureError(.badInput, "The PLY file ends too early.")

/// Numbers as bytes, little-endian.
struct PLYBinaryCursor: PLYCursor {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  mutating func next(_ type: PLYHeader.Scalar) throws(CaptureError) -> Double {
    guard bytes.count - at >= type.size else { throw tooShort }
    defer { at += type.size }
    switch type {
    case .int8: return Double(Int8(bitPattern: bytes[at]))
    case .uint8: return Double(bytes[at])
    case .int16: return Double(Int16(littleEndian: load()))
    case .uint16: return Double(UInt16(littleEndian: load()))
    case .int32: return Double(Int32(littleEndian: load()))
    case .uint32: return Double(UInt32(littleEndian: load()))
    case .float: return Double(Float(bitPattern: UInt32(littleEndian: load())))
    case .double: return Double(bitPattern: UInt64(littleEndian: load()))
    }
  }

  private func load<T: BitwiseCopyable>() -> T {
    bytes.loadUnaligned(fromByteOffset: at, as: T.self)
  }
}

/// Numbers as words between white space.
struct PLYTextCursor: PLYCursor {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { bytes[at...].allSatisfy(Self.isSpace) }

  mutating func next(_ type: PLYHeader.Scalar) throws(CaptureError) -> Double {
    while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 }
    let start = at
    while at < bytes.count, !Self.isSpace(bytes[at]) { at += 1 }
    // A word at the very end may be half of one: text files end with a line feed.
    guard at < bytes.count else { throw tooShort }
    guard at - start <= 64 else {
      throw CaptureError(.badInput, "The PLY file has a word of \(at - start) letters.")
    }
    let word = String(decoding: bytes[start..<at], as: UTF8.self)
    guard let value = Double(word) else {
      throw CaptureError(.badInput, "The PLY file has `\(word)` where a number belongs.")
    }
    return value
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }
}
