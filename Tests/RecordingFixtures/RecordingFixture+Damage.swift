public import Foundation

extension RecordingFixture {
  /// Writes the recording, and changes it before it is read.
  public static func written(
    _ format: String, changing change: (URL) throws -> Void = { _ in }
  ) throws -> URL {
    guard let fixture = all.first(where: { $0.format == format }) else {
      fatalError("there is no fixture of \(format)")
    }
    let url = try fixture.write()
    try change(url)
    return url
  }

  /// Replaces the first `old` in a text file.
  public static func replace(_ old: String, with new: String, in file: URL) throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    precondition(text.contains(old), "\(file.path) has no \(old)")
    try Data(text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: file)
  }
}
