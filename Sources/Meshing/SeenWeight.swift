internal import CaptureCore

/// How much of what cameras saw at one instant speaks of a place:
///
///     (s + least) / (s + half),   s = Σ_o confidence_o · (1 − |x − p_o|² / reach²)
///
/// `least / half` where nobody saw anything, ½ and more from s = `half` on, 1 at most.
struct SeenWeight {
  /// Farthest that an observation speaks for, metres.
  private static let reach: Float = 0.016
  private static let (least, half): (Float, Float) = (0.02, 0.5)

  private let cells: PointCells
  /// Places and confidences, in the order of the cells.
  private let entries: [SIMD4<Float>]

  /// Sorts the observations into cells: O(observations + cells).
  init(_ frame: any FrameObservations) {
    let surface = frame.surface
    cells = PointCells(surface.lazy.map(\.position), reach: Self.reach)
    entries = cells.order.map {
      SIMD4(surface[Int($0)].position, surface[Int($0)].confidence)
    }
  }

  /// The weight of a place, world metres.
  func at(_ p: SIMD3<Float>) -> Float {
    let (place, inverse) = (SIMD4(p, 0), 1 / (Self.reach * Self.reach))
    var sum: Float = 0
    entries.withUnsafeBufferPointer { entries in
      cells.near(p) { range in
        for k in range {
          var d = entries[k] - place
          d.w = 0
          sum += entries[k].w * max(0, 1 - (d * d).sum() * inverse)
        }
      }
    }
    return (sum + Self.least) / (sum + Self.half)
  }
}
