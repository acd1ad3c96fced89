internal import CaptureCore

/// Makes sheets thin whose other side no camera saw: capes, sleeves, the wings of a coat.
///
/// A closed surface gives them a far side of its own, and where nobody looks it lies as deep as the cells of hidden
/// space are wide. What hangs in the open and shows nothing of its far side is cloth or paper rather than a board. So
/// where nothing that was seen explains a place, and a well seen one faces away from it, a depth `s` straight behind, it
/// moves to that:
///
///     x' = x − n · (s − thickness) · max(0, 1 − e / 0.3) · min(1, (reach − s) / fade),   thickness < s < reach
///
/// with `e` as ``VertexConfidence/explanation(_:_:off:)`` tells it.
struct ThinSheets {
  /// One vertex in so many is asked for; and is looked for.
  private static let stride = (asked: 4, found: 2)
  /// Deeper is a body; and from where on that is in doubt, before; metres.
  private static let (reach, fade): (Float, Float) = (0.025, 0.008)
  /// Confidence from which on a place is seen well.
  private static let seen: Float = 0.35
  /// What explains a place as well leaves it where it is; and how far beside it ends, metres.
  private static let (explained, off): (Float, Float) = (0.3, 0.006)
  /// Cosine between the normals of two sides of a sheet, at most.
  private static let facing: Float = -0.5
  /// How far to the side of what is straight behind a vertex may lie, voxels.
  private static let aside: Float = 2

  /// What sheets shall measure across, metres.
  let thickness: Float
  let voxel: Float

  /// Moves the vertices that the field put where they are.
  func apply(
    to surface: inout RawSurface, normals: [SIMD3<Float>], _ sightings: VertexConfidence,
    confidence: [Float], threads: Int?
  ) {
    let free = surface.kinds.indices.filter { surface.kinds[$0] == .field }
    let asked = Swift.stride(from: 0, to: free.count, by: Self.stride.asked).map { free[$0] }
    let depths = depths(below: asked, surface.positions, normals, confidence, threads)
    let positions = surface.positions
    let moves = concurrentValues(asked.count, threads: threads, block: 1024) { k in
      guard depths[k] > thickness else { return Float(0) }
      let i = asked[k]
      let share =
        sightings.explanation(
          positions[i], normals[i], off: max(Self.off, voxel)) / Self.explained
      return (depths[k] - thickness) * max(0, 1 - share)
        * min(1, (Self.reach - depths[k]) / Self.fade)
    }
    guard moves.contains(where: { $0 > 0 }) else { return }
    surface.sink(free, normals, asked: asked, by: moves, voxel: voxel, threads: threads)
  }

  /// How deep below each vertex the sheet's well seen side lies, metres; 0 where it has none.
  private func depths(
    below asked: [Int], _ positions: [SIMD3<Float>], _ normals: [SIMD3<Float>],
    _ confidence: [Float], _ threads: Int?
  ) -> [Float] {
    let sides = Swift.stride(from: 0, to: positions.count, by: Self.stride.found).map { $0 }
    let cells = PointCells(sides.lazy.map { positions[$0] }, reach: Self.reach)
    let order = cells.order.map { sides[Int($0)] }
    let aside = Self.aside * voxel
    return concurrentValues(asked.count, threads: threads, block: 1024) { k in
      let (p, n) = (positions[asked[k]], normals[asked[k]])
      /// Calls `body` with what faces away straight behind: its vertex, its depth, and its weight.
      func behind(_ body: (Int, Float, Float) -> Void) {
        cells.near(p) { range in
          for j in order[range] where normals[j].dot(n) < Self.facing {
            let d = p - positions[j]
            let depth = d.dot(n)
            guard depth > 0, depth < Self.reach else { continue }
            let weight = 1 - (d.dot(d) - depth * depth) / (aside * aside)
            if weight > 0 { body(j, depth, weight) }
          }
        }
      }
      var nearest = Float.infinity
      behind { _, depth, _ in nearest = min(nearest, depth) }
      var sum = SIMD3<Float>.zero
      behind { j, depth, weight in
        guard depth < nearest + aside else { return }
        sum += SIMD3(depth, confidence[j], 1) * weight
      }
      return sum.y > Self.seen * sum.z ? sum.x / sum.z : 0
    }
  }
}
