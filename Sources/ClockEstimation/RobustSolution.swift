internal import Foundation

/// The unknowns of an alignment by iterated least squares with Tukey's biweight.
struct RobustSolution {
  /// By column.
  let values: [Double]
  private let system: NormalEquations
  /// Typical residual of each pair of cameras, metres.
  private let deviations: [Int: Double]
  private let share: Double

  /// Nil when the samples do not tell.
  init?(
    _ samples: [AlignmentSample], _ equations: AlignmentEquations, independent: Double,
    passes: Int = 4
  ) {
    var moments = Set<SIMD2<Int>>()
    for s in samples { moments.insert(SIMD2(Int(s.block), s.pair)) }
    share = min(1, independent * Double(moments.count) / Double(samples.count))
    var solution = [Double](repeating: 0, count: equations.size)
    var system = NormalEquations(size: equations.size)
    var deviations: [Int: Double] = [:]
    var row = SparseRow()
    for _ in 0..<passes {
      let residuals = samples.map { s in
        equations.fill(&row, s)
        return Double(s.distance) + row.dot(solution)
      }
      deviations = Self.deviations(samples, residuals)
      system = equations.held()
      for (s, residual) in zip(samples, residuals) {
        let weight = share * Self.weight(residual, s.bend, deviations[s.pair] ?? 1)
        guard weight > 0 else { continue }
        equations.fill(&row, s)
        system.add(row, -Double(s.distance), weight)
      }
      guard let next = system.solved() else { return nil }
      solution = next
    }
    (values, self.system, self.deviations) = (solution, system, deviations)
  }

  /// The normal equations' factors.
  var factors: LinearSystem? { LinearSystem(system.matrix, size: system.size) }

  /// By how much a sample moves the unknown whose column of the inverse is given.
  struct Pull {
    /// By a metre of its distance, and by what is left of that.
    var unit, actual: Double
  }

  /// How each sample pulls the unknown whose column of the inverse is given.
  func pulls(
    along inverse: [Double], _ samples: [AlignmentSample], _ equations: AlignmentEquations
  ) -> [Pull] {
    var row = SparseRow()
    return samples.map { s in
      equations.fill(&row, s)
      let residual = Double(s.distance) + row.dot(values)
      let weight = share * Self.weight(residual, s.bend, deviations[s.pair] ?? 1)
      let unit = weight * row.dot(inverse)
      return Pull(unit: unit, actual: unit * residual)
    }
  }

  /// Each pair's median residual; a pair with few samples has that of all.
  private static func deviations(
    _ samples: [AlignmentSample], _ residuals: [Double]
  ) -> [Int: Double] {
    func deviation(_ sizes: [Double]) -> Double {
      max(1.4826 * sizes.sorted()[sizes.count / 2], 0.0005)
    }
    var sizes: [Int: [Double]] = [:]
    for (s, residual) in zip(samples, residuals) {
      sizes[s.pair, default: []].append(abs(residual))
    }
    let all = deviation(residuals.map { abs($0) })
    return sizes.mapValues { $0.count < 30 ? all : deviation($0) }
  }

  /// One over the variance, times Tukey's biweight.
  private static func weight(_ residual: Double, _ bend: Float, _ deviation: Double) -> Double {
    let variance = deviation * deviation + Double(bend) * Double(bend)
    let x = residual * residual / (7 * variance)
    return x < 1 ? (1 - x) * (1 - x) / variance : 0
  }
}
