import CaptureCore
import LinearAlgebra
import Testing

@Suite struct DenseMatrixTests {
  private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> DenseMatrix {
    var generator = SeededGenerator(seed: seed)
    return DenseMatrix(
      rows: rows, columns: columns,
      elements: (0..<rows * columns).map { _ in Double(generator.normal()) })
  }

  private func transposed(_ a: DenseMatrix) -> DenseMatrix {
    var result = DenseMatrix(rows: a.columns, columns: a.rows)
    for i in 0..<a.rows { for j in 0..<a.columns { result[j, i] = a[i, j] } }
    return result
  }

  private func distance(_ a: DenseMatrix, _ b: DenseMatrix) -> Double {
    zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
  }

  @Test("Cholesky's factor solves and inverts", arguments: [1, 2, 7, 60])
  func cholesky(n: Int) throws {
    let a = random(n, n, seed: UInt64(n))
    let matrix = a * transposed(a)
    let factor = try #require(CholeskyFactor(matrix))
    #expect(distance(factor.lower * transposed(factor.lower), matrix) < 1e-10 * Double(n))
    let x = random(n, 1, seed: 5).elements
    let solved = try #require(factor.solve(matrix * x))
    #expect(zip(solved, x).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(distance(matrix * factor.inverse, .identity(n)) < 1e-4)
  }

  @Test("What is not positive definite or not finite has no factor")
  func refusals() {
    #expect(CholeskyFactor(DenseMatrix(rows: 2, columns: 2, elements: [1, 0, 0, -1])) == nil)
    #expect(CholeskyFactor(DenseMatrix(rows: 1, columns: 1, elements: [.nan])) == nil)
    #expect(SymmetricEigen(DenseMatrix(rows: 1, columns: 1, elements: [.infinity])) == nil)
    #expect(DenseMatrix(rows: 2, columns: 2, elements: [1, 2, 2, 4]).inverse == nil)
  }

  @Test("Eigenvalues rise and rebuild the matrix")
  func eigen() throws {
    let a = random(9, 9, seed: 3)
    let matrix = a * transposed(a)
    let eigen = try #require(SymmetricEigen(matrix))
    #expect(eigen.values == eigen.values.sorted())
    for k in 0..<9 {
      let v = eigen.vector(k)
      #expect(zip(matrix * v, v).allSatisfy { abs($0 - eigen.values[k] * $1) < 1e-9 })
    }
  }

  @Test("A product with the inverse is the identity")
  func inverse() throws {
    let matrix = random(6, 6, seed: 8)
    #expect(distance(matrix * (try #require(matrix.inverse)), .identity(6)) < 1e-10)
  }
}
