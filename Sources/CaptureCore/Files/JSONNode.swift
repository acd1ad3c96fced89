/// A value inside a document, with its path, read strictly: what is not expected is an error.
///
/// Every failure is a ``CaptureError`` `badInput` whose sentence begins with the path, such as
/// `` `cameras[0].color.width` must be a whole number from 1 to 16384, but is 0. ``
public struct JSONNode: Sendable {
  /// The value.
  public let value: JSONValue
  /// Where it stands in the document; empty for the whole.
  public let path: String

  /// The root of a document.
  public init(_ document: JSONValue) { (value, path) = (document, "") }

  private init(_ value: JSONValue, _ path: String) { (self.value, self.path) = (value, path) }

  private var label: String { path.isEmpty ? "The document" : "`\(path)`" }

  /// An error about this value; `problem` continues the sentence that its path begins.
  public func failure(_ problem: String) -> CaptureError {
    CaptureError(.badInput, "\(label) \(problem)")
  }

  private func mismatch(_ wanted: String) -> CaptureError {
    let found =
      switch value {
      case .null: "null"
      case .bool(let flag): flag ? "true" : "false"
      case .number(let number): JSONValue.shortest(number)
      case .string(let text): "\"\(text.prefix(40))\""
      case .array: "a list"
      case .object: "an object"
      }
    return failure("must be \(wanted), but is \(found).")
  }

  /// Requires an object without other names than these.
  public func expectKeys(_ known: [String]) throws(CaptureError) {
    guard case .object(let members) = value else { throw mismatch("an object") }
    for member in members where !known.contains(member.key) {
      throw failure(
        "has an unknown key `\(member.key)`; known are \(known.joined(separator: ", ")).")
    }
  }

  /// A member that must be there.
  public func member(_ key: String) throws(CaptureError) -> JSONNode {
    guard let node = try optionalMember(key) else {
      throw JSONNode(.null, child(key)).failure("is missing.")
    }
    return node
  }

  /// A member, or nil when it is absent or null.
  public func optionalMember(_ key: String) throws(CaptureError) -> JSONNode? {
    guard case .object(let members) = value else { throw mismatch("an object") }
    guard let found = members.first(where: { $0.key == key }), found.value != .null else {
      return nil
    }
    return JSONNode(found.value, child(key))
  }

  private func child(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The elements of a list whose length lies in `count`.
  public func elements(count: ClosedRange<Int>) throws(CaptureError) -> [JSONNode] {
    guard case .array(let values) = value else { throw mismatch("a list") }
    guard count.contains(values.count) else {
      let wanted =
        count.lowerBound == count.upperBound
        ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
      throw failure("must have \(wanted) elements, but has \(values.count).")
    }
    return values.enumerated().map { JSONNode($1, "\(path)[\($0)]") }
  }

  /// A string of at most `limit` characters.
  public func string(limit: Int = 256) throws(CaptureError) -> String {
    guard case .string(let text) = value else { throw mismatch("a string") }
    guard text.count <= limit else { throw failure("has more than \(limit) characters.") }
    return text
  }

  /// One of the given words.
  public func word<Word: RawRepresentable & CaseIterable>(
    _ type: Word.Type
  ) throws(CaptureError) -> Word where Word.RawValue == String {
    guard case .string(let text) = value, let word = Word(rawValue: text) else {
      throw mismatch(Word.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return word
  }

  /// A number in `range`.
  public func number(in range: ClosedRange<Double>) throws(CaptureError) -> Double {
    guard case .number(let number) = value, range.contains(number) else {
      let (lower, upper) = (
        JSONValue.shortest(range.lowerBound), JSONValue.shortest(range.upperBound)
      )
      throw mismatch("a number from \(lower) to \(upper)")
    }
    return number
  }

  /// A whole number in `range`.
  public func integer(in range: ClosedRange<Int>) throws(CaptureError) -> Int {
    guard case .number(let number) = value, let whole = Int(exactly: number),
      range.contains(whole)
    else {
      throw mismatch("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }

  /// A list of `count` numbers in `range`.
  public func numbers(
    count: Int, in range: ClosedRange<Double>
  ) throws(CaptureError) -> [Double] {
    var numbers: [Double] = []
    for element in try elements(count: count...count) {
      numbers.append(try element.number(in: range))
    }
    return numbers
  }

  /// Requires `format` and `version` to be what this program reads.
  public func expectFormat(_ format: String, version: Int) throws(CaptureError) {
    let found = try member("format").string()
    guard found == format else {
      throw try member("format").failure("must be \"\(format)\", but is \"\(found.prefix(40))\".")
    }
    let number = try member("version").integer(in: 0...Int(Int32.max))
    guard number == version else {
      var error = try member("version").failure(
        "is \(number), but only version \(version) can be read.")
      if number > version { error.remedy = "Use a newer Fieldmesh." }
      throw error
    }
  }
}
