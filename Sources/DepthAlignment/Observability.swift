internal import LinearAlgebra

/// Which motions of the cameras the matches know.
///
/// The clocks are eliminated first (Schur's complement), so that a motion that a shift in time could
/// as well explain counts as unknown. Then the eigenvectors of what is left are looked at one by one.
///
/// Source of the idea: J. Zhang, M. Kaess, S. Singh, *On degeneracy of optimization-based state
/// estimation problems*, 2016.
struct Observability {
  /// Information that noise in the normals pretends counts so many times against what was found.
  private static let pretence = 2.5
  /// A motion is unknown when its standard deviation, were all matches independent, is larger than
  /// this, metres; they are not, and the true one is tens of times larger.
  private static let deviation = 0.004

  /// Robust scores change by no less than this share of their weights.
  private static let leastCurvature = 0.25

  /// Eigenvectors of the cameras' columns, of length 1.
  private(set) var known: [(vector: [Double], information: Double)] = []
  private(set) var unknown: [[Double]] = []
  private let clockPart: CholeskyFactor?
  private let coupling: [[Double]]
  private let system: JointSystem

  /// Nil where the equations are not finite.
  init?(_ system: JointSystem) {
    self.system = system
    let (p, n) = (system.poseColumns, system.size)
    let q = n - p
    var coupling: [[Double]] = []
    var reduced = DenseMatrix(rows: max(1, p), columns: max(1, p))
    for i in 0..<p { for j in 0..<p { reduced[i, j] = system.matrix[i, j] } }
    var factor: CholeskyFactor?
    if q > 0 {
      var clocks = DenseMatrix(rows: q, columns: q)
      for i in 0..<q { for j in 0..<q { clocks[i, j] = system.matrix[p + i, p + j] } }
      guard let made = CholeskyFactor(clocks) else { return nil }
      factor = made
      for i in 0..<p {
        guard let solved = made.solve((0..<q).map { system.matrix[i, p + $0] }) else { return nil }
        coupling.append(solved)
      }
      for i in 0..<p {
        for j in 0..<p {
          for k in 0..<q { reduced[i, j] -= coupling[i][k] * system.matrix[j, p + k] }
        }
      }
    }
    (clockPart, self.coupling) = (factor, coupling)
    guard p > 0 else { return }
    guard let eigen = SymmetricEigen(reduced) else { return nil }
    for i in 0..<p {
      let vector = eigen.vector(i)
      let pretended = quadratic(vector)
      let least = max(
        Self.pretence * pretended, 1 / (Self.deviation * Self.deviation))
      if eigen.values[i] < least {
        unknown.append(vector)
      } else {
        known.append((vector, eigen.values[i]))
      }
    }
  }

  private func quadratic(_ vector: [Double]) -> Double {
    var sum = 0.0
    for i in vector.indices {
      for j in vector.indices { sum += vector[i] * system.spurious[i, j] * vector[j] }
    }
    return sum
  }

  /// The change of all unknowns that the right side asks for, none of it along unknown motions.
  func change(_ right: [Double]) -> [Double] {
    change(right, by: known.map(\.information))
  }

  /// By how much a disturbance of the right side disturbs the unknowns: ``change(_:)`` with how fast
  /// the robust scores really change in place of their weights.
  func response(to right: [Double]) -> [Double] {
    change(right, by: curvatures)
  }

  private func change(_ right: [Double], by informations: [Double]) -> [Double] {
    let (p, n) = (system.poseColumns, system.size)
    let q = n - p
    var reduced = Array(right[0..<p])
    for i in 0..<p { for k in 0..<q { reduced[i] -= coupling[i][k] * right[p + k] } }
    var result = [Double](repeating: 0, count: n)
    for ((vector, _), information) in zip(known, informations) {
      var along = 0.0
      for i in 0..<p { along += vector[i] * reduced[i] }
      for i in 0..<p { result[i] -= vector[i] * along / information }
    }
    guard q > 0, let clockPart else { return result }
    var rest = (0..<q).map { -right[p + $0] }
    for k in 0..<q { for i in 0..<p { rest[k] -= system.matrix[i, p + k] * result[i] } }
    if let solved = clockPart.solve(rest) {
      for k in 0..<q { result[p + k] = solved[k] }
    }
    return result
  }

  /// The curvature along each known motion, with the clocks that go with it.
  private var curvatures: [Double] {
    let (p, n) = (system.poseColumns, system.size)
    return known.map { vector, information in
      var full = vector
      for k in 0..<n - p {
        full.append(-(0..<p).reduce(0) { $0 + coupling[$1][k] * vector[$1] })
      }
      var sum = 0.0
      for i in 0..<n { for j in 0..<n { sum += full[i] * system.curvature[i, j] * full[j] } }
      return max(Self.leastCurvature * information, sum)
    }
  }
}
