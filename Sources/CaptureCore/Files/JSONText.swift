public import Foundation

/// A value as JSON for people and programs: indented, keys sorted, slashes as they are, no line end behind it.
/// - Throws: ``CaptureError`` `badInput` for numbers that are not finite.
public func jsonText(_ value: some Encodable) throws(CaptureError) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  do {
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  } catch {
    throw CaptureError(.badInput, "A number that is not finite cannot be kept.")
  }
}

extension AtomicFile {
  /// Writes a value as a file of JSON; see ``jsonText(_:)``.
  /// - Throws: ``CaptureError`` `badInput` for numbers that are not finite, and as ``write(_:to:isSynced:)`` does.
  public static func writeJSON(
    _ value: some Encodable, to url: URL, isSynced: Bool = true
  ) throws(CaptureError) {
    let text: String
    do { text = try jsonText(value) } catch { throw error.within(url.path) }
    try write(Data((text + "\n").utf8), to: url, isSynced: isSynced)
  }
}
