internal import CaptureCore
internal import Foundation

/// One depth pixel of the survey.
struct SurveyPoint: Sendable {
  var position: SIMD3<Float>
  /// It stands in front of its pixel's background.
  var moves: Bool
  /// Cameras whose image it lies in.
  var views: UInt8
}

/// Finds the box around what moves; where nothing does, around what two cameras see.
///
/// Points are counted in cells of 6 cm, moving ones by how many cameras could see them. The connected body of
/// cells with moving points that counts most is the subject's core; other bodies that move join it where they are
/// no speck, near to it and in view of as many cameras: a partner, a ball. What touches the core joins as well, as
/// a standing leg or a still head never moves off its own background: whole where it ends within ``reach``, else
/// half a metre of it, so that a wall someone leans on does not.
struct SubjectFinder {
  static let cell: Float = 0.06
  /// How far from the core things that touch it may go on, metres: to the sides and up.
  static let reach = (side: Float(1.5), up: Float(2))
  /// How much of what goes on farther is kept, metres.
  static let touch: Float = 0.5
  /// Another body that moves joins within this distance, metres, and from this share of the core's count on.
  static let company = (gap: Float(1), share: 0.1)
  /// Share of the core's count from which on a body that does not join is told of.
  static let stranger = 0.2

  let samples: [SurveyPoint]
  let floor: FloorPlane?

  private struct Cell {
    var moving = 0, all = 0
    /// Sum of the views of the moving points.
    var views = 0

    mutating func add(_ point: SurveyPoint) {
      all += 1
      guard point.moves else { return }
      moving += 1
      views += Int(point.views)
    }
  }

  private struct Body {
    var keys: Set<SIMD3<Int32>>
    var moving = 0, views = 0
    var meanViews: Double { Double(views) / Double(max(1, moving)) }
  }

  func find() -> (box: BoundingBox?, warnings: [String]) {
    var cells: [SIMD3<Int32>: Cell] = [:]
    var moving = 0
    for s in samples where floor.map({ $0.height(s.position) > 0.03 }) ?? true {
      cells[Self.key(s.position), default: Cell()].add(s)
      if s.moves { moving += 1 }
    }
    let bodies = moving > 200 ? bodies(cells) { $0.moving >= 3 } : []
    guard let first = bodies.first else {
      return (
        common(),
        [
          "Nothing moves in the frames that are used, so the box is the common view: use more frames, or set observations.box."
        ]
      )
    }
    var core = first.keys
    var warnings: [String] = []
    // From the heaviest on: a partner may bring what lies beyond it.
    for body in bodies.dropFirst() {
      let share = Double(body.views) / Double(first.views)
      let isNear = gap(bounds(core), bounds(body.keys)) <= Self.company.gap
      if isNear, share >= Self.company.share, body.meanViews >= first.meanViews - 0.5 {
        core.formUnion(body.keys)
      } else if share >= Self.stranger {
        warnings.append(
          "Something else moves around \(Self.words(bounds(body.keys))) and is left out; set observations.box to have it."
        )
      }
    }
    let (joined, goesOn) = grown(core, cells)
    if goesOn {
      warnings.append(
        "The subject touches something that goes on farther, such as a wall or a floor that was not found; the box ends half a metre from what moved. Set observations.box where that is wrong."
      )
    }
    return (bounds(joined), warnings)
  }

  private static func words(_ box: BoundingBox) -> String {
    String(format: "(%.1f, %.1f, %.1f) m", box.center.x, box.center.y, box.center.z)
  }

  /// Distance between two boxes along the axis on which it is largest; 0 where they meet.
  private func gap(_ a: BoundingBox, _ b: BoundingBox) -> Float {
    max(0, (b.lower - a.upper).max(), (a.lower - b.upper).max())
  }

  private static func key(_ p: SIMD3<Float>) -> SIMD3<Int32> {
    SIMD3<Int32>((p / cell).rounded(.down))
  }

  private func bounds(_ keys: Set<SIMD3<Int32>>) -> BoundingBox {
    var box = BoundingBox.empty
    for k in keys {
      box.include(SIMD3<Float>(k) * Self.cell)
      box.include((SIMD3<Float>(k) + 1) * Self.cell)
    }
    return box
  }

