internal import CaptureCore
internal import Foundation

/// Observations in the order of cells of a grid over them, for those near a place.
struct SurfaceCells {
  /// Most cells: 16 MB of them.
  private static let mostCells: Float = 4_000_000

  /// In the order of their cells.
  let surface: [SurfaceObservation]
  /// Place of each in what was given.
  let numbers: [Int32]
  private let edge: Float
  private let low: SIMD3<Float>
  private let counts: SIMD3<Int32>
  private let starts: [Int32]

  /// Sorts in O(observations + cells); cells are no smaller than `reach`.
  init(_ given: [SurfaceObservation], reach: Float) {
    var (low, high) = (SIMD3<Float>(repeating: 0), SIMD3<Float>(repeating: 0))
    if let first = given.first {
      (low, high) = (first.position, first.position)
      for o in given {
        low.replace(with: o.position, where: o.position .< low)
        high.replace(with: o.position, where: o.position .> high)
      }
    }
    let size = high - low
    let volume = (size.x + reach) * (size.y + reach) * (size.z + reach)
    let edge = max(reach, cbrtf(volume / Self.mostCells))
    let counts = SIMD3<Int32>((size / edge).rounded(.down)) &+ 1
    let sorted = CellOrder(
      given.map { o in
        let c = SIMD3<Int32>(((o.position - low) / edge).rounded(.down))
          .clamped(lowerBound: .zero, upperBound: counts &- 1)
        return (c.z * counts.y + c.y) * counts.x + c.x
      }, cells: Int(counts.x) * Int(counts.y) * Int(counts.z))
    (self.edge, self.low, self.counts, starts) = (edge, low, counts, sorted.starts)
    numbers = sorted.order
    surface = sorted.order.map { given[Int($0)] }
  }

  /// Calls `body` with places in ``surface``: those of all within `reach` of a place, and of some beyond.
  @inline(__always)
  func near(_ p: SIMD3<Float>, _ body: (Range<Int>) -> Void) {
    let at = ((p - low) / edge).rounded(.down)
    // Also leaves out what is not a number.
    guard !surface.isEmpty, all(at .>= -1), all(at .<= SIMD3<Float>(counts)) else { return }
    let c = SIMD3<Int32>(at)
    let from = pointwiseMax(c &- 1, .zero)
    let to = pointwiseMin(c &+ 1, counts &- 1)
    guard all(from .<= to) else { return }
    for z in from.z...to.z {
      for y in from.y...to.y {
        let row = (z * counts.y + y) * counts.x
        body(Int(starts[Int(row + from.x)])..<Int(starts[Int(row + to.x) + 1]))
      }
    }
  }

  /// The nearest within a distance, no larger than `reach`, whose normal is within 60 degrees of one given.
  func nearest(
    _ p: SIMD3<Float>, facing n: SIMD3<Float>, within distance: Float
  ) -> SurfaceObservation? {
    var (found, best) = (-1, distance * distance)
    let (x, y, z) = (p.x, p.y, p.z)
    surface.withUnsafeBufferPointer { surface in
      near(p) { places in
        // Number by number: four times as fast as by vectors without optimisation.
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
