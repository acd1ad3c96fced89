internal import CaptureCore
internal import Foundation

/// What a PLY file declares about itself.
struct PLYHeader: Equatable {
  enum Encoding: Equatable { case ascii, littleEndian }

  /// The number types of the format, under either of their names.
  enum Scalar: Equatable {
    case int8, uint8, int16, uint16, int32, uint32, float, double

    init?(_ name: Substring) {
      switch name {
      case "char", "int8": self = .int8
      case "uchar", "uint8": self = .uint8
      case "short", "int16": self = .int16
      case "ushort", "uint16": self = .uint16
      case "int", "int32": self = .int32
      case "uint", "uint32": self = .uint32
      case "float", "float32": self = .float
      case "double", "float64": self = .double
      default: return nil
      }
    }

    /// Bytes in a binary file.
    var size: Int {
      switch self {
      case .int8, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .uint32, .float: 4
      case .double: 8
      }
    }
  }

  struct Property: Equatable {
    var name: String
    var scalar: Scalar
    /// Type of the length in front of a list; nil for a single number.
    var listCount: Scalar?
  }

  struct Element: Equatable {
    var name: String
    var count: Int
    var properties: [Property] = []

    /// The fewest bytes that one element can take.
    func leastSize(_ encoding: Encoding) -> Int {
      switch encoding {
      // A digit and a separator each.
      case .ascii: 2 * properties.count
      case .littleEndian: properties.reduce(0) { $0 + ($1.listCount ?? $1.scalar).size }
      }
    }
  }

  /// Longest header that is read, bytes.
  static let limit = 1 << 16

  var encoding: Encoding
  var elements: [Element]
  /// Where the numbers begin.
  var bodyOffset: Int

  /// Parses the header and checks that the declared counts fit into the file.
  init(_ data: Data) throws(CaptureError) {
    let (lines, offset) = try Self.lines(data)
    guard lines.first == ["ply"] else {
      throw CaptureError(.badInput, "This is not a PLY file.")
    }
    guard lines.count > 1, lines[1].count == 3, lines[1][0] == "format", lines[1][2] == "1.0" else {
      throw CaptureError(.badInput, "The PLY header has no format line.")
    }
    switch lines[1][1] {
    case "ascii": encoding = .ascii
    case "binary_little_endian": encoding = .littleEndian
    default:
      throw CaptureError(
        .badInput, "PLY files of format `\(lines[1][1])` are not read.",
        remedy: "Convert it to binary_little_endian or ascii.")
    }
    (elements, bodyOffset) = ([], offset)
    for words in lines.dropFirst(2) { try add(words) }
    var rest = data.count - offset
    for element in elements where element.count > 0 {
      let size = element.leastSize(encoding)
      guard size > 0, element.count <= rest / size else {
        throw CaptureError(
          .badInput,
          "The header declares \(element.count) elements `\(element.name)`, more than the file holds."
        )
      }
      rest -= element.count * size
    }
  }

  private mutating func add(_ words: [Substring]) throws(CaptureError) {
    switch words.first {
    case nil, "comment", "obj_info": return
    case "element" where words.count == 3:
      if let count = Int(words[2]), count >= 0, !elements.contains(where: { $0.name == words[1] }) {
        elements.append(Element(name: String(words[1]), count: count))
        return
      }
    case "property" where words.count == 3 && !elements.isEmpty:
      if let scalar = Scalar(words[1]) {
        elements[elements.count - 1].properties.append(
          Property(name: String(words[2]), scalar: scalar))
        return
      }
    case "property" where words.count == 5 && words[1] == "list" && !elements.isEmpty:
      if let count = Scalar(words[2]), count != .float, count != .double,
        let scalar = Scalar(words[3])
      {
        elements[elements.count - 1].properties.append(
          Property(name: String(words[4]), scalar: scalar, listCount: count))
        return
      }
    default: break
    }
    throw CaptureError(
      .badInput,
      "The PLY header has a line that makes no sense: `\(words.joined(separator: " ").prefix(60))`."
    )
  }

  /// The words of each line up to `end_header`, and where the body begins.
  private static func lines(_ data: Data) throws(CaptureError) -> ([[Substring]], Int) {
    var lines: [[Substring]] = []
    var start = data.startIndex
    let end = data.startIndex + min(data.count, limit)
    while let newline = data[start..<end].firstIndex(of: 0x0a) {
      var text = String(decoding: data[start..<newline], as: UTF8.self)
      if text.hasSuffix("\r") { text.removeLast() }
      start = newline + 1
      let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
      if words == ["end_header"] { return (lines, start - data.startIndex) }
      lines.append(words)
    }
    throw CaptureError(
      .badInput,
      data.starts(with: Data("ply".utf8))
        ? "The PLY header does not end." : "This is not a PLY file.")
  }
}
