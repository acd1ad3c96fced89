internal import CaptureCore
internal import Foundation
internal import NeuralFields
internal import Synchronization

/// The fields of a take's windows; a few recent ones stay in memory, whatever the take's length.
final class WindowStore: Sendable {
  /// Frames that are meshed side by side lie in two or three windows.
  private static let kept = 4

  let folder: URL
  let count: Int
  let backend: any FieldBackend
  private let recent = Mutex<[(index: Int, field: WindowField)]>([])

  init(_ folder: URL, count: Int, _ backend: any FieldBackend) {
    (self.folder, self.count, self.backend) = (folder, count, backend)
  }

  func url(_ index: Int) -> URL {
    folder.appendingPathComponent(WindowPlace(index: index, count: count).fieldName)
  }

  /// The field of a window.
  /// - Throws: ``CaptureError`` `badInput` when its file is missing, damaged or of other windows.
  func field(_ index: Int) throws(CaptureError) -> WindowField {
    let known = recent.withLock { recent -> WindowField? in
      guard let at = recent.firstIndex(where: { $0.index == index }) else { return nil }
      let entry = recent.remove(at: at)
      recent.append(entry)
      return entry.field
    }
    if let known { return known }
    let field = try WindowField.read(url(index))
    guard field.place == WindowPlace(index: index, count: count) else {
      throw CaptureError(
        .badInput, "The field is that of another window, or of windows of another length.",
        at: url(index).path, remedy: "Train again.")
    }
    recent.withLock { recent in
      recent.append((index, field))
      if recent.count > Self.kept { recent.removeFirst() }
    }
    return field
  }
}
