public import Foundation

/// Where tests write: below one folder, which goes when the tests' process ends.
public enum Scratch {
  private static let root: URL = {
    let url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent("fieldmesh-tests-\(getpid())")
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      fatalError("The tests' folder cannot be made: \(error)")
    }
    atexit { try? FileManager.default.removeItem(at: Scratch.root) }
    return url
  }()

  /// A path that nothing has yet, and that ends with a name.
  public static func unused(_ name: String = "") -> URL {
    root.appendingPathComponent("\(UUID().uuidString)-\(name)")
  }

  /// A new, empty folder.
  public static func folder() throws -> URL {
    let url = unused()
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    return url
  }

  /// Writes a text file, with the folders above it.
  public static func put(_ text: String, _ url: URL) throws {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
}
