internal import CaptureCore
import Foundation

/// Hidden space that opens towards the ground: inside a skirt or a coat, under a table.
///
/// Cameras look at subjects from above or level, so what opens upwards is seen into, and what opens
/// downwards is not. A cell belongs to a hollow where at least ``least`` of the directions within 45° of
/// down meet free space before anything seen, and where a ball as wide as an opening must be comes
/// in from the free space: soles and the gaps of a side that two cameras saw askance are no openings.
/// Nor is the underside of a ball, a chin or a trunk: what was seen around a hollow flares, as a skirt does.
/// What has no roof is the shadow of a wall or of the subject: upwards it goes on to where nobody looks, or comes
/// out beside an arm or below the rim of a hat.
/// Works on cells of twice the edge.
struct Hollows {
  /// Directions within 45° of down, spread evenly.
  private static let directions: [SIMD3<Float>] = {
    let count = 32
    return (0..<count).map { k in
      let down = 1 - (1 - Float(0.5).squareRoot()) * (Float(k) + 0.5) / Float(count)
      let (angle, across) = (Float(k) * 2.3999632, (1 - down * down).squareRoot())
      return SIMD3(across * Foundation.cos(angle), -down, across * Foundation.sin(angle))
    }
  }()
  /// How far away free space may be, metres.
  private static let reach: Float = 1
  /// The least share of directions.
  private static let least: Float = 0.6
  /// The largest share of the opposite directions that may lead to where nobody looks.
  private static let mostAway: Float = 0.16
  /// The largest share of them that may meet free space before anything seen.
  private static let mostOut: Float = 0.25
  /// What a cell of a hollow costs inside, in faces, a metre of its edge and unit of the share above the
  /// least.
  private static let pull: Float = 50
  /// The least radius of an opening in cells: less can't be told from the gaps between them.
  private static let leastRadius: Float = 1.5
  /// The least mean slope (normal's y) of what was seen around a hollow.
  private static let leastSlope: Float = 0.2

  /// What is known of a cell: surely free, hidden, right behind what was seen, or looked at by nobody.
  private enum Kind { case free, hidden, seen, unknown }

  private let fine: CellGrid
  private let grid: CellGrid
  private var kinds: [Kind] = []
  /// Share of directions that are open, by cell; 0 outside hollows.
  private var openness: [Float] = []

  /// Whether there is none.
  private(set) var isEmpty = true

  /// - Parameters:
  ///   - cells: Ascending indices of the hidden cells of the grid.
  ///   - seeds: By cell, above 0 right behind what was seen.
  ///   - width: Least width of an opening, metres; 0 for no hollows at all.
  ///   - surface: All cameras' surface observations.
  ///   - isFree: Whether a place is surely free.
  init(
    _ fine: CellGrid, cells: [Int32], seeds: [Float], width: Float,
    surface: [SurfaceObservation], isFree: (SIMD3<Float>) -> Bool
  ) {
    self.fine = fine
    grid = fine.coarser(by: 2)
    kinds = [Kind](repeating: .unknown, count: grid.count)
    for i in cells { kinds[coarse(Int(i))] = .hidden }
    for i in cells where seeds[Int(i)] > 0 { kinds[coarse(Int(i))] = .seen }
    guard width > 0 else { return }
    for i in kinds.indices where kinds[i] == .unknown && isFree(grid.center(grid.cell(i))) {
      kinds[i] = .free
    }
    openness = Self.openness(grid, kinds)
    let wide = opened(radius: max(Self.leastRadius, width / 2 / grid.edge))
    for i in openness.indices where !wide[i] { openness[i] = 0 }
    close(slopes: slopes(surface))
    isEmpty = !openness.contains { $0 > 0 }
  }

  /// By cell: the sum of the slopes of what was seen there, and its weight.
  private func slopes(_ surface: [SurfaceObservation]) -> [SIMD2<Float>] {
    var sums = [SIMD2<Float>](repeating: .zero, count: grid.count)
    for o in surface {
      guard let i = grid.index(at: o.position - o.normal * (0.5 * fine.edge)) else { continue }
      sums[i] += SIMD2(o.normal.y, 1) * o.confidence
    }
    return sums
  }

