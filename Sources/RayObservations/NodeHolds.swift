internal import CaptureCore

/// Which nodes of a graph carry a place, and how much each of them.
struct NodeHolds: Sendable {
  /// Nodes that carry a place.
  private static let carriers = 4
  /// Where the next node after these is looked for at first, metres; then among all.
  private static let reaches: [Float] = [1.5 * SubjectMotion.spacing, 3 * SubjectMotion.spacing]

  /// The nodes that carry one place.
  struct Hold {
    var nodes = SIMD4<Int32>.zero
    /// Their sum is 1.
    var weights = SIMD4<Float>.zero
    var count = 0
  }

  private let places: [SIMD3<Float>]
  private let cells: [(cells: PointCells, reach: Float)]

  init(_ places: [SIMD3<Float>]) {
    self.places = places
    cells = Self.reaches.map { (PointCells(places, reach: $0), $0) }
  }

  /// The nearest nodes, those that are nearer weighing more; the first that carries nothing gives the distance
  /// at which weights end.
  func hold(_ p: SIMD3<Float>) -> Hold {
    for (cells, reach) in cells {
      var nearest = Nearest()
      cells.near(p) { range in
        for k in range { offer(Int(cells.order[k]), p, to: &nearest) }
      }
      // Whatever is nearer than the reach was offered.
      if nearest.squares[Self.carriers] <= reach * reach { return nearest.hold(Self.carriers) }
    }
    var nearest = Nearest()
    for i in places.indices { offer(i, p, to: &nearest) }
    return nearest.hold(Self.carriers)
  }

  @inline(__always)
  private func offer(_ node: Int, _ p: SIMD3<Float>, to nearest: inout Nearest) {
    let d = places[node] - p
    nearest.offer(Int32(node), (d * d).sum(), most: Self.carriers + 1)
  }

  /// The nodes nearest to a place so far, in order; of two as near, the one with the lower number.
  private struct Nearest {
    var nodes = SIMD8<Int32>(repeating: -1)
    var squares = SIMD8<Float>(repeating: .infinity)

    @inline(__always)
    mutating func offer(_ node: Int32, _ square: Float, most: Int) {
      func isBefore(_ k: Int) -> Bool {
        square < squares[k] || square == squares[k] && node < nodes[k]
      }
      var k = most - 1
      guard isBefore(k) else { return }
      while k > 0, isBefore(k - 1) {
        (nodes[k], squares[k]) = (nodes[k - 1], squares[k - 1])
        k -= 1
      }
      (nodes[k], squares[k]) = (node, square)
    }

    func hold(_ carriers: Int) -> Hold {
      let end = squares[carriers].squareRoot()
      var hold = Hold()
      while hold.count < carriers, nodes[hold.count] >= 0 {
        let k = hold.count
        let rest = end.isFinite ? max(0, 1 - squares[k].squareRoot() / end) : 1
        (hold.nodes[k], hold.weights[k]) = (nodes[k], rest * rest + 1e-6)
        hold.count += 1
      }
      if hold.count > 0 { hold.weights /= hold.weights.sum() }
      return hold
    }
  }
}
