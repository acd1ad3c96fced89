internal import CaptureCore
internal import Foundation

/// What a camera probably saw at an instant of which its image is missing, by what it saw before and
/// after: used for hidden space, and to doubt that others saw through it.
///
/// Where one camera looks at a side of the subject and its image is dropped, that side would be closed by
/// the smallest surface. What was subject before and after, at about the same depth, is subject in
/// between; what was free both times, further from the subject than it moves meanwhile, is free. The rest
/// stays unknown. A surface that moves is missed by a centimetre or so: enough to tell inside from
/// outside, too much to train on.
struct DropBridge {
  /// Depths further apart are of different things, or of what moves on where nothing was seen afterwards,
  /// metres.
  private static let agreement: (between: Float, beyond: Float) = (0.05, 0.015)
  /// How far the subject may have moved from the nearer of the two, metres.
  private static let motion: Float = 0.06
  /// Confidence in what was seen both times, beside what is seen now.
  private static let confidence: Float = 0.5

  let rays: CameraRays
  let surface: [SurfaceObservation]
  /// ``ObservedDepth`` samples: only what was free.
  let depth: [Int16]

  /// - Parameters:
  ///   - before, after: What the camera saw in two sets around the missing one, or in two next to it.
  ///   - share: The way from the first to the second at which the missing one lies; beyond 0...1 where both
  ///     lie on one side.
  ///   - distance: How far from the camera the subject is, metres.
  init(
    _ before: CameraObserver.Sighting, _ after: CameraObserver.Sighting, share: Float,
    rays: CameraRays, distance: Float
  ) {
    self.rays = rays
    let isBetween = (0...1).contains(share)
    let agreement = isBetween ? Self.agreement.between : Self.agreement.beyond
    let band = (isBetween ? 1 : 2) * Self.motion * rays.focal / max(distance, 0.1)
    // Nobody knows how it goes on beyond the last image: as it was.
    let share = max(0, min(1, share))
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
      guard abs(first.range - second.range) <= agreement else { return nil }
      var result = first
      let p = first.position + (second.position - first.position) * share
      let n = (first.normal + (second.normal - first.normal) * share).normalized
      (result.x, result.y, result.z) = (p.x, p.y, p.z)
      (result.nx, result.ny, result.nz) = (n.x, n.y, n.z)
      result.confidence = Self.confidence * min(first.confidence, second.confidence)
      return result
    }
  }

  /// The nearest sets before and after in which the camera has depth; where there are none on one side, the
  /// two nearest on the other.
  ///
  /// - Returns: Their places and the share of the way from the first to the second; nil where the nearer one
  ///   on either side lies further away than `reach` seconds.
  static func sets(
    around k: Int, camera: Int, _ frames: [FrameSet], reach: Double
  ) -> (first: Int, second: Int, share: Float)? {
    func nearest(_ range: some Sequence<Int>) -> [Int] {
      Array(
        range.lazy.prefix { abs(frames[$0].time - frames[k].time) <= 2 * reach }
          .filter { frames[$0].entries[camera].depth != nil }.prefix(2))
    }
    let before = nearest((0..<k).reversed())
    let after = nearest((k + 1)..<frames.count)
    func pair(_ a: Int, _ b: Int) -> (first: Int, second: Int, share: Float)? {
      let (start, whole) = (frames[a].time, frames[b].time - frames[a].time)
      return whole > 0 ? (a, b, Float((frames[k].time - start) / whole)) : nil
    }
    func isNear(_ i: Int?) -> Bool {
      i.map { abs(frames[$0].time - frames[k].time) <= reach } ?? false
    }
    switch (isNear(before.first), isNear(after.first)) {
    case (true, true): return pair(before[0], after[0])
    case (true, false): return before.count == 2 ? pair(before[1], before[0]) : nil
    case (false, true): return after.count == 2 ? pair(after[0], after[1]) : nil
    case (false, false): return nil
    }
  }
}
