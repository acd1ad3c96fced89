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

  private func distance(_ a: DenseMatrix, _ b: DenseMatrix) -> Double {
    zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
  }

  @Test("Cholesky's factor solves and inverts", arguments: [1, 2, 7, 60])
  func cholesky(n: Int) throws {
    let a = random(n, n, seed: UInt64(n))
    let matrix = a * a.transposed
    let factor = try #require(CholeskyFactor(matrix))
    #expect(distance(factor.lower * factor.lower.transposed, matrix) < 1e-10 * Double(n))
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
    #expect(SingularValues(DenseMatrix(rows: 1, columns: 2, elements: [.nan, 1])) == nil)
    #expect(DenseMatrix(rows: 2, columns: 2, elements: [1, 2, 2, 4]).inverse == nil)
  }

  @Test("Eigenvalues rise and rebuild the matrix")
  func eigen() throws {
    let a = random(9, 9, seed: 3)
    let matrix = a * a.transposed
    let eigen = try #require(SymmetricEigen(matrix))
    #expect(eigen.values == eigen.values.sorted())
    for k in 0..<9 {
      let v = eigen.vector(k)
      #expect(zip(matrix * v, v).allSatisfy { abs($0 - eigen.values[k] * $1) < 1e-9 })
    }
  }

  @Test("Singular values fall and rebuild the matrix", arguments: [(3, 3), (8, 3), (3, 8)])
  func singular(shape: (Int, Int)) throws {
    let matrix = random(shape.0, shape.1, seed: 4)
    let svd = try #require(SingularValues(matrix))
    #expect(svd.values == svd.values.sorted(by: >))
    var middle = DenseMatrix(rows: 3, columns: 3)
    for k in 0..<3 { middle[k, k] = svd.values[k] }
    #expect(distance(svd.u * middle * svd.v.transposed, matrix) < 1e-10)
  }

  @Test("A product with the inverse is the identity")
  func inverse() throws {
    let matrix = random(6, 6, seed: 8)
    #expect(distance(matrix * (try #require(matrix.inverse)), .identity(6)) < 1e-10)
  }
}
