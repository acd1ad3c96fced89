public import CaptureCore
public import Foundation

extension DocumentedConfiguration {
  /// Reads a configuration file, which may leave out any key, over this configuration.
  /// - Throws: ``CaptureError`` `usage` that names file and key; `badInput` when it cannot be read.
  public func reading(_ file: URL) throws(CaptureError) -> Self {
    let data = try AtomicFile.read(file, limit: 1 << 20)
    do {
      return try merging(JSONValue(parsing: data))
    } catch {
      var error = error.within(file.path)
      error.code = .usage
      throw error
    }
  }

  /// This configuration with settings such as `training.steps=2000` applied in order.
  ///
  /// A value is JSON; a text may stand without quotes, and a list of texts with commas alone:
  /// `export.formats=ply,obj`.
  /// - Throws: ``CaptureError`` `usage` that names the key, for a value out of its range too.
  public func setting(_ settings: [String]) throws(CaptureError) -> Self {
    var result = self
    for setting in settings { result = try result.setting(setting) }
    try result.validate()
    return result
  }

  private func setting(_ setting: String) throws(CaptureError) -> Self {
    guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
      throw CaptureError(
        .usage, "'\(setting)' is not a setting.", at: "--set",
        remedy: "Write key=value, for example training.steps=2000.")
    }
    let (key, text) = (String(setting[..<equals]), String(setting[setting.index(after: equals)...]))
    let old = try JSONValue(encoding: self)[keyPath(key)]
    return try merging(
      JSONValue.object([]).setting(keyPath(key), to: Self.value(text, replacing: old)))
  }

  private static func value(_ text: String, replacing old: JSONValue?) -> JSONValue {
    let parsed = try? JSONValue(parsing: Data(text.utf8))
    if case .array = old, parsed.map({ $0.kind != "a list" }) ?? true {
      return .array(text.split(separator: ",").map { .string(String($0)) })
    }
    if case .string = old { return .string(text) }
    return parsed ?? .string(text)
  }

  private func merging(_ overlay: JSONValue) throws(CaptureError) -> Self {
    let tree = try JSONValue(encoding: self)
    return try tree.merging(
      overlay, documentation: Self.documentation, listing: Self.listingCommand
    )
    .decoded(as: Self.self, valid: tree)
  }

  /// The whole configuration as a file's text.
  public func text() throws(CaptureError) -> String { try JSONValue(encoding: self).text }

  /// Every key with its value, its unit and its sentence, for people.
  public func listing() throws(CaptureError) -> String {
    let tree = try JSONValue(encoding: self)
    let rows = Self.documentation.map { field in
      (field.key, (tree[keyPath(field.key)] ?? .null).found, field)
    }
    let (keys, values) = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
    let units = rows.map(\.2.unit.count).max() ?? 0
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    return rows.map { key, value, field in
      let choices =
        field.choices.isEmpty ? "" : " One of: \(field.choices.joined(separator: ", "))."
      return [
        padded(key, keys), padded(value, min(values, 24)), padded(field.unit, units),
        field.sentence + choices,
      ].joined(separator: "  ") + "\n"
    }.joined()
  }
}
