internal import CDenseAlgebra

/// A dense matrix of doubles, row-major.
public struct DenseMatrix: Equatable, Sendable {
  /// Size.
  public let rows, columns: Int
  /// Row-major entries, `[rows × columns]`.
  public var elements: [Double]

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(
      rows: rows, columns: columns, elements: [Double](repeating: 0, count: rows * columns))
  }

  /// A matrix of the given entries, row-major, `rows × columns` of them.
  public init(rows: Int, columns: Int, elements: [Double]) {
    precondition(rows > 0 && columns > 0 && elements.count == rows * columns, "wrong shape")
    (self.rows, self.columns, self.elements) = (rows, columns, elements)
  }

  /// The matrix that changes nothing.
  public static func identity(_ n: Int) -> DenseMatrix {
    var result = DenseMatrix(rows: n, columns: n)
    for i in 0..<n { result[i, i] = 1 }
    return result
  }

  /// The entry at a row and a column.
  public subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  /// The product; the columns of `a` are as many as the rows of `b`.
  public static func * (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    precondition(a.columns == b.rows, "wrong shapes")
    var result = DenseMatrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for k in 0..<a.columns {
        let factor = a[i, k]
        for j in 0..<b.columns { result[i, j] += factor * b[k, j] }
      }
    }
    return result
  }

  /// The product with a column vector, `[columns]`.
  public static func * (a: DenseMatrix, x: [Double]) -> [Double] {
    precondition(a.columns == x.count, "wrong shapes")
    return (0..<a.rows).map { i in
      var sum = 0.0
      for j in 0..<a.columns { sum += a[i, j] * x[j] }
      return sum
    }
  }

  /// The inverse of a square matrix; nil where it is singular or not finite.
  public var inverse: DenseMatrix? {
    precondition(rows == columns, "only square matrices have an inverse")
    var result = DenseMatrix(rows: rows, columns: rows)
    return cda_inverse(elements, Int64(rows), &result.elements) == 1 ? result : nil
  }
}

/// Cholesky's factor of a symmetric positive definite matrix.
public struct CholeskyFactor: Sendable {
  /// The lower triangle L of `matrix = L Lᵀ`.
  public let lower: DenseMatrix

  /// Factors a matrix, of which the lower triangle is read; nil unless it is positive definite.
  public init?(_ matrix: DenseMatrix) {
    precondition(matrix.rows == matrix.columns, "only square matrices have this factor")
    var lower = DenseMatrix(rows: matrix.rows, columns: matrix.rows)
    guard cda_cholesky(matrix.elements, Int64(matrix.rows), &lower.elements) == 1 else {
      return nil
    }
    self.lower = lower
  }

  /// The x of `matrix x = b`, `[n]`; nil where `b` is not finite.
  public func solve(_ b: [Double]) -> [Double]? {
    precondition(b.count == lower.rows, "wrong shape")
    var x = b
    return cda_cholesky_solve(lower.elements, Int64(lower.rows), &x, 1) == 1 ? x : nil
  }

  /// The inverse of the matrix: of an information matrix the covariance.
  public var inverse: DenseMatrix {
    var result = DenseMatrix.identity(lower.rows)
    _ = cda_cholesky_solve(lower.elements, Int64(lower.rows), &result.elements, Int64(lower.rows))
    return result
  }
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
public struct SymmetricEigen: Sendable {
  /// The eigenvalues, rising.
  public let values: [Double]
  /// The eigenvectors of length 1, one a column, in the order of the values.
  public let vectors: DenseMatrix

  /// Decomposes a matrix, of which the lower triangle is read; nil where it is not finite.
  public init?(_ matrix: DenseMatrix) {
    precondition(matrix.rows == matrix.columns, "only square matrices have eigenvalues")
    var values = [Double](repeating: 0, count: matrix.rows)
    var vectors = DenseMatrix(rows: matrix.rows, columns: matrix.rows)
    guard
      cda_symmetric_eigen(matrix.elements, Int64(matrix.rows), &values, &vectors.elements) == 1
    else { return nil }
    (self.values, self.vectors) = (values, vectors)
  }

  /// One eigenvector.
  public func vector(_ index: Int) -> [Double] {
    (0..<vectors.rows).map { vectors[$0, index] }
  }
}
