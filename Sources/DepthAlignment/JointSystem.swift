internal import CaptureCore
internal import LinearAlgebra

/// Where the cameras stand and what their clocks are off by, as far as it is known.
struct AlignmentState: Sendable {
  /// Colour lens to world, by camera.
  var worldFromColor: [RigidTransform]
  /// What is added to the times of a clock, seconds, by clock.
  var shifts: [Double]
}

/// Normal equations over all cameras and clocks.
///
/// Unknown are, for each camera, a turn about its colour lens (radians, world axes) and a shift
/// (metres), and for each clock but the rig's a shift in time (seconds). The reference camera has
/// none. Turns are counted in `lever` metres, so that all of a camera's unknowns are lengths.
struct JointSystem {
  /// Ordered pairs of cameras that were compared.
  struct Pair: Hashable, Sendable { var from, to: Int }

  /// Free cameras, in the order of their columns, six each.
  let cameras: [Int]
  /// Free clocks, in the order of their columns, after the cameras'.
  let clocks: [Int]
  let lever: Double
  /// `[n × n]` and `[n]`.
  private(set) var matrix: DenseMatrix
  private(set) var right: [Double]
  private(set) var spurious: DenseMatrix
  /// As ``matrix``, of ``PairSums/curvature``.
  private(set) var curvature: DenseMatrix

  var size: Int { 6 * cameras.count + clocks.count }
  var poseColumns: Int { 6 * cameras.count }

  init(cameras: [Int], clocks: [Int], lever: Double) {
    (self.cameras, self.clocks, self.lever) = (cameras, clocks, lever)
    let n = max(1, 6 * cameras.count + clocks.count)
    matrix = DenseMatrix(rows: n, columns: n)
    spurious = DenseMatrix(rows: n, columns: n)
    curvature = DenseMatrix(rows: n, columns: n)
    right = [Double](repeating: 0, count: n)
  }

  /// The columns of a pair and what turns the moments of ``PairSums`` into derivatives, `[columns × 7]`.
  struct Derivatives {
    var columns: [Int] = []
    var rows: [[Double]] = []
  }

  /// - Parameters:
  ///   - lenses: Colour lenses from the common origin, by camera.
  ///   - clockOf: Clock of each camera.
  func derivatives(
    of pair: Pair, lenses: [SIMD3<Double>], clockOf: [Int]
  ) -> Derivatives {
    var result = Derivatives()
    for (camera, sign) in [(pair.from, 1.0), (pair.to, -1.0)] {
      if let position = cameras.firstIndex(of: camera) {
        let c = lenses[camera]
        // (p - c) × n = p × n - c × n
        let turns = [
          [1, 0, 0, 0, c.z, -c.y, 0], [0, 1, 0, -c.z, 0, c.x, 0], [0, 0, 1, c.y, -c.x, 0, 0],
        ]
        for (axis, turn) in turns.enumerated() {
          result.columns.append(6 * position + axis)
          result.rows.append(turn.map { $0 * sign / lever })
        }
        for axis in 0..<3 {
          var row = [Double](repeating: 0, count: PairSums.size)
          row[3 + axis] = sign
          result.columns.append(6 * position + 3 + axis)
          result.rows.append(row)
        }
      }
      if clockOf[pair.from] != clockOf[pair.to],
        let position = clocks.firstIndex(of: clockOf[camera])
      {
        var row = [Double](repeating: 0, count: PairSums.size)
        row[6] = sign
        result.columns.append(poseColumns + position)
        result.rows.append(row)
      }
    }
    return result
  }

  /// Adds the sums of a pair.
  mutating func add(_ sums: PairSums, _ derivatives: Derivatives) {
    Self.add(sums.matrix, derivatives, to: &matrix)
    Self.add(sums.spurious, derivatives, to: &spurious)
    Self.add(sums.curvature, derivatives, to: &curvature)
    for (a, row) in zip(derivatives.columns, derivatives.rows) {
      for i in 0..<PairSums.size { right[a] += row[i] * sums.right[i] }
    }
  }

  /// Adds `J M Jᵀ` of an upper triangle M.
  private static func add(
    _ triangle: [28 of Double], _ derivatives: Derivatives, to matrix: inout DenseMatrix
  ) {
    var full = Self.zeros
    var k = 0
    for i in 0..<PairSums.size {
      for j in i..<PairSums.size {
        (full[i][j], full[j][i]) = (triangle[k], triangle[k])
        k += 1
      }
    }
    for (a, row) in zip(derivatives.columns, derivatives.rows) {
      let product = times(full, row)
      for (b, other) in zip(derivatives.columns, derivatives.rows) {
        matrix[a, b] += dot(product, other)
      }
    }
  }

  /// Holds a clock near zero change: `(value + change)² / deviation²`.
  mutating func hold(clock: Int, at value: Double, deviation: Double) {
    guard let position = clocks.firstIndex(of: clock) else { return }
    let (i, weight) = (poseColumns + position, 1 / (deviation * deviation))
    matrix[i, i] += weight
    curvature[i, i] += weight
    right[i] += weight * value
  }

  /// The gradient `Σ w J r` of a part of the sums, spread over all columns.
  func gradient(_ right: ArraySlice<Double>, _ derivatives: Derivatives) -> [Double] {
    var result = [Double](repeating: 0, count: size)
    for (a, row) in zip(derivatives.columns, derivatives.rows) {
      for (i, value) in zip(0..<PairSums.size, right) { result[a] += row[i] * value }
    }
    return result
  }

  private static let zeros = [[Double]](
    repeating: [Double](repeating: 0, count: PairSums.size), count: PairSums.size)

  private static func times(_ matrix: [[Double]], _ row: [Double]) -> [Double] {
    matrix.map { dot($0, row) }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<a.count { sum += a[i] * b[i] }
    return sum
  }
}
