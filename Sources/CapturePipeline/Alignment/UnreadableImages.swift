internal import CaptureCore
internal import Recordings
internal import Synchronization

/// Images that an alignment wanted and could not read: it goes on without them, and says so once.
final class UnreadableImages: Sendable {
  private struct Image: Hashable {
    var camera: Int
    var kind: StreamKind
    var index: Int
  }

  /// Images that are named one by one; the others are counted.
  private static let named = 5

  private let state = Mutex<(found: [Image: CaptureError], told: Set<Image>)>(([:], []))

  /// What `read` gives; nil, and noted, where it throws. Called from several threads.
  func value<Value>(
    _ camera: Int, _ kind: StreamKind, _ index: Int, _ read: () throws(CaptureError) -> Value
  ) -> Value? {
    do {
      return try read()
    } catch {
      state.withLock { $0.found[Image(camera: camera, kind: kind, index: index)] = error }
      return nil
    }
  }

  /// Warns of the images that were not told of before, cameras in order.
  func warn(_ monitor: StageMonitor) {
    let news = state.withLock { state in
      let news = state.found.filter { !state.told.contains($0.key) }
      state.told.formUnion(news.keys)
      return news.sorted {
        ($0.key.camera, $0.key.kind.rawValue, $0.key.index)
          < ($1.key.camera, $1.key.kind.rawValue, $1.key.index)
      }
    }
    for (_, error) in news.prefix(Self.named) {
      monitor.warn("\(error.place): \(error.what) The image is left out.")
    }
    if news.count > Self.named {
      monitor.warn("\(news.count - Self.named) more images cannot be read and are left out.")
    }
  }
}
