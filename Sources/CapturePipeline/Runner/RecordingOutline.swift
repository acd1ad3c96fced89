public import CaptureCore
public import Foundation
internal import Recordings

/// What a recording's lists tell, without any image being read: enough to plan with.
public struct RecordingOutline: Sendable {
  /// Name of the take.
  public let name: String
  /// Number of cameras.
  public let cameras: Int
  /// Frame sets that pairing will find, about: the depth images of the camera that has most.
  public let frameSets: Int
  /// Pixels of a depth image, the mean over the cameras.
  public let depthPixels: Int

  /// Opens a recording.
  /// - Throws: ``CaptureError`` `badInput` when no format recognizes it, and what its reader throws.
  public init(_ source: TakeSource) throws(CaptureError) {
    let recording = try RecordingFormats.open(source.takes)
    let indices = recording.take.cameras.indices
    name = recording.take.name
    cameras = indices.count
    frameSets = indices.map { recording.samples(camera: $0, kind: .depth).count }.max() ?? 0
    let lenses = recording.take.cameras.compactMap(\.depth)
    depthPixels = lenses.reduce(0) { $0 + $1.width * $1.height } / max(1, lenses.count)
  }

  /// Whether a folder or file looks like a recording; a look at names, never at images.
  public static func recognizes(_ url: URL) -> Bool { RecordingFormats.recognizes(url) }
}
