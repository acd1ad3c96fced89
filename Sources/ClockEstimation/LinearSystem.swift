/// Symmetric positive definite equations, dense.
struct LinearSystem {
  let size: Int
  private var lower: [Double]

  /// Cholesky's factors of a matrix, `[size × size]`, of which the lower half is read; nil unless it is positive definite.
  init?(_ matrix: [Double], size n: Int) {
    var l = matrix
    for i in 0..<n {
      for j in 0...i {
        var sum = l[n * i + j]
        for k in 0..<j { sum -= l[n * i + k] * l[n * j + k] }
        if i == j {
          guard sum > 1e-12 * matrix[n * i + i], sum > 0 else { return nil }
          l[n * i + i] = sum.squareRoot()
        } else {
          l[n * i + j] = sum / l[n * j + j]
        }
      }
    }
    (size, lower) = (n, l)
  }

  func solve(_ right: [Double]) -> [Double] {
    var x = right
    let n = size
    for i in 0..<n {
      for k in 0..<i { x[i] -= lower[n * i + k] * x[k] }
      x[i] /= lower[n * i + i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for k in i + 1..<max(n, i + 1) { x[i] -= lower[n * k + i] * x[k] }
      x[i] /= lower[n * i + i]
    }
    return x
  }
}

/// Normal equations of sparse rows.
struct NormalEquations {
  let size: Int
  private(set) var matrix: [Double]
  private var right: [Double]

  init(size: Int) {
    self.size = size
    matrix = [Double](repeating: 0, count: size * size)
    right = [Double](repeating: 0, count: size)
  }

  /// Adds a row that should give `value`; only the half of the matrix that
  /// ``LinearSystem/init(_:size:)`` reads is filled.
  mutating func add(_ row: SparseRow, _ value: Double, _ weight: Double) {
    for i in 0..<row.count {
      let (a, x) = (row.columns[i], weight * row.values[i])
      right[a] += x * value
      for j in 0..<row.count where row.columns[j] <= a {
        matrix[a * size + row.columns[j]] += x * row.values[j]
      }
    }
  }

  /// Says that a column should come out as `value`.
  mutating func hold(_ column: Int, at value: Double, deviation: Double) {
    let weight = 1 / (deviation * deviation)
    matrix[column * size + column] += weight
    right[column] += weight * value
  }

  func solved() -> [Double]? { LinearSystem(matrix, size: size)?.solve(right) }
}

/// A few columns of a row with their values; reused from row to row.
struct SparseRow {
  private(set) var columns: [Int] = []
  private(set) var values: [Double] = []

  var count: Int { columns.count }

  mutating func removeAll() {
    columns.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }

  mutating func add(_ column: Int, _ value: Double) {
    columns.append(column)
    values.append(value)
  }

  mutating func add(_ first: Int, _ vector: SIMD3<Float>, times factor: Double) {
    for axis in 0..<3 { add(first + axis, factor * Double(vector[axis])) }
  }

  func dot(_ vector: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += values[i] * vector[columns[i]] }
    return sum
  }
}
