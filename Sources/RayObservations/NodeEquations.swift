internal import CaptureCore

/// Linear equations in small turns and shifts of nodes, solved for least squares.
///
/// A row says how the turns and shifts of a few nodes change a residual; weights' roots are in it.
struct NodeEquations {
  /// A change of one node: a turn about an axis by its length in radians, and a shift in metres.
  struct Change {
    var turn, shift: SIMD3<Float>

    static let zero = Change(turn: .zero, shift: .zero)
    static func * (a: Change, s: Float) -> Change { Change(turn: a.turn * s, shift: a.shift * s) }
    static func * (a: Change, b: Change) -> Change {
      Change(turn: a.turn * b.turn, shift: a.shift * b.shift)
    }
    static func + (a: Change, b: Change) -> Change {
      Change(turn: a.turn + b.turn, shift: a.shift + b.shift)
    }
    func dot(_ b: Change) -> Float { turn.dot(b.turn) + shift.dot(b.shift) }
  }

  /// Conjugate gradients' turns: enough for a step of a problem that is made anew afterwards.
  private static let turns = 40
  /// Holds what no row speaks of, beside what rows say of it.
  private static let damping: Float = 1e-3

  private let nodes: Int
  private var places: [Int] = []
  private var parts: [Change] = []
  private var ends: [Int] = []
  private var residuals: [Float] = []

  init(nodes: Int) { self.nodes = nodes }

  /// Rows so far.
  var count: Int { residuals.count }

  /// Adds a node's part to the row that is being written.
  mutating func add(_ node: Int, turn: SIMD3<Float>, shift: SIMD3<Float>) {
    places.append(node)
    parts.append(Change(turn: turn, shift: shift))
  }

  /// Ends a row.
  mutating func close(residual: Float) {
    ends.append(parts.count)
    residuals.append(residual)
  }

  /// One change a node: conjugate gradients on the normal equations, scaled by their diagonal.
  func solve() -> [Change] {
    let zero = [Change](repeating: .zero, count: nodes)
    var (diagonal, r) = (zero, zero)
    var start = 0
    for (end, residual) in zip(ends, residuals) {
      for k in start..<end {
        diagonal[places[k]] = diagonal[places[k]] + parts[k] * parts[k]
        r[places[k]] = r[places[k]] + parts[k] * -residual
      }
      start = end
    }
    for i in diagonal.indices {
      diagonal[i].turn += 1e-6
      diagonal[i].shift += 1e-6
    }
    func scaled() -> [Change] {
      zip(r, diagonal).map { Change(turn: $0.turn / $1.turn, shift: $0.shift / $1.shift) }
    }
    func dot(_ a: [Change], _ b: [Change]) -> Float { zip(a, b).reduce(0) { $0 + $1.0.dot($1.1) } }
    var x = zero
    var z = scaled()
    var (p, old) = (z, dot(r, z))
    let enough = old * 1e-6
    for _ in 0..<Self.turns where old > enough {
      let q = product(p, diagonal)
      let step = old / max(dot(p, q), .leastNormalMagnitude)
      for i in x.indices {
        x[i] = x[i] + p[i] * step
        r[i] = r[i] + q[i] * -step
      }
      z = scaled()
      let now = dot(r, z)
      for i in p.indices { p[i] = z[i] + p[i] * (now / old) }
      old = now
    }
    return x
  }

  /// The damped normal equations' matrix times a vector.
  private func product(_ v: [Change], _ diagonal: [Change]) -> [Change] {
    var result = zip(v, diagonal).map { $0 * $1 * Self.damping }
    var start = 0
    for end in ends {
      var sum: Float = 0
      for k in start..<end { sum += parts[k].dot(v[places[k]]) }
      for k in start..<end { result[places[k]] = result[places[k]] + parts[k] * sum }
      start = end
    }
    return result
  }
}
