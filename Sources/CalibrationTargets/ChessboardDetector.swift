internal import CTargetDetection

/// Finds the inner corners of a plain chessboard: crossings of edges, joined to a grid.
struct ChessboardDetector {
  /// Inner corners along a side.
  private let columns, rows: Int
  /// Most crossings that are looked at, the clearest first.
  private static let candidateLimit = 600

  /// A detector of a board of so many squares.
  init(_ squares: SIMD2<Int>) { (columns, rows) = (squares.x - 1, squares.y - 1) }

  /// The corners of the whole board, in the order of its points; empty when it is not seen whole.
  func corners(in image: GreyImage) -> [TargetCorner] {
    for radius in Self.radii {
      let found = crossings(in: image, radius: radius)
      for seed in found.prefix(Self.seeds) {
        if let grid = grow(found, from: seed), let corners = ordered(grid, image) {
          return corners
        }
      }
    }
    return []
  }

  /// Columns and rows of squares of the largest grid in a picture, the wider way first; nil for none
  /// of at least 3 by 3 inner corners. Shows that a board is not the described one.
  func otherGrid(in image: GreyImage) -> SIMD2<Int>? {
    var best: [[SIMD2<Double>]] = []
    for radius in Self.radii {
      let found = crossings(in: image, radius: radius)
      for seed in found.prefix(Self.seeds) {
        guard let grid = grow(found, from: seed), grid.count >= 3, grid[0].count >= 3,
          grid.count * grid[0].count > best.count * (best.first?.count ?? 0)
        else { continue }
        best = grid
      }
    }
    guard let first = best.first else { return nil }
    return SIMD2(max(first.count, best.count) + 1, min(first.count, best.count) + 1)
  }

  /// Radii in which edges may cross, pixels, and crossings that a grid is grown from.
  private static let radii = [5, 3, 9]
  private static let seeds = 20

  /// Where the response has a maximum, in order of it, moved to the crossing itself.
  private func crossings(in image: GreyImage, radius: Int) -> [SIMD2<Double>] {
    let (w, h) = (image.width, image.height)
    guard w > 2 * radius + 8, h > 2 * radius + 8 else { return [] }
    var peaks = [ctd_crossing](repeating: ctd_crossing(), count: Self.candidateLimit)
    let count = ctd_crossings(
      image.samples, Int32(w), Int32(h), Int32(radius), 200, &peaks, Int64(peaks.count))
    return peaks.prefix(Int(max(0, count))).compactMap { peak in
      var (x, y, deviation) = (Double(peak.x), Double(peak.y), 0.0)
      let isCorner = ctd_refine(
        image.samples, Int32(w), Int32(h), Double(radius), &x, &y, &deviation)
      return isCorner == 1 ? SIMD2(x, y) : nil
    }
  }

  /// A grid of crossings around one of them, by column and row; nil where it has holes.
  ///
  /// Each place is looked for where its neighbours say it is.
  private func grow(_ found: [SIMD2<Double>], from seed: SIMD2<Double>) -> [[SIMD2<Double>]]? {
    let near = found.filter { $0 != seed }.sorted { length($0 - seed) < length($1 - seed) }
    guard let first = near.first else { return nil }
    let right = first - seed
    // The nearest one that does not lie along the same line is the other axis.
    guard
      let second = near.prefix(8).first(where: {
        abs(cross(right, $0 - seed)) > 0.7 * length(right) * length($0 - seed)
      })
    else { return nil }
    var down = second - seed
    if cross(right, down) < 0 { down = -down }
    var places: [SIMD2<Int>: SIMD2<Double>] = [SIMD2(0, 0): seed]
    var queue = [SIMD2(0, 0)]
    while !queue.isEmpty {
      let at = queue.removeFirst()
      for step in [SIMD2(1, 0), SIMD2(-1, 0), SIMD2(0, 1), SIMD2(0, -1)] {
        let next = at &+ step
        guard places[next] == nil, abs(next.x) < 70, abs(next.y) < 70, let here = places[at] else {
          continue
        }
        let side = SIMD2(step.y, step.x)
        var way = step.x != 0 ? right * Double(step.x) : down * Double(step.y)
        if let back = places[at &- step] {
          way = here - back
        } else if let beside = places[at &+ side], let ahead = places[at &+ side &+ step] {
          way = ahead - beside
        } else if let beside = places[at &- side], let ahead = places[at &- side &+ step] {
          way = ahead - beside
        }
        guard
          let hit = found.min(by: { length($0 - here - way) < length($1 - here - way) }),
          length(hit - here - way) < 0.3 * length(way), !places.values.contains(hit)
        else { continue }
        places[next] = hit
        queue.append(next)
      }
    }
    let (xs, ys) = (places.keys.map(\.x), places.keys.map(\.y))
    guard let left = xs.min(), let top = ys.min(), let end = xs.max(), let bottom = ys.max() else {
      return nil
    }
    let (w, h) = (end - left + 1, bottom - top + 1)
    guard places.count == w * h else { return nil }
    return (top...bottom).map { y in (left...end).compactMap { places[SIMD2($0, y)] } }
  }

  /// The grid in the order of the board's points: of the two turns that fit its size, the one with
  /// a black square at the upper left; nil for a grid of another size.
  private func ordered(_ grid: [[SIMD2<Double>]], _ image: GreyImage) -> [TargetCorner]? {
    var grid = grid
    let size = (grid[0].count, grid.count)
    guard size == (columns, rows) || size == (rows, columns) else { return nil }
    if grid.count != rows {
      // A quarter turn, which keeps the board's side that is seen.
      grid = (0..<grid[0].count).map { x in grid.reversed().map { $0[x] } }
    }
    let turned = Array(grid.reversed().map { Array($0.reversed()) })
    func tone(_ g: [[SIMD2<Double>]]) -> Int {
      // Centres of the squares right below and left of the first corner's diagonal.
      func mean(_ x: Int, _ y: Int) -> Int {
        let center = (g[y][x] + g[y + 1][x + 1]) / 2
        return Int(image.samples[Int(center.y) * image.width + Int(center.x)])
      }
      return mean(0, 0) - mean(1, 0)
    }
    // The square inside the first corner has the colour of the board's upper left square.
    guard columns >= 3, rows >= 2 else { return nil }
    let (here, there) = (tone(grid), tone(turned))
    guard min(here, there) < -20, max(here, there) > 20 else { return nil }
    let chosen = here < 0 ? grid : turned
    return chosen.flatMap { $0 }.enumerated().map { TargetCorner(point: $0, pixel: $1) }
  }

  private func length(_ v: SIMD2<Double>) -> Double { (v * v).sum().squareRoot() }

  private func cross(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double { a.x * b.y - a.y * b.x }
}
