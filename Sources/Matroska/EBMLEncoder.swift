internal import CDeflate
internal import Foundation

/// Elements as bytes.
enum EBMLEncoder {
  /// An element with its data; the size takes as few bytes as it can.
  static func element(_ id: UInt32, _ data: Data) -> Data {
    head(id, size: data.count) + data
  }

  static func element(_ id: UInt32, _ parts: [Data]) -> Data {
    element(id, parts.reduce(into: Data()) { $0.append($1) })
  }

  static func element(_ id: UInt32, unsigned value: UInt64) -> Data {
    let length = max(1, 8 - value.leadingZeroBitCount / 8)
    return element(id, bigEndian(value).suffix(length))
  }

  static func element(_ id: UInt32, text: String) -> Data { element(id, Data(text.utf8)) }

  static func element(_ id: UInt32, double: Double) -> Data {
    element(id, bigEndian(double.bitPattern))
  }

  /// The head of an element whose data follows; `sizeLength` bytes of size, or as few as it takes.
  static func head(_ id: UInt32, size: Int, sizeLength: Int? = nil) -> Data {
    // A size of all ones would mean that it is not known.
    let needed = (1...8).first { size < 1 << (7 * $0) - 1 } ?? 8
    let length = max(sizeLength ?? needed, needed)
    return self.id(id) + bigEndian(UInt64(size) | 1 << UInt64(7 * length)).suffix(length)
  }

  /// The head of an element whose size is not known yet, in eight bytes.
  static func openHead(_ id: UInt32) -> Data { self.id(id) + bigEndian(0x01FF_FFFF_FFFF_FFFF) }

  static func id(_ id: UInt32) -> Data {
    bigEndian(UInt64(id)).suffix(max(1, 4 - id.leadingZeroBitCount / 8))
  }

  /// Padding of `count` bytes in all; at least two.
  static func void(_ count: Int) -> Data {
    let sizeLength = count < 10 ? 1 : 8
    return head(ElementID.void, size: count - 1 - sizeLength, sizeLength: sizeLength)
      + Data(count: count - 1 - sizeLength)
  }

  /// The data with its checksum before it, as the first child of its element.
  static func checked(_ data: Data) -> Data {
    let sum = data.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
    let bytes = withUnsafeBytes(of: sum.littleEndian) { Data($0) }
    return element(ElementID.crc32, bytes) + data
  }

  static func bigEndian<T: FixedWidthInteger>(_ value: T) -> Data {
    withUnsafeBytes(of: value.bigEndian) { Data($0) }
  }
}
