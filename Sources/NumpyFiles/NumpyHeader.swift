internal import CaptureCore

/// The header of a `.npy` file: a Python dictionary of three known keys.
struct NumpyHeader {
  private var rest: ArraySlice<UInt8>

  /// NumPy itself allows 32 or 64 axes, by version.
  private static let mostAxes = 32

  /// - Throws: ``CaptureError`` `badInput` for anything else than the three keys, each once.
  static func parse(
    _ text: ArraySlice<UInt8>
  ) throws(CaptureError) -> (type: NumpyType, fortran: Bool, shape: [Int]) {
    var parser = NumpyHeader(rest: text)
    var (descr, fortran, shape): (String?, Bool?, [Int]?)
    try parser.expect("{")
    while !parser.skip("}") {
      let key = try parser.string()
      try parser.expect(":")
      switch key {
      case "descr" where descr == nil: descr = try parser.typeName()
      case "fortran_order" where fortran == nil: fortran = try parser.bool()
      case "shape" where shape == nil: shape = try parser.tuple()
      default: throw malformed
      }
      if !parser.skip(",") {
        try parser.expect("}")
        break
      }
    }
    guard parser.isAtEnd, let descr, let fortran, let shape else { throw malformed }
    guard let type = NumpyType(rawValue: descr) else {
      throw CaptureError(
        .badInput, "Elements of the type '\(descr)' are not read.",
        remedy: "Save little-endian numbers or booleans, for instance with .astype('<f4').")
    }
    return (type, fortran, shape)
  }

  private static var malformed: CaptureError {
    CaptureError(.badInput, "The header of a NumPy array is malformed.")
  }

  private var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return rest.isEmpty
    }
  }

  private mutating func skipSpace() {
    rest = rest.drop { $0 == 0x20 || $0 == 0x0a }
  }

  private mutating func skip(_ token: String) -> Bool {
    skipSpace()
    guard rest.starts(with: token.utf8) else { return false }
    rest = rest.dropFirst(token.utf8.count)
    return true
  }

  private mutating func expect(_ token: String) throws(CaptureError) {
    guard skip(token) else { throw Self.malformed }
  }

  private mutating func string() throws(CaptureError) -> String {
    let quote = skip("'") ? UInt8(ascii: "'") : UInt8(ascii: "\"")
    if quote == UInt8(ascii: "\"") { try expect("\"") }
    guard let end = rest.firstIndex(of: quote) else { throw Self.malformed }
    let text = String(decoding: rest[..<end], as: UTF8.self)
    rest = rest[(end + 1)...]
    return text
  }

  private mutating func typeName() throws(CaptureError) -> String {
    guard !skip("[") else {
      throw CaptureError(
        .badInput, "The array holds records, which are not read.",
        remedy: "Save each field as an array of its own.")
    }
    return try string()
  }

  private mutating func bool() throws(CaptureError) -> Bool {
    if skip("True") { return true }
    try expect("False")
    return false
  }

  private mutating func tuple() throws(CaptureError) -> [Int] {
    try expect("(")
    var lengths: [Int] = []
    while !skip(")") {
      guard lengths.count < Self.mostAxes else {
        throw CaptureError(.limitExceeded, "An array has more than \(Self.mostAxes) axes.")
      }
      lengths.append(try number())
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return lengths
  }

  private mutating func number() throws(CaptureError) -> Int {
    skipSpace()
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else { throw Self.malformed }
    rest = rest.dropFirst(digits.count)
    return value
  }
}
