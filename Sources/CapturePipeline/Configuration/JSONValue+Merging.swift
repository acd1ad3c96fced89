internal import CaptureCore

extension JSONValue {
  /// This tree with the values of `overlay` in place of its own.
  ///
  /// - Parameters:
  ///   - overlay: Any part of the tree; what it leaves out keeps its value.
  ///   - documentation: The lines of all keys, whose full names also serve for suggestions.
  ///   - listing: The command that lists them.
  /// - Throws: ``CaptureError`` `usage` at the key, for a key that does not exist, a value of another
  ///   kind, or a text that is not among the key's choices.
  func merging(
    _ overlay: JSONValue, documentation: [ConfigurationField], listing: String
  ) throws(CaptureError) -> JSONValue {
    try merging(overlay, path: [], documentation, listing)
  }

  private func merging(
    _ overlay: JSONValue, path: [String], _ documentation: [ConfigurationField],
    _ listing: String
  ) throws(CaptureError) -> JSONValue {
    let key = path.joined(separator: ".")
    let field = documentation.first { $0.key == key }
    guard case .object(var members) = self, field == nil else {
      try check(overlay, at: key, field)
      return overlay
    }
    guard case .object(let given) = overlay else {
      throw CaptureError(.usage, "expected a group of keys, found \(overlay.found).", at: key)
    }
    for member in given {
      guard let index = members.firstIndex(where: { $0.key == member.key }) else {
        throw Self.unknown(path + [member.key], documentation, listing)
      }
      members[index].value = try members[index].value.merging(
        member.value, path: path + [member.key], documentation, listing)
    }
    return .object(members)
  }

  private func check(
    _ value: JSONValue, at key: String, _ field: ConfigurationField?
  ) throws(CaptureError) {
    // Null as the old value stands for an optional, whose kind only decoding knows.
    guard self == .null || value.kind == kind else {
      throw CaptureError(.usage, "expected \(kind), found \(value.found).", at: key)
    }
    guard let field, !field.choices.isEmpty else { return }
    let names: [JSONValue]
    if case .array(let items) = value { names = items } else { names = [value] }
    for name in names where name != .null {
      guard case .string(let text) = name, field.choices.contains(text) else {
        throw CaptureError(
          .usage, "expected \(Self.spelled(field.choices)), found \(name.found).", at: key)
      }
    }
  }

  private static func spelled(_ choices: [String]) -> String {
    let quoted = choices.map { "'\($0)'" }
    guard let last = quoted.last, quoted.count > 1 else { return quoted.joined() }
    return quoted.dropLast().joined(separator: ", ") + " or " + last
  }

  private static func unknown(
    _ path: [String], _ documentation: [ConfigurationField], _ listing: String
  ) -> CaptureError {
    let key = path.joined(separator: ".")
    let keys = documentation.map(\.key)
    let groups = keys.compactMap { key in key.lastIndex(of: ".").map { String(key[..<$0]) } }
    let nearest = nearestKey(to: key, among: keys + groups)
    return CaptureError(
      .usage, "unknown key.", at: key,
      remedy: nearest.map { "Did you mean '\($0)'?" } ?? "'\(listing)' lists every key.")
  }
}
