internal import CaptureCore

/// Looks for where a part of a subject, or all of it, went that turned too far to be followed: an arm with a sword
/// swings by 90 degrees within a fifteenth of a second.
///
/// Turns about many axes, by many angles, about joints around the one that was guessed are compared by how near
/// they bring the part to what nothing else explains; the best are brought closer by matching planes, with fewer and
/// fewer left, and the nearest is taken.
struct PartSearch {
  /// A turn about a place that goes to another: `x' = turn (x − from) + to`.
  struct Placement {
    var turn = Turn()
    let from: SIMD3<Float>
    var to: SIMD3<Float>

    func carry(_ p: SIMD3<Float>) -> SIMD3<Float> { turn.rotate(p - from) + to }
  }

  private typealias Rated = (placement: Placement, nearness: Float)

  /// Step and most of the angles, radians.
  private static let angles: (step: Float, most: Float) = (0.26, 1.9)
  /// By how much joints are tried beside the one that was guessed, metres.
  private static let offset: Float = 0.1
  /// Places of the part by which all are compared, places of the target for that, and how near these count, metres.
  private static let all = (places: 60, target: 1000, reach: Float(0.15))
  /// The best of all that are brought closer, and how far matches are looked for in each round, metres.
  private static let better = (
    count: 150, reaches: [Float](repeating: 0.15, count: 3) + [0.1, 0.1]
  )
  /// The same for the best of these, and by how many places.
  private static let best = (
    count: 8, places: 300,
    reaches: [(0.1, 4), (0.08, 4), (0.05, 6), (0.03, 6)].flatMap {
      [Float](repeating: $0, count: $1)
    }
  )
  /// How near counts in the end, metres.
  private static let near: Float = 0.04

  private let target: SurfaceCells
  private let thinned: SurfaceCells

  /// - Parameter unexplained: What was seen second and may be the part.
  init(_ unexplained: [SurfaceObservation]) {
    target = SurfaceCells(unexplained, reach: Self.best.reaches[0])
    thinned = SurfaceCells(unexplained.evenlySpread(Self.all.target), reach: Self.all.reach)
  }

  /// The best placement of a part, or nil where none is better than to leave it.
  ///
  /// - Parameters:
  ///   - part: What was seen first of it.
  ///   - joint: Where it may hang on what was followed, metres, to some 20 cm.
  ///   - moved: Where that place went, metres.
  /// - Complexity: O(turns · joints · target): some tenths of a second.
  func placement(
    of part: [SurfaceObservation], joint: SIMD3<Float>, movedTo moved: SIMD3<Float>
  ) -> Placement? {
    let (few, many) = (part.evenlySpread(Self.all.places), part.evenlySpread(Self.best.places))
    var rated: [Rated] = []
    for offset in Self.grid.map({ $0 * Self.offset }) {
      for turn in Self.turns {
        let placement = Placement(turn: turn, from: joint + offset, to: moved + offset)
        rated.append((placement, nearness(few, placement, to: thinned, within: Self.all.reach)))
      }
    }
    rated = Self.first(Self.better.count, of: rated).map {
      closer($0.placement, few, to: thinned, within: Self.better.reaches)
    }
    rated = Self.first(Self.best.count, of: rated).map {
      closer($0.placement, many, to: target, within: Self.best.reaches)
    }
    let still = nearness(many, Placement(from: joint, to: moved), to: target, within: Self.near)
    let found = Self.first(1, of: rated)[0]
    return found.nearness > still ? found.placement : nil
  }

  /// The middle, sides, edges and corners of a cube.
  private static let grid: [SIMD3<Float>] = (0..<27).map { (k: Int) -> SIMD3<Float> in
    SIMD3<Float>(Float(k % 3), Float(k / 3 % 3), Float(k / 9)) - SIMD3<Float>(1, 1, 1)
  }

  /// About these, by all angles.
  private static let turns: [Turn] = grid.filter { $0 != .zero }.flatMap { axis in
    stride(from: angles.step, through: angles.most, by: angles.step).map {
      Turn().turned(axis.normalized * $0)
    }
  }

  private static func first(_ count: Int, of rated: [Rated]) -> [Rated] {
    rated.indices.sorted { (rated[$1].nearness, $0) < (rated[$0].nearness, $1) }
      .prefix(count).map { rated[$0] }
  }

  /// 0 where nothing alike is within reach, 1 where all lies on it.
  private func nearness(
    _ places: [SurfaceObservation], _ placement: Placement, to target: SurfaceCells,
    within reach: Float
  ) -> Float {
    var sum: Float = 0
    for o in places {
      let p = placement.carry(o.position)
      if let y = target.nearest(p, facing: placement.turn.rotate(o.normal), within: reach) {
        sum += 1 - (y.position - p).length / reach
      }
    }
    return sum / Float(max(1, places.count))
  }

  /// Brings a part onto the planes next to it, time and again.
  private func closer(
    _ start: Placement, _ places: [SurfaceObservation], to target: SurfaceCells,
    within reaches: [Float]
  ) -> Rated {
    var placement = start
    for reach in reaches {
      var problem = NodeEquations(nodes: 1)
      for o in places {
        let arm = placement.turn.rotate(o.position - placement.from)
        let p = arm + placement.to
        guard let y = target.nearest(p, facing: placement.turn.rotate(o.normal), within: reach)
        else { continue }
        let residual = y.normal.dot(p - y.position)
        let scaled = 3 * residual / reach
        let root = 1 / (1 + scaled * scaled)
        problem.add(0, turn: arm.cross(y.normal) * root, shift: y.normal * root)
        problem.close(residual: residual * root)
      }
      let change = problem.solve()[0]
      placement.turn = placement.turn.turned(change.turn)
      placement.to += change.shift
    }
    return (placement, nearness(places, placement, to: target, within: Self.near))
  }
}
