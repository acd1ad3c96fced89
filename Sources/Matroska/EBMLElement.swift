/// The head of an element, and where its data lies.
struct EBMLElement: Equatable {
  var id: UInt32
  /// Where the id begins.
  var start: Int
  /// Where the data begins.
  var data: Int
  /// Bytes of data; nil where the size is not known.
  var size: Int?

  /// Where the data ends, if it is known and can be told.
  var end: Int? {
    guard let size else { return nil }
    let (end, overflow) = data.addingReportingOverflow(size)
    return overflow ? nil : end
  }

  /// Longest head: an id of four bytes, a size of eight.
  static let longestHead = 12

  /// Reads the head that begins `bytes`; nil where there is none.
  init?(_ bytes: ArraySlice<UInt8>, at start: Int) {
    guard let first = bytes.first, first >= 0x10 else { return nil }
    let idLength = first.leadingZeroBitCount + 1
    guard bytes.count > idLength else { return nil }
    let id = bytes.prefix(idLength).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard let size = VariableInteger(bytes.dropFirst(idLength)) else { return nil }
    self.id = id
    self.start = start
    data = start + idLength + size.length
    if size.isUnknown {
      self.size = nil
    } else {
      // 56 bits fit an Int.
      self.size = Int(size.value)
    }
  }
}

/// A number of one to eight bytes whose first set bit tells how many.
struct VariableInteger {
  var value: UInt64
  var length: Int
  /// All value bits set: the size is not known.
  var isUnknown: Bool

  init?(_ bytes: ArraySlice<UInt8>) {
    guard let first = bytes.first, first != 0 else { return nil }
    length = first.leadingZeroBitCount + 1
    guard bytes.count >= length else { return nil }
    let all = bytes.prefix(length).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let mask = (UInt64(1) << UInt64(7 * length)) - 1
    value = all & mask
    isUnknown = value == mask
  }
}

extension ArraySlice<UInt8> {
  /// A big-endian unsigned number of at most eight bytes; nil for more.
  var unsigned: UInt64? {
    count <= 8 ? reduce(0) { $0 << 8 | UInt64($1) } : nil
  }

  /// Text up to the first NUL; nil where it is not UTF-8.
  var text: String? { String(validating: prefix { $0 != 0 }, as: UTF8.self) }
}
