internal import CaptureCore

/// Linear equations in small turns and shifts of nodes, solved for least squares.
///
/// A row says how the turns and shifts of a few nodes change a residual; weights' roots are in it.
struct NodeEquations {
  /// A node's turn and shift, or a part of a row: six numbers, and two that stay 0.
  private typealias Six = SIMD8<Float>

  /// A change of one node: a turn about an axis by its length in radians, and a shift in metres.
  struct Change {
    var turn, shift: SIMD3<Float>
  }

  /// Conjugate gradients' turns: enough for a step of a problem that is made anew afterwards.
  private static let turns = 28
  /// Holds what no row speaks of, beside what rows say of it.
  private static let damping: Float = 1e-3

  private let nodes: Int
  /// By part: its node.
  private var places: [Int] = []
  private var parts: [Six] = []
  private var ends: [Int] = []
  private var residuals: [Float] = []

  init(nodes: Int) { self.nodes = nodes }

  /// Rows so far.
  var count: Int { residuals.count }

  /// Adds a node's part to the row that is being written.
  mutating func add(_ node: Int, turn: SIMD3<Float>, shift: SIMD3<Float>) {
    places.append(node)
    parts.append(Six(turn.x, turn.y, turn.z, shift.x, shift.y, shift.z, 0, 0))
  }

  /// Ends a row.
  mutating func close(residual: Float) {
    ends.append(places.count)
    residuals.append(residual)
  }

  /// One change a node: conjugate gradients on the normal equations, scaled by their diagonal.
  func solve() -> [Change] {
    var diagonal = [Six](repeating: Six(repeating: 1e-6), count: nodes)
    var r = [Six](repeating: .zero, count: nodes)
    var start = 0
    for (end, residual) in zip(ends, residuals) {
      for k in start..<end {
        diagonal[places[k]] += parts[k] * parts[k]
        r[places[k]] -= parts[k] * residual
      }
      start = end
    }
    var x = [Six](repeating: .zero, count: nodes)
    var (z, q) = (x, x)
    for n in 0..<nodes { z[n] = r[n] / diagonal[n] }
    var (p, old) = (z, Self.dot(r, z))
    let enough = old * 1e-6
    for _ in 0..<Self.turns where old > enough {
      product(p, diagonal, into: &q)
      let step = old / max(Self.dot(p, q), .leastNormalMagnitude)
      for n in 0..<nodes {
        x[n] += p[n] * step
        r[n] -= q[n] * step
        z[n] = r[n] / diagonal[n]
      }
      let now = Self.dot(r, z)
      for n in 0..<nodes { p[n] = z[n] + p[n] * (now / old) }
      old = now
    }
    return x.map { Change(turn: SIMD3($0[0], $0[1], $0[2]), shift: SIMD3($0[3], $0[4], $0[5])) }
  }

  private static func dot(_ a: [Six], _ b: [Six]) -> Float {
    var sum = Six.zero
    for n in a.indices { sum += a[n] * b[n] }
    return sum.sum()
  }

  /// The damped normal equations' matrix times a vector.
  private func product(_ v: [Six], _ diagonal: [Six], into result: inout [Six]) {
    for n in v.indices { result[n] = v[n] * diagonal[n] * Self.damping }
    parts.withUnsafeBufferPointer { parts in
      v.withUnsafeBufferPointer { v in
        result.withUnsafeMutableBufferPointer { result in
          var start = 0
          for end in ends {
            var sum = Six.zero
            for k in start..<end { sum += parts[k] * v[places[k]] }
            let along = sum.sum()
            for k in start..<end { result[places[k]] += parts[k] * along }
            start = end
          }
        }
      }
    }
  }
}
