internal import CaptureCore
internal import Foundation

/// What a camera probably saw at an instant of which its image is missing, by what it saw before and
/// after: used for hidden space alone.
///
/// Where one camera looks at a side of the subject and its image is dropped, that side would be closed by
/// the smallest surface. What was subject before and after, at about the same depth, is subject in
/// between; what was free both times, further from the subject than it moves meanwhile, is free. The rest
/// stays unknown. A surface that moves is missed by a centimetre or so: enough to tell inside from
/// outside, too much to train on.
struct DropBridge {
  /// Depths further apart are of different things, metres.
  private static let agreement: Float = 0.05
  /// How far the subject may have moved from the nearer of the two, metres.
  private static let motion: Float = 0.06
  /// Confidence in what was seen both times, beside what is seen now.
  private static let confidence: Float = 0.5

  let rays: CameraRays
  let surface: [SurfaceObservation]
  /// ``ObservedDepth`` samples: only what was free.
  let depth: [Int16]

  /// - Parameters:
  ///   - before, after: What the camera saw in two sets around the missing one.
  ///   - share: The way from the first to the second at which the missing one lies, 0...1.
  ///   - distance: How far from the camera the subject is, metres.
  init(
    _ before: CameraObserver.Sighting, _ after: CameraObserver.Sighting, share: Float,
    rays: CameraRays, distance: Float
  ) {
    self.rays = rays
    let band = Self.motion * rays.focal / max(distance, 0.1)
    depth = before.depth.indices.map { i in
      let (a, b) = (before.depth[i], after.depth[i])
      let isClear = min(before.silhouette[i], after.silhouette[i]) > band
      guard a < 0, b < 0, isClear else { return 0 }
      return Int16(max(-32767, (max(a, b) / ObservedDepth.step).rounded()))
    }
    var later = [Int32](repeating: -1, count: after.depth.count)
    for (k, o) in after.surface.enumerated() {
      if let hit = rays.pixel(o.position) { later[hit.index] = Int32(k) }
    }
    surface = before.surface.compactMap { first in
      guard let hit = rays.pixel(first.position), later[hit.index] >= 0 else { return nil }
      let second = after.surface[Int(later[hit.index])]
      guard abs(first.range - second.range) <= Self.agreement else { return nil }
      var result = first
      let p = first.position + (second.position - first.position) * share
      let n = (first.normal + (second.normal - first.normal) * share).normalized
      (result.x, result.y, result.z) = (p.x, p.y, p.z)
      (result.nx, result.ny, result.nz) = (n.x, n.y, n.z)
      result.confidence = Self.confidence * min(first.confidence, second.confidence)
      return result
    }
  }

  /// The nearest sets before and after in which the camera has depth.
  ///
  /// - Returns: Their places and the share of the way between them; nil where one lies further away than
  ///   `reach` seconds. What was seen on one side alone tells too little: the subject moves on.
  static func sets(
    around k: Int, camera: Int, _ frames: [FrameSet], reach: Double
  ) -> (before: Int, after: Int, share: Float)? {
    func nearest(_ range: some Sequence<Int>) -> Int? {
      range.lazy.prefix { abs(frames[$0].time - frames[k].time) <= reach }
        .first { frames[$0].entries[camera].depth != nil }
    }
    guard let a = nearest((0..<k).reversed()), let b = nearest((k + 1)..<frames.count),
      frames[b].time > frames[a].time
    else { return nil }
    let share = (frames[k].time - frames[a].time) / (frames[b].time - frames[a].time)
    return (a, b, Float(share))
  }
}
