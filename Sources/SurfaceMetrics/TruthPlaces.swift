public import CaptureCore
public import Foundation
internal import NumpyFiles

/// The same places of the true surface in every frame, as `points.npz` beside true meshes lists them.
///
/// Arrays: `points` and `normals` `[frames, n, 3]`, world metres; `seen` `[frames, n]`: whether a
/// depth camera of the rig sees the place in that frame.
public struct TruthPlaces: Sendable, Equatable {
  /// The places of one frame.
  public struct Frame: Sendable, Equatable {
    /// World metres, `[n]`.
    public var points: [SIMD3<Float>]
    /// Unit outward normals, `[n]`.
    public var normals: [SIMD3<Float>]
    /// Whether a depth camera sees the place, `[n]`.
    public var seen: [Bool]

    /// Places of the given parts, which must be equally long.
    public init(points: [SIMD3<Float>], normals: [SIMD3<Float>], seen: [Bool]) {
      (self.points, self.normals, self.seen) = (points, normals, seen)
    }

    /// Places spread evenly over a true surface, all of them seen; nil when it has no area.
    public init?(on truth: TriangleMesh, count: Int = 20_000, seed: UInt64 = 2) {
      guard let samples = SurfaceSamples(truth, count: count, seed: seed) else { return nil }
      let normals = truth.triangleNormals
      self.init(
        points: samples.points, normals: samples.triangles.map { normals[$0] },
        seen: [Bool](repeating: true, count: count))
    }
  }

  /// The frames, by number.
  public var frames: [Frame]

  /// Largest file, and most bytes of its arrays, that are read.
  public static let limit = 1 << 30

  /// Reads a `points.npz`.
  /// - Throws: ``CaptureError`` `badInput` or `sizeMismatch`, naming the file.
  public static func read(_ url: URL) throws(CaptureError) -> TruthPlaces {
    let arrays = try NumpyArchive.read(url, limit: limit)
    guard let points = arrays["points"], let normals = arrays["normals"], let seen = arrays["seen"]
    else {
      throw CaptureError(
        .badInput, "The true places need the arrays 'points', 'normals' and 'seen'.", at: url.path)
    }
    guard points.shape.count == 3, points.shape[1] > 0, points.shape[2] == 3,
      normals.shape == points.shape, seen.shape == Array(points.shape[..<2])
    else {
      throw CaptureError(
        .sizeMismatch,
        "The true places have the shapes \(points.shape), \(normals.shape) and \(seen.shape).",
        at: url.path, remedy: "They must be [frames, n, 3], [frames, n, 3] and [frames, n].")
    }
    let (places, directions, flags) = (
      vectors(points.floats()), vectors(normals.floats()), seen.flags()
    )
    guard places.allSatisfy({ $0 * 0 == .zero }), directions.allSatisfy({ $0 * 0 == .zero }) else {
      throw CaptureError(
        .badInput, "The true places hold a number that is not finite.", at: url.path)
    }
    let n = points.shape[1]
    let frames = (0..<points.shape[0]).map { frame in
      let range = frame * n..<(frame + 1) * n
      return Frame(
        points: Array(places[range]), normals: Array(directions[range]), seen: Array(flags[range]))
    }
    return TruthPlaces(frames: frames)
  }

  private static func vectors(_ values: [Float]) -> [SIMD3<Float>] {
    (0..<values.count / 3).map { SIMD3(values[3 * $0], values[3 * $0 + 1], values[3 * $0 + 2]) }
  }
}
