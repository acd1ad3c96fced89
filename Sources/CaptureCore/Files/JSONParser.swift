/// The grammar of RFC 8259 over a byte array.
struct JSONParser {
  let bytes: [UInt8]
  private var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(CaptureError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw failure("text follows the end of the document") }
    return value
  }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private func failure(_ reason: String) -> CaptureError {
    let seen = bytes[..<min(at, bytes.count)]
    let line = seen.count { $0 == UInt8(ascii: "\n") } + 1
    let column = seen.count - (seen.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
    return CaptureError(
      .badInput, "This is not valid JSON: \(reason) in line \(line), column \(column).")
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || (9...10).contains(byte) || byte == 13 { at += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(CaptureError) -> JSONValue {
    guard depth < 64 else { throw failure("nesting is deeper than 64") }
    skipSpace()
    guard let byte = current else { throw failure("the text ends too early") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: return try word()
    }
  }

  private mutating func word() throws(CaptureError) -> JSONValue {
    let words: [(String, JSONValue)] = [
      ("true", .bool(true)), ("false", .bool(false)), ("null", .null),
    ]
    for (word, value) in words where bytes[at...].starts(with: word.utf8) {
      at += word.utf8.count
      return value
    }
    if ["NaN", "Inf"].contains(where: { bytes[at...].starts(with: $0.utf8) }) {
      throw failure("NaN and Infinity are not numbers")
    }
    throw failure("a value is expected")
  }

  private mutating func array(depth: Int) throws(CaptureError) -> JSONValue {
    at += 1
    var values: [JSONValue] = []
    if skip("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth + 1))
      if skip("]") { return .array(values) }
      guard skip(",") else { throw failure("a comma or ] is expected") }
    }
  }

  private mutating func object(depth: Int) throws(CaptureError) -> JSONValue {
    at += 1
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    if skip("}") { return .object(members) }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw failure("a name in quotes is expected") }
      let key = try string()
      guard keys.insert(key).inserted else { throw failure("the name `\(key)` appears twice") }
      guard skip(":") else { throw failure("a colon is expected") }
      members.append(JSONValue.Member(key, try value(depth: depth + 1)))
      if skip("}") { return .object(members) }
      guard skip(",") else { throw failure("a comma or } is expected") }
    }
  }

  private mutating func number() throws(CaptureError) -> Double {
    let start = at
    if current == UInt8(ascii: "-") { at += 1 }
    if current == UInt8(ascii: "I") { throw failure("NaN and Infinity are not numbers") }
    if current == UInt8(ascii: "0") { at += 1 } else { try digits() }
    if current == UInt8(ascii: ".") {
      at += 1
      try digits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      at += 1
      if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { at += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw failure("a number is too large") }
    return value
  }

  private mutating func digits() throws(CaptureError) {
    let start = at
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
    guard at > start else { throw failure("a digit is expected") }
  }

  private mutating func string() throws(CaptureError) -> String {
    at += 1
    var text: [UInt8] = []
    while let byte = current, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw failure("a string holds a control character") }
      at += 1
      if byte == UInt8(ascii: "\\") {
        text += Array(String(Character(try escape())).utf8)
      } else {
        text.append(byte)
      }
    }
    guard current != nil else { throw failure("the text ends too early") }
    guard let string = String(validating: text, as: UTF8.self) else {
      throw failure("a string is not UTF-8")
    }
    at += 1
    return string
  }

  private mutating func escape() throws(CaptureError) -> Unicode.Scalar {
    guard let byte = current else { throw failure("the text ends too early") }
    at += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "u"): return try escapedScalar()
    default: throw failure("a backslash is followed by an unknown character")
    }
  }

  private mutating func escapedScalar() throws(CaptureError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // The first half of a surrogate pair; the second half must follow at once.
    guard first < 0xdc00, bytes[at...].starts(with: [0x5c, 0x75]) else {
      throw failure("a \\u escape is half of a pair")
    }
    at += 2
    let second = try hexadecimal()
    guard (0xdc00...0xdfff).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw failure("a \\u escape is half of a pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(CaptureError) -> UInt32 {
    let digits = bytes[at...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("a \\u escape needs four hexadecimal digits") }
    at += 4
    return value
  }
}
