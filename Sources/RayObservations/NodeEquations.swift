internal import CaptureCore

/// Linear equations in small turns and shifts of nodes, solved for least squares.
///
/// A row says how the turns and shifts of a few nodes change a residual; weights' roots are in it. All numbers
/// stand one behind the other, six a node or part of a row: the solver's time goes into reading them.
struct NodeEquations {
  /// A change of one node: a turn about an axis by its length in radians, and a shift in metres.
  struct Change {
    var turn, shift: SIMD3<Float>
  }

  /// Conjugate gradients' turns: enough for a step of a problem that is made anew afterwards.
  private static let turns = 28
  /// Holds what no row speaks of, beside what rows say of it.
  private static let damping: Float = 1e-3

  private let nodes: Int
  /// By part: its node's first number.
  private var places: [Int] = []
  /// `[part][6]`.
  private var parts: [Float] = []
  private var ends: [Int] = []
  private var residuals: [Float] = []

  init(nodes: Int) { self.nodes = nodes }

  /// Rows so far.
  var count: Int { residuals.count }

  /// Adds a node's part to the row that is being written.
  mutating func add(_ node: Int, turn: SIMD3<Float>, shift: SIMD3<Float>) {
    places.append(6 * node)
    parts.append(turn.x)
    parts.append(turn.y)
    parts.append(turn.z)
    parts.append(shift.x)
    parts.append(shift.y)
    parts.append(shift.z)
  }

  /// Ends a row.
  mutating func close(residual: Float) {
    ends.append(places.count)
    residuals.append(residual)
  }

  /// One change a node: conjugate gradients on the normal equations, scaled by their diagonal.
  func solve() -> [Change] {
    let count = 6 * nodes
    var diagonal = [Float](repeating: 1e-6, count: count)
    var r = [Float](repeating: 0, count: count)
    var start = 0
    for (end, residual) in zip(ends, residuals) {
      for k in start..<end {
        for i in 0..<6 {
          let (at, part) = (places[k] + i, parts[6 * k + i])
          diagonal[at] += part * part
          r[at] -= part * residual
        }
      }
      start = end
    }
    var x = [Float](repeating: 0, count: count)
    var (z, q) = (x, x)
    for i in 0..<count { z[i] = r[i] / diagonal[i] }
    var (p, old) = (z, Self.dot(r, z))
    let enough = old * 1e-6
    for _ in 0..<Self.turns where old > enough {
      product(p, diagonal, into: &q)
      let step = old / max(Self.dot(p, q), .leastNormalMagnitude)
      for i in 0..<count {
        x[i] += p[i] * step
        r[i] -= q[i] * step
        z[i] = r[i] / diagonal[i]
      }
      let now = Self.dot(r, z)
      for i in 0..<count { p[i] = z[i] + p[i] * (now / old) }
      old = now
    }
    return (0..<nodes).map { n in
      Change(
        turn: SIMD3(x[6 * n], x[6 * n + 1], x[6 * n + 2]),
        shift: SIMD3(x[6 * n + 3], x[6 * n + 4], x[6 * n + 5]))
    }
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Float {
    var sum: Float = 0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }

  /// The damped normal equations' matrix times a vector.
  private func product(_ v: [Float], _ diagonal: [Float], into result: inout [Float]) {
    for i in v.indices { result[i] = v[i] * diagonal[i] * Self.damping }
    parts.withUnsafeBufferPointer { parts in
      v.withUnsafeBufferPointer { v in
        result.withUnsafeMutableBufferPointer { result in
          var start = 0
          for end in ends {
            var sum: Float = 0
            for k in start..<end {
              let (a, b) = (6 * k, places[k])
              sum += parts[a] * v[b] + parts[a + 1] * v[b + 1] + parts[a + 2] * v[b + 2]
              sum += parts[a + 3] * v[b + 3] + parts[a + 4] * v[b + 4] + parts[a + 5] * v[b + 5]
            }
            for k in start..<end {
              let (a, b) = (6 * k, places[k])
              result[b] += parts[a] * sum
              result[b + 1] += parts[a + 1] * sum
              result[b + 2] += parts[a + 2] * sum
              result[b + 3] += parts[a + 3] * sum
              result[b + 4] += parts[a + 4] * sum
              result[b + 5] += parts[a + 5] * sum
            }
            start = end
          }
        }
      }
    }
  }
}
