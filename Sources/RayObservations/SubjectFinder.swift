internal import CaptureCore

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
/// Points are counted in cells of 6 cm. The largest connected body of cells that hold moving points is
/// the subject's core; what touches it (a standing leg never moves off its own background) joins,
/// half a metre to the sides at most, so that a wall someone leans on does not.
struct SubjectFinder {
  static let cell: Float = 0.06
  static let reach: Float = 0.5

  let samples: [SurveyPoint]
  let floor: FloorPlane?

  private struct Cell {
    var moving = 0, all = 0
  }

  func find() -> (box: BoundingBox?, warnings: [String]) {
    var cells: [SIMD3<Int32>: Cell] = [:]
    var moving = 0
    for s in samples where floor.map({ $0.height(s.position) > 0.03 }) ?? true {
      let key = Self.key(s.position)
      cells[key, default: Cell()].all += 1
      if s.moves {
        cells[key, default: Cell()].moving += 1
        moving += 1
      }
    }
    guard moving > 200 else { return (common(), ["Nothing moves; the box is the common view."]) }
    let core = largestBody(cells) { $0.moving >= 3 }
    guard !core.isEmpty else { return (common(), ["Nothing moves; the box is the common view."]) }
    var box = bounds(core)
    let limit = BoundingBox(
      lower: box.lower - SIMD3(Self.reach, 10, Self.reach),
      upper: box.upper + SIMD3(Self.reach, Self.reach, Self.reach))
    let joined = grown(core, cells) { key, cell in
      cell.all >= 6 && limit.contains((SIMD3<Float>(key) + 0.5) * Self.cell)
    }
    box = bounds(joined)
    return (box, [])
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

  private func largestBody(
    _ cells: [SIMD3<Int32>: Cell], _ belongs: (Cell) -> Bool
  ) -> Set<SIMD3<Int32>> {
    // Sorted, so that equal sizes are settled the same way every time.
    let keys = cells.filter { belongs($0.value) }.keys.sorted {
      ($0.x, $0.y, $0.z) < ($1.x, $1.y, $1.z)
    }
    var (left, best) = (Set(keys), Set<SIMD3<Int32>>())
    var bestWeight = 0
    for key in keys where left.contains(key) {
      left.remove(key)
      let body = flood([key]) { left.remove($0) != nil }
      let weight = body.reduce(0) { $0 + (cells[$1]?.moving ?? 0) }
      if weight > bestWeight { (best, bestWeight) = (body, weight) }
    }
    return best
  }

  private func grown(
    _ core: Set<SIMD3<Int32>>, _ cells: [SIMD3<Int32>: Cell],
    _ joins: (SIMD3<Int32>, Cell) -> Bool
  ) -> Set<SIMD3<Int32>> {
    var seen = core
    return flood(core) { key in
      guard let cell = cells[key], joins(key, cell) else { return false }
      return seen.insert(key).inserted
    }
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
