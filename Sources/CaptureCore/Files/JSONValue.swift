public import Foundation

/// A JSON document in memory, with its members in the order of the file.
public enum JSONValue: Equatable, Sendable {
  /// One name and its value.
  public struct Member: Equatable, Sendable {
    /// The name.
    public var key: String
    /// The value.
    public var value: JSONValue

    /// A named value.
    public init(_ key: String, _ value: JSONValue) { (self.key, self.value) = (key, value) }
  }

  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A finite number.
  case number(Double)
  /// A string.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Named values; no name appears twice.
  case object([Member])

  /// Parses a document of UTF-8 text, nested 64 deep at most.
  ///
  /// Stricter than Foundation's parser where files of measurements need it: a name that appears
  /// twice, NaN, Infinity and numbers beyond the range of a double are errors.
  /// - Throws: ``CaptureError`` `badInput` with line and column.
  public init(parsing data: Data) throws(CaptureError) {
    var parser = JSONParser(bytes: [UInt8](data))
    self = try parser.document()
  }

  /// A list of numbers.
  public static func numbers(_ values: [Double]) -> JSONValue {
    .array(values.map { .number($0) })
  }

  /// The document as indented text; lists without lists or objects in them stay on one line.
  public var text: String {
    var out = ""
    write(to: &out, indent: 0)
    return out + "\n"
  }

  private func write(to out: inout String, indent: Int) {
    let inner = String(repeating: "  ", count: indent + 1)
    let outer = String(repeating: "  ", count: indent)
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .number(let value): out += JSONValue.shortest(value)
    case .string(let value): out += JSONValue.quoted(value)
    case .array(let values):
      let flat = values.allSatisfy(\.isScalar)
      out += "["
      for (i, value) in values.enumerated() {
        out += (i == 0 ? "" : flat ? ", " : ",") + (flat ? "" : "\n" + inner)
        value.write(to: &out, indent: indent + 1)
      }
      out += flat ? "]" : "\n\(outer)]"
    case .object(let members):
      out += "{"
      for (i, member) in members.enumerated() {
        out += (i == 0 ? "\n" : ",\n") + inner + JSONValue.quoted(member.key) + ": "
        member.value.write(to: &out, indent: indent + 1)
      }
      out += members.isEmpty ? "}" : "\n\(outer)}"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  /// The shortest text that reads back as the same number; whole numbers have no decimal point.
  static func shortest(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// The text as JSON has it, in quotes.
  public static func quoted(_ value: String) -> String {
    var out = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
