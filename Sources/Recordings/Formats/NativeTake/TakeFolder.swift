internal import CaptureCore
internal import Foundation

/// Turns the paths of a take's lists into files, and refuses those that leave the take's folder.
///
/// Remembers the folders it has resolved, so that a list costs one look a file.
struct TakeFolder {
  let root: URL
  private let resolvedRoot: String
  private var inside: [String: Bool] = [:]

  init(_ root: URL) {
    self.root = root
    resolvedRoot = TakeFolder.resolve(root.path) ?? root.path
  }

  /// The file of a list line, or nil when it would lie outside. A file that is missing is let
  /// through; reading it will tell.
  mutating func file(_ path: String) -> URL? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard path.utf8.count <= 1024, !path.contains("\0"),
      parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
    else { return nil }
    let url = root.appendingPathComponent(path)
    let folder = url.deletingLastPathComponent().path
    let known = inside[folder] ?? isInside(folder)
    inside[folder] = known
    guard known else { return nil }
    var status = stat()
    guard lstat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return url }
    return isInside(url.path) ? url : nil
  }

  private func isInside(_ path: String) -> Bool {
    guard let resolved = TakeFolder.resolve(path) else { return true }
    return resolved == resolvedRoot || resolved.hasPrefix(resolvedRoot + "/")
  }

  private static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
