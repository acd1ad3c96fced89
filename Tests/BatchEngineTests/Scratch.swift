import Foundation

/// A folder of a test's own, removed when the tests end.
enum Scratch {
  private static let root: URL = {
    let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent("fieldmesh-batch-tests-\(getpid())")
    atexit { try? FileManager.default.removeItem(at: Scratch.root) }
    return url
  }()

  static func folder() throws -> URL {
    let url = root.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  static func put(_ text: String, _ url: URL) throws {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
}
