internal import CaptureCore
internal import Foundation

/// One record of a ROS bag: a header of named values, and where its data lies.
///
/// Source: *ROS Bag Format Version 2.0*, wiki.ros.org/Bags/Format/2.0.
struct BagRecord {
  enum Kind: UInt8 {
    case message = 2
    case bagHeader, index, chunk, chunkInfo, connection
  }

  /// Longest header that is read, bytes; the longest that is written holds a topic's name.
  static let headerLimit = 1 << 16

  let kind: Kind
  /// Where the data begins, counted as the record's own place was.
  let dataStart: Int
  let dataLength: Int
  private let fields: [(name: String, value: ArraySlice<UInt8>)]

  /// Where the next record begins.
  var end: Int { dataStart + dataLength }

  /// Reads header and length of data from bytes that begin with the record.
  /// - Throws: ``CaptureError`` `badInput`; the data may lie beyond the bytes.
  init(_ bytes: ArraySlice<UInt8>, at place: Int) throws(CaptureError) {
    var cursor = ByteCursor(bytes)
    let length = Int(try cursor.uint32())
    guard length <= BagRecord.headerLimit else {
      throw CaptureError(
        .badInput, "A header of \(length) bytes; at most \(BagRecord.headerLimit) are read.")
    }
    fields = try BagRecord.fields(try cursor.take(length))
    dataLength = Int(try cursor.uint32())
    dataStart = place + 8 + length
    guard let op = BagRecord.value("op", in: fields), op.count == 1,
      let kind = op.first.flatMap(Kind.init)
    else { throw CaptureError(.badInput, "A record of no known kind.") }
    self.kind = kind
  }

  /// Fields `<length><name>=<value>` to the end of the bytes.
  static func fields(
    _ bytes: ArraySlice<UInt8>
  ) throws(CaptureError) -> [(name: String, value: ArraySlice<UInt8>)] {
    var cursor = ByteCursor(bytes)
    var fields: [(name: String, value: ArraySlice<UInt8>)] = []
    while cursor.left > 0 {
      let field = try cursor.counted()
      guard let equals = field.firstIndex(of: UInt8(ascii: "=")) else {
        throw CaptureError(.badInput, "A header's field has no name.")
      }
      fields.append((String(decoding: field[..<equals], as: UTF8.self), field[(equals + 1)...]))
    }
    return fields
  }

  static func value(
    _ name: String, in fields: [(name: String, value: ArraySlice<UInt8>)]
  ) -> ArraySlice<UInt8>? {
    fields.first { $0.name == name }?.value
  }

  /// A number of 32 bits.
  func number(_ name: String) throws(CaptureError) -> UInt32 {
    guard let value = BagRecord.value(name, in: fields), value.count == 4 else {
      throw CaptureError(.badInput, "A header has no number `\(name)`.")
    }
    var cursor = ByteCursor(value)
    return try cursor.uint32()
  }

  /// A place in the file.
  func place(_ name: String) throws(CaptureError) -> Int {
    guard let value = BagRecord.value(name, in: fields), value.count == 8 else {
      throw CaptureError(.badInput, "A header has no place `\(name)`.")
    }
    var cursor = ByteCursor(value)
    guard let place = Int(exactly: try cursor.uint64()) else {
      throw CaptureError(.badInput, "The place `\(name)` is out of range.")
    }
    return place
  }

  /// A time, nanoseconds.
  func time(_ name: String) throws(CaptureError) -> Int64 {
    guard let value = BagRecord.value(name, in: fields), value.count == 8 else {
      throw CaptureError(.badInput, "A header has no time `\(name)`.")
    }
    var cursor = ByteCursor(value)
    return Int64(try cursor.uint32()) * 1_000_000_000 + Int64(try cursor.uint32())
  }

  func text(_ name: String) throws(CaptureError) -> String {
    guard let value = BagRecord.value(name, in: fields) else {
      throw CaptureError(.badInput, "A header has no `\(name)`.")
    }
    return String(decoding: value, as: UTF8.self)
  }
}
