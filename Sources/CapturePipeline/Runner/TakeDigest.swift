internal import CaptureCore
internal import Foundation
internal import FrameSync
internal import MeshExport

/// The figures of a finished take, for a page that shows many.
public struct TakeDigest: Codable, Equatable, Sendable {
  /// Frame sets that were used, and meshes that were made.
  public var frames, meshes: Int
  /// Faces of a mesh, the mean over the frames.
  public var facesPerFrame: Int
  /// Extent of all meshes together: width, height, depth; metres.
  public var extent: [Double]
  /// How far the depth images of a set were taken apart, the mean over the cameras; seconds.
  public var syncError: Double
  /// Depth images that the cameras dropped.
  public var drops: Int

  /// What an output folder holds; nil before the last stage has run.
  public init?(_ output: OutputFolder) {
    guard let sequence = try? SequenceManifest.read(fromFolder: output.folder(.export)),
      let list = try? FrameList.read(output),
      let sync = try? readJSON(
        SyncReport.self, from: output.folder(.pair).appendingPathComponent("sync.json"), remedy: "")
    else { return nil }
    frames = list.frames.count
    // A frame is there once for each format.
    var faces: [Int: Int] = [:]
    for frame in sequence.frames { faces[frame.index] = frame.faces }
    meshes = faces.count
    facesPerFrame = faces.values.reduce(0, +) / max(1, meshes)
    let size = sequence.bounds.map { SIMD3<Double>($0.size) } ?? .zero
    extent = [size.x, size.y, size.z]
    syncError = sync.cameras.map(\.meanError).reduce(0, +) / Double(max(1, sync.cameras.count))
    drops = sync.cameras.map(\.depthDrops).reduce(0, +)
  }
}
