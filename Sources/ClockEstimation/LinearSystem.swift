/// Symmetric positive definite equations, dense.
struct LinearSystem {
  let size: Int
  private var lower: [Double]

  /// Cholesky's factors of a matrix, `[size × size]`; nil unless it is positive definite.
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
  struct Entry {
    var column: Int
    var value: Double
  }

  let size: Int
  private(set) var matrix: [Double]
  private var right: [Double]

  init(size: Int) {
    self.size = size
    matrix = [Double](repeating: 0, count: size * size)
    right = [Double](repeating: 0, count: size)
  }

  mutating func add(_ row: [Entry], _ value: Double, _ weight: Double) {
    for a in row {
      right[a.column] += weight * a.value * value
      for b in row { matrix[a.column * size + b.column] += weight * a.value * b.value }
    }
  }

  func solved() -> [Double]? { LinearSystem(matrix, size: size)?.solve(right) }
}
