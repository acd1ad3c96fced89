internal import CaptureCore

extension JSONValue {
  /// What a value of this kind is called in an error; whole and broken numbers are one kind, because
  /// JSON writes the number 1.0 as 1.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "a group of keys"
    }
  }

  /// The value in an error: as JSON where that is one line.
  var found: String {
    guard self != .object([]) else { return "{}" }
    if case .object = self { return kind }
    let line = text.dropLast()
    return line.contains("\n") ? kind : String(line.prefix(60))
  }

  /// The value under a dotted key; nil where there is none.
  subscript(path: [String]) -> JSONValue? {
    var value = self
    for key in path {
      guard case .object(let members) = value,
        let next = members.first(where: { $0.key == key })
      else { return nil }
      value = next.value
    }
    return value
  }

  /// The same tree with `value` under a dotted key; groups on the way are made.
  func setting(_ path: some Collection<String>, to value: JSONValue) -> JSONValue {
    guard let key = path.first else { return value }
    var members: [Member] = []
    if case .object(let known) = self { members = known }
    let index = members.firstIndex { $0.key == key } ?? members.count
    if index == members.count { members.append(Member(key, .object([]))) }
    members[index].value = members[index].value.setting(path.dropFirst(), to: value)
    return .object(members)
  }
}

/// The names of a dotted key.
func keyPath(_ key: String) -> [String] {
  key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
}
