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
  /// Cells of the grid; cells of larger boxes are larger.
  private static let mostCells: Float = 4_194_304

  private let origin: SIMD3<Float>
  private let edge: Float
  private let cells: SIMD3<Int>
  /// The first of each cell's entries; one more at the end.
  private let starts: [Int32]
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
    var box = BoundingBox.empty
    for o in surface { box.include(o.position) }
    let size = surface.isEmpty ? SIMD3<Float>.zero : box.size
    origin = surface.isEmpty ? .zero : box.lower
    var edge = reach
    func counts(_ edge: Float) -> SIMD3<Float> { (size / edge).rounded(.down) + 1 }
    while counts(edge).x * counts(edge).y * counts(edge).z > Self.mostCells { edge *= 1.26 }
    let (origin, step, cells) = (origin, edge, SIMD3<Int>(counts(edge)))
    (self.edge, self.cells) = (step, cells)
    let sorted = CellOrder(
      surface.map { o in
        let c = SIMD3<Int>(
          ((o.position - origin) / step).clamped(
            lowerBound: .zero, upperBound: SIMD3<Float>(cells &- 1)))
        return Int32((c.z * cells.y + c.y) * cells.x + c.x)
      }, cells: cells.x * cells.y * cells.z)
    starts = sorted.starts
    entries = sorted.order.map { i in
      let o = surface[Int(i)]
      return Entry(
        place: SIMD4(o.position, o.confidence), normal: SIMD4(o.normal, Float(o.camera)))
    }
    cameras = surface.reduce(0) { max($0, Int($1.camera) + 1) }
  }

  /// The confidence of each vertex; the mesh has normals.
  func values(of mesh: TriangleMesh, threads: Int?) -> [Float] {
    let count = mesh.positions.count
    let block = 4096
    return [Float](unsafeUninitializedCapacity: count) { out, filled in
      entries.withUnsafeBufferPointer { entries in
        nonisolated(unsafe) let (out, entries) = (out, entries)
        concurrently((count + block - 1) / block, threads: threads) { index, _ in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, cameras)) { best in
            for i in index * block..<min(count, (index + 1) * block) {
              out[i] = value(mesh.positions[i], mesh.normals[i], entries, best)
            }
          }
        }
      }
      filled = count
    }
  }

  private func value(
    _ p: SIMD3<Float>, _ n: SIMD3<Float>, _ entries: UnsafeBufferPointer<Entry>,
    _ best: UnsafeMutableBufferPointer<Float>
  ) -> Float {
    let q = (p - origin) / edge
    guard all(q .> -1), all(q .< SIMD3<Float>(cells &+ 1)) else { return 0 }
    let c = SIMD3<Int>(q.rounded(.down))
    best.update(repeating: 0)
    let (place, normal) = (SIMD4(p, 0), SIMD4(n, 0))
    let (low, high) = (c &- 1, c &+ 1)
    for z in max(0, low.z)...max(0, min(cells.z - 1, high.z)) {
      for y in max(0, low.y)...max(0, min(cells.y - 1, high.y)) {
        let row = (z * cells.y + y) * cells.x
        let first = row + max(0, low.x)
        let last = row + max(0, min(cells.x - 1, high.x))
        // The cells of a row stand one behind the other.
        for k in Int(starts[first])..<Int(starts[last + 1]) {
          let entry = entries[k]
          var d = entry.place - place
          d.w = 0
          let share = 1 - (d * d).sum() * inverseSquare
          guard share > 0 else { continue }
          let (camera, weight) = (Int(entry.normal.w), entry.place.w * share)
          if weight > best[camera], (entry.normal * normal).sum() > 0.3 { best[camera] = weight }
        }
      }
    }
    return best.reduce(0, +)
  }
}