  /// The connected bodies of the cells that belong to one, that which counts most first.
  private func bodies(
    _ cells: [SIMD3<Int32>: Cell], _ belongs: (Cell) -> Bool
  ) -> [Body] {
    // Sorted, so that equal sizes are settled the same way every time.
    let keys = cells.filter { belongs($0.value) }.keys.sorted {
      ($0.x, $0.y, $0.z) < ($1.x, $1.y, $1.z)
    }
    var left = Set(keys)
    var result: [Body] = []
    for key in keys where left.contains(key) {
      left.remove(key)
      var body = Body(keys: flood([key]) { left.remove($0) != nil })
      for key in body.keys {
        guard let cell = cells[key] else { continue }
        body.moving += cell.moving
        body.views += cell.views
      }
      result.append(body)
    }
    let order = result.indices.sorted { (result[$1].views, $0) < (result[$0].views, $1) }
    return order.map { result[$0] }
  }

  /// The core with what touches it, and whether that goes on where it was cut.
  ///
  /// The limits stand half a metre off the core. Those that something meets are moved out one after the other,
  /// upwards first, and stay there if it ends before.
  private func grown(
    _ core: Set<SIMD3<Int32>>, _ cells: [SIMD3<Int32>: Cell]
  ) -> (cells: Set<SIMD3<Int32>>, goesOn: Bool) {
    let around = bounds(core)
    var limit = around.expanded(by: Self.touch)
    limit.lower.y = around.lower.y - 10
    var (joined, met) = grown(core, cells, limit)
    // Twice, as what a limit at a side lets in may stand higher.
    for face in Face.movable + Face.movable where met.contains(face) {
      var wider = limit
      if face.isUpper {
        wider.upper[face.axis] =
          around.upper[face.axis] + (face.axis == 1 ? Self.reach.up : Self.reach.side)
      } else {
        wider.lower[face.axis] = around.lower[face.axis] - Self.reach.side
      }
      let next = grown(core, cells, wider)
      if !next.met.contains(face) { (limit, joined, met) = (wider, next.cells, next.met) }
    }
    return (joined, !met.isEmpty)
  }

  private struct Face: Hashable {
    var axis: Int
    var isUpper: Bool
    /// All but the lower one, below which nothing stands.
    static let movable = [
      Face(axis: 1, isUpper: true), Face(axis: 0, isUpper: false), Face(axis: 0, isUpper: true),
      Face(axis: 2, isUpper: false), Face(axis: 2, isUpper: true),
    ]
  }

  /// The core with what touches it within limits, and the limits that it meets.
  private func grown(
    _ core: Set<SIMD3<Int32>>, _ cells: [SIMD3<Int32>: Cell], _ limit: BoundingBox
  ) -> (cells: Set<SIMD3<Int32>>, met: Set<Face>) {
    var (seen, met) = (core, Set<Face>())
    let body = flood(core) { key in
      guard !seen.contains(key), let cell = cells[key], cell.all >= 6 else { return false }
      let middle = (SIMD3<Float>(key) + 0.5) * Self.cell
      guard limit.contains(middle) else {
        for axis in 0..<3 {
          if middle[axis] < limit.lower[axis] { met.insert(Face(axis: axis, isUpper: false)) }
          if middle[axis] > limit.upper[axis] { met.insert(Face(axis: axis, isUpper: true)) }
        }
        return false
      }
      return seen.insert(key).inserted
    }
    return (body, met)
  }

  /// All cells that can be reached from the start through cells which `enter` admits, once each.
  private func flood(
    _ start: Set<SIMD3<Int32>>, _ enter: (SIMD3<Int32>) -> Bool
  ) -> Set<SIMD3<Int32>> {
    var (body, open) = (start, Array(start))
    while let key = open.popLast() {
      for dx: Int32 in -1...1 {
        for dy: Int32 in -1...1 {
          for dz: Int32 in -1...1 {
            let next = key &+ SIMD3(dx, dy, dz)
            if enter(next) {
              body.insert(next)
              open.append(next)
            }
          }
        }
      }
    }
    return body
  }

  /// The middle 98 % of what two cameras (or the only one) see.
  private func common() -> BoundingBox? {
    let most = samples.map(\.views).max() ?? 0
    let seen = samples.filter { $0.views >= min(2, most) }.map(\.position)
    guard seen.count >= 100 else { return nil }
    var box = BoundingBox.empty
    for axis in 0..<3 {
      let sorted = seen.map { $0[axis] }.sorted()
      box.lower[axis] = sorted[sorted.count / 100]
      box.upper[axis] = sorted[sorted.count - 1 - sorted.count / 100]
    }
    return box
  }
}
