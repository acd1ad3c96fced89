internal import CaptureCore
internal import Foundation

/// What a camera probably saw at an instant of which its image is missing, by what it saw before and
/// after and by how the subject moved meanwhile in the others' eyes.
///
/// Where one camera looks at a side of the subject and its image is dropped, that side would be closed by
/// the smallest surface. What it saw before and after is carried along with what the others saw then and
/// see now (``SubjectMotion``): two millimetres beside the truth where the subject moves by five
/// centimetres, good enough to train on where nobody else looks, to tell inside from outside, and to
/// doubt that others saw through it. What was free both times, further from the subject than it moves
/// meanwhile, is free.
struct DropBridge {
  /// How far the subject may have moved from the nearer of the two, metres.
  private static let motion: Float = 0.06
  /// Depths of another camera this near to a place are of the same surface, metres.
  private static let near: Float = 0.025
  /// Share of what others saw whose motion must be understood.
  private static let leastAgreement: Float = 0.6
  /// Confidence in what was seen at another time, beside what is seen now.
  private static let confidence: Float = 0.5

  let camera: Int
  let rays: CameraRays
  /// All that was carried along.
  let surface: [SurfaceObservation]
  /// ``ObservedDepth`` samples: only what was free.
  let depth: [Int16]

  /// - Parameters:
  ///   - around: What all cameras saw in two sets around the missing one, or in two next to it.
  ///   - now: What the others saw in the set from which it is missing.
  ///   - share: The way from the first to the second at which the missing one lies; beyond 0...1 where both
  ///     lie on one side.
  ///   - distance: How far from the camera the subject is, metres.
  init?(
    _ around: (first: [CameraObserver.Sighting?], second: [CameraObserver.Sighting?]),
    now: [CameraObserver.Sighting?], share: Float, camera: Int, rays: CameraRays, distance: Float,
    threads: Int?
  ) {
    guard let before = around.first[camera], let after = around.second[camera] else { return nil }
    (self.camera, self.rays) = (camera, rays)
    let isBetween = (0...1).contains(share)
    let band = (isBetween ? 1 : 2) * Self.motion * rays.focal / max(distance, 0.1)
    depth = before.depth.indices.map { i in
      let (a, b) = (before.depth[i], after.depth[i])
      let isClear = min(before.silhouette[i], after.silhouette[i]) > band
      guard a < 0, b < 0, isClear else { return 0 }
      return Int16(max(-32767, (max(a, b) / ObservedDepth.step).rounded()))
    }
    let sides =
      isBetween ? [around.first, around.second] : [share > 1 ? around.second : around.first]
    surface = concurrentValues(sides.count, threads: threads) {
      Self.carried(sides[$0], camera, from: rays.origin, now)
    }.flatMap { $0 }
  }

  /// What a camera saw in one set, moved as what the others saw in both has moved.
  private static func carried(
    _ then: [CameraObserver.Sighting?], _ camera: Int, from origin: SIMD3<Float>,
    _ now: [CameraObserver.Sighting?]
  ) -> [SurfaceObservation] {
    let own = then[camera]?.surface ?? []
    let both = then.indices.filter { $0 != camera && then[$0] != nil && now[$0] != nil }
    let motion = SubjectMotion(
      from: both.flatMap { then[$0]?.surface ?? [] }, to: both.flatMap { now[$0]?.surface ?? [] },
      carrying: own)
    guard motion.agreement >= leastAgreement else { return [] }
    return own.map { seen in
      var o = motion.carried(seen)
      let (p, n) = (o.position, o.normal)
      o.range = (p - origin).length
      let d = (p - origin) / o.range
      (o.dx, o.dy, o.dz) = (d.x, d.y, d.z)
      o.incidence = max(0, -n.dot(d))
      o.confidence = confidence * seen.confidence
      return o
    }
  }

  /// What can be trained on: places that no other camera saw, and none saw through.
  func surface(
    unseenBy others: [(rays: CameraRays, sighting: CameraObserver.Sighting)]
  ) -> [SurfaceObservation] {
    surface.filter { o in
      others.allSatisfy { other in
        guard let hit = other.rays.pixel(o.position) else { return true }
        let depth = other.sighting.depth[hit.index]
        if depth > 0 {
          let isFacing = o.normal.dot(o.position - other.rays.origin) < 0
          return depth < hit.z - Self.near || depth < hit.z + Self.near && !isFacing
        }
        return depth == 0 || -depth < hit.z || other.sighting.silhouette[hit.index] <= 2
      }
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