  /// Closes hollows around which the surface does not flare.
  private mutating func close(slopes: [SIMD2<Float>]) {
    var isDone = [Bool](repeating: false, count: openness.count)
    for first in openness.indices where openness[first] > 0 && !isDone[first] {
      var part = [first]
      isDone[first] = true
      var (next, around) = (0, SIMD2<Float>.zero)
      while next < part.count {
        // What is near the opening says most of how it goes on.
        let nearness = openness[part[next]] - Self.least
        grid.forNeighbours(of: part[next]) { j in
          if kinds[j] == .seen { around += slopes[j] * (nearness * nearness) }
          guard openness[j] > 0, !isDone[j] else { return }
          isDone[j] = true
          part.append(j)
        }
        next += 1
      }
      if around.x < Self.leastSlope * around.y {
        for i in part { openness[i] = 0 }
      }
    }
  }

  private func coarse(_ i: Int) -> Int { grid.index(fine.cell(i) / 2) }

  /// Whether a cell of the fine grid lies in a hollow.
  func contains(_ i: Int) -> Bool { !isEmpty && openness[coarse(i)] > 0 }

  /// Whether a cell of the fine grid lies where nobody saw through, roughly.
  func isHidden(_ i: Int) -> Bool {
    let kind = kinds[coarse(i)]
    return kind == .hidden || kind == .seen
  }

  /// What a cell of the fine grid costs inside, for being in a hollow.
  func force(_ i: Int) -> Float {
    isEmpty ? 0 : Self.pull * fine.edge * max(0, openness[coarse(i)] - Self.least)
  }

  /// Of hidden cells: the share of directions in which free space comes before what was seen, where it is
  /// more than the least and there is a roof; else 0.
  private static func openness(_ grid: CellGrid, _ kinds: [Kind]) -> [Float] {
    var result = [Float](repeating: 0, count: kinds.count)
    let limit = CellGrid.place(grid.counts)
    /// What comes after hidden cells in a direction; nil where they go on for longer than that.
    func next(_ start: SIMD3<Float>, _ direction: SIMD3<Float>, within steps: Int) -> Kind? {
      var p = start
      for _ in 0..<steps {
        p += direction
        guard all(p .>= 0), all(p .< limit) else { return .unknown }
        let kind = kinds[grid.index(CellGrid.cell(p))]
        if kind != .hidden { return kind }
      }
      return nil
    }
    /// Shares of the directions that lead to free space, and to where nobody looks.
    func shares(
      from start: SIMD3<Float>, by sign: Float, within steps: Int
    ) -> (free: Float, unknown: Float) {
      var (free, unknown) = (0, 0)
      for direction in directions {
        switch next(start, sign * direction, within: steps) {
        case .free: free += 1
        case .unknown: unknown += 1
        case .hidden, .seen, nil: break
        }
      }
      let all = Float(directions.count)
      return (Float(free) / all, Float(unknown) / all)
    }
    for i in kinds.indices where kinds[i] == .hidden {
      let start = CellGrid.place(grid.cell(i)) + 0.5
      let open = shares(from: start, by: 1, within: Int(reach / grid.edge)).free
      guard open > least else { continue }
      let above = shares(from: start, by: -1, within: 2 * grid.counts.max())
      if above.unknown < mostAway, above.free < mostOut { result[i] = open }
    }
    return result
  }

  /// Which cells balls can reach that come from free space, through it and what is open.
  private func opened(radius: Float) -> [Bool] {
    let limit = radius * radius
    let isWall = kinds.indices.map { kinds[$0] != .free && openness[$0] == 0 }
    let room = grid.squaredDistances(toMarked: isWall)
    var isReached = [Bool](repeating: false, count: kinds.count)
    var queue = kinds.indices.filter { kinds[$0] == .free && room[$0] > limit }
    for i in queue { isReached[i] = true }
    var next = 0
    while next < queue.count {
      grid.forNeighbours(of: queue[next]) { j in
        guard !isReached[j], room[j] > limit else { return }
        isReached[j] = true
        queue.append(j)
      }
      next += 1
    }
    return grid.squaredDistances(toMarked: isReached).map { $0 <= limit }
  }
}
