internal import CaptureCore

/// Observations in the order of cells of a grid over them, for those near a place.
struct SurfaceCells {
  /// In the order of their cells.
  let surface: [SurfaceObservation]
  private let cells: PointCells

  /// Sorts in O(observations + cells).
  init(_ given: [SurfaceObservation], reach: Float) {
    cells = PointCells(given.lazy.map(\.position), reach: reach)
    surface = cells.order.map { given[Int($0)] }
  }

  /// Place of each in what was given.
  var numbers: [Int32] { cells.order }

  /// Calls `body` with places in ``surface``: those of all within `reach` of a place, and of some beyond.
  @inline(__always)
  func near(_ p: SIMD3<Float>, _ body: (Range<Int>) -> Void) { cells.near(p, body) }

  /// The nearest within a distance, no larger than `reach`, whose normal is within 60 degrees of one given.
  func nearest(
    _ p: SIMD3<Float>, facing n: SIMD3<Float>, within distance: Float
  ) -> SurfaceObservation? {
    var (found, best) = (-1, distance * distance)
    let (x, y, z) = (p.x, p.y, p.z)
    surface.withUnsafeBufferPointer { surface in
      near(p) { places in
        // Number by number: faster than by vectors without optimisation.
        for k in places {
          let (dx, dy, dz) = (surface[k].x - x, surface[k].y - y, surface[k].z - z)
          let square = dx * dx + dy * dy + dz * dz
          if square < best, surface[k].normal.dot(n) > 0.5 { (found, best) = (k, square) }
        }
      }
    }
    return found < 0 ? nil : surface[found]
  }
}
