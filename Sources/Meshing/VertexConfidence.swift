internal import CaptureCore

/// How well cameras saw places of a surface.
///
/// A camera's weight at a vertex is the greatest of its observations around it that face the same way,
///
///     max over o of confidence_o · (1 − |x − p_o|² / reach²)
///
/// and the confidence of the vertex is the sum over the cameras: 0 is what nobody saw, 2 what two
/// cameras saw well.
struct VertexConfidence {
  /// Farthest that an observation speaks for, metres: pixels of a coarse camera two metres away lie 8 mm
  /// apart, twice that on a surface that leans by 60 degrees.
  private static let reach: Float = 0.016
  /// Cosine from which on normals belong to the same surface.
  private static let facing: Float = 0.3

  private let cells: PointCells
  /// In the order of the cells.
  private let entries: [Entry]
  private let cameras: Int
  private let inverseSquare: Float

  private struct Entry {
    /// Place, and confidence.
    var place: SIMD4<Float>
    /// Normal, and the camera.
    var normal: SIMD4<Float>
  }

  /// Sorts the observations into cells: O(observations + cells).
  init(_ frame: any FrameObservations, voxel: Float) {
    let reach = max(Self.reach, 1.5 * voxel)
    inverseSquare = 1 / (reach * reach)
    let surface = frame.surface
    cells = PointCells(surface.lazy.map(\.position), reach: reach)
    entries = cells.order.map { i in
      let o = surface[Int(i)]
      return Entry(
        place: SIMD4(o.position, o.confidence), normal: SIMD4(o.normal, Float(o.camera)))
    }
    cameras = surface.reduce(0) { max($0, Int($1.camera) + 1) }
  }

  /// The confidence of each vertex; the mesh has normals.
  func values(of mesh: TriangleMesh, threads: Int?) -> [Float] {
    entries.withUnsafeBufferPointer { entries in
      nonisolated(unsafe) let entries = entries
      return concurrentValues(mesh.positions.count, threads: threads, block: 2048) { i in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, cameras)) {
          value(mesh.positions[i], mesh.normals[i], entries, $0)
        }
      }
    }
  }

  /// How much of what was seen explains that the surface lies at a place with a unit normal:
  ///
  ///     Σ_o min(1, 5 confidence_o) · (1 − |x − p_o|² / reach²) · (1 − ((x − p_o) · n_o / off)²)
  ///
  /// over what faces the same way. Seen places have 2 and more, one stray pixel 1 at most.
  /// - Parameter off: How far beside an observation's plane that ends, metres.
  func explanation(_ p: SIMD3<Float>, _ n: SIMD3<Float>, off: Float) -> Float {
    let (place, normal) = (SIMD4(p, 0), SIMD4(n, 0))
    var sum: Float = 0
    cells.near(p) { places in
      for k in places {
        let entry = entries[k]
        var d = entry.place - place
        d.w = 0
        let (near, aside) = (1 - (d * d).sum() * inverseSquare, (d * entry.normal).sum() / off)
        guard near > 0, aside * aside < 1, (entry.normal * normal).sum() > Self.facing else {
          continue
        }
        sum += min(1, 5 * entry.place.w) * near * (1 - aside * aside)
      }
    }
    return sum
  }

  private func value(
    _ p: SIMD3<Float>, _ n: SIMD3<Float>, _ entries: UnsafeBufferPointer<Entry>,
    _ best: UnsafeMutableBufferPointer<Float>
  ) -> Float {
    best.initialize(repeating: 0)
    let (place, normal) = (SIMD4(p, 0), SIMD4(n, 0))
    cells.near(p) { places in
      for k in places {
        let entry = entries[k]
        var d = entry.place - place
        d.w = 0
        let share = 1 - (d * d).sum() * inverseSquare
        // Beyond the reach the weight is no more than 0.
        let (camera, weight) = (Int(entry.normal.w), entry.place.w * share)
        if weight > best[camera], (entry.normal * normal).sum() > Self.facing {
          best[camera] = weight
        }
      }
    }
    return best.reduce(0, +)
  }
}
