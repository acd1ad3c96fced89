internal import CaptureCore

/// Makes sheets thin whose other side no camera saw: capes, sleeves, the wings of a coat.
///
/// A closed surface gives them a far side of its own, and where nobody looks it lies as deep as the cells of hidden
/// space are wide. What hangs in the open and shows nothing of its far side is cloth or paper rather than a board. So
/// where nothing that was seen explains a place, and a well seen one faces away from it, a depth `s` straight behind, it
/// moves to that:
///
///     x' = x − n · (s − thickness) · max(0, 1 − e / 1.5) · min(1, (reach − s) / fade),   thickness < s < reach
///
/// with `e` as ``VertexConfidence/explanation(_:_:off:)`` tells it. Moves are the means of those around, and stop
/// half the thickness before the other side.
struct ThinSheets {
  /// One vertex in so many is asked for.
  private static let stride = 4
  /// Deeper is a body; and from where on that is in doubt, before; metres.
  private static let (reach, fade): (Float, Float) = (0.025, 0.008)
  /// Confidence from which on a place is seen well; places of twice that are explained.
  private static let seen: Float = 0.35
  /// What explains a place so well leaves it where it is; and how far beside it ends, metres.
  private static let (explained, off): (Float, Float) = (1.5, 0.006)
  /// Cosine between the normals of two sides of a sheet, at most.
  private static let facing: Float = -0.5
  /// Standard deviation of the weights of moves around a vertex, voxels: what strays alone moves with what is around it.
  private static let blur: Float = 2
  /// How far to the side of what is straight behind a vertex may lie, and what may stop it, voxels.
  private static let (aside, close): (Float, Float) = (2, 1)
  /// Smaller moves are not worth a look at what may stop them, metres.
  private static let least: Float = 0.0002

  /// What sheets shall measure across, metres.
  let thickness: Float
  let voxel: Float

  /// Moves the vertices that the field put where they are.
  func apply(
    to surface: inout RawSurface, normals: [SIMD3<Float>], _ sightings: VertexConfidence,
    confidence: [Float], threads: Int?
  ) {
    let free = surface.kinds.indices.filter {
      surface.kinds[$0] == .field && confidence[$0] < 2 * Self.seen
    }
    let asked = Swift.stride(from: 0, to: free.count, by: Self.stride).map { free[$0] }
    let sides = Sides(surface.positions, normals, confidence, voxel: voxel)
    let positions = surface.positions
    let moves = concurrentValues(asked.count, threads: threads, block: 1024) { k in
      let (p, n) = (positions[asked[k]], normals[asked[k]])
      guard let behind = sides.behind(p, n), behind.isSeen, behind.depth > thickness else {
        return Float(0)
      }
      let share = sightings.explanation(p, n, off: max(Self.off, voxel)) / Self.explained
      return (behind.depth - thickness) * max(0, 1 - share)
        * min(1, (Self.reach - behind.depth) / Self.fade)
    }
    guard moves.contains(where: { $0 > 0 }) else { return }
    let wanted = surface.shifts(
      of: free, normals, asked: asked, moves: moves, deviation: Self.blur * voxel, threads: threads)
    let shifts = concurrentValues(free.count, threads: threads, block: 1024) { k in
      guard wanted[k] > Self.least else { return Float(0) }
      let nearest = sides.behind(positions[free[k]], normals[free[k]])?.nearest ?? .infinity
      return max(0, min(wanted[k], nearest - thickness / 2))
    }
    surface.sink(free, normals, by: shifts)
  }

  /// All vertices, to find those that face away from another.
  private struct Sides {
    /// What lies straight behind a place: how deep, whether it was seen well, and what of it is nearest, metres.
    typealias Behind = (depth: Float, isSeen: Bool, nearest: Float)

    private struct Side {
      var place, normal: SIMD3<Float>
      var confidence: Float
    }

    private let cells: PointCells
    /// In the order of the cells.
    private let sides: [Side]
    private let aside, close: Float

    init(
      _ positions: [SIMD3<Float>], _ normals: [SIMD3<Float>], _ confidence: [Float], voxel: Float
    ) {
      (aside, close) = (ThinSheets.aside * voxel, ThinSheets.close * voxel)
      cells = PointCells(positions, reach: aside)
      sides = cells.order.map {
        let i = Int($0)
        return Side(place: positions[i], normal: normals[i], confidence: confidence[i])
      }
    }

    /// Nil where nothing faces away within reach.
    func behind(_ p: SIMD3<Float>, _ n: SIMD3<Float>) -> Behind? {
      var box = BoundingBox.empty
      for end in [p, p - n * ThinSheets.reach] {
        box.include(end - aside)
        box.include(end + aside)
      }
      /// Calls `body` with each side, its depth, and the square of how far it lies to the side.
      func each(_ body: (Side, Float, Float) -> Void) {
        cells.inside(box) { range in
          for k in range {
            let d = p - sides[k].place
            let depth = d.dot(n)
            guard depth > 0, depth < ThinSheets.reach else { continue }
            let off = d.dot(d) - depth * depth
            if off < aside * aside, sides[k].normal.dot(n) < ThinSheets.facing {
              body(sides[k], depth, off)
            }
          }
        }
      }
      var (first, nearest) = (Float.infinity, Float.infinity)
      each { _, depth, off in
        first = min(first, depth)
        if off < close * close { nearest = min(nearest, depth) }
      }
      guard first.isFinite else { return nil }
      var sum = SIMD3<Float>.zero
      each { side, depth, off in
        guard depth < first + aside else { return }
        sum += SIMD3(depth, side.confidence, 1) * (1 - off / (aside * aside))
      }
      return (sum.x / sum.z, sum.y > ThinSheets.seen * sum.z, nearest)
    }
  }
}
