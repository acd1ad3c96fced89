/// The projective map of one plane to another: `(x, y, 1)` to a multiple of `(u, v, 1)`.
public struct PlaneHomography: Sendable {
  /// Row-major 3×3.
  public let h: [Double]

  /// The least-squares map of at least four pairs of points (direct linear transform on centred and
  /// scaled points, Hartley 1997); nil for degenerate ones.
  public init?(_ pairs: [(SIMD2<Double>, SIMD2<Double>)]) {
    guard pairs.count >= 4, let a = Self.scaling(pairs.map(\.0)),
      let b = Self.scaling(pairs.map(\.1))
    else { return nil }
    var normal = DenseMatrix(rows: 9, columns: 9)
    for pair in pairs {
      let (p, q) = ((pair.0 - a.center) * a.scale, (pair.1 - b.center) * b.scale)
      for row in [
        [p.x, p.y, 1, 0, 0, 0, -q.x * p.x, -q.x * p.y, -q.x],
        [0, 0, 0, p.x, p.y, 1, -q.y * p.x, -q.y * p.y, -q.y],
      ] {
        for i in 0..<9 where row[i] != 0 { for j in 0..<9 { normal[i, j] += row[i] * row[j] } }
      }
    }
    guard let eigen = SymmetricEigen(normal), eigen.values[1] > 1e-9 * eigen.values[8] else {
      return nil
    }
    let m = DenseMatrix(rows: 3, columns: 3, elements: eigen.vector(0))
    let from = DenseMatrix(
      rows: 3, columns: 3,
      elements: [a.scale, 0, -a.scale * a.center.x, 0, a.scale, -a.scale * a.center.y, 0, 0, 1])
    let to = DenseMatrix(
      rows: 3, columns: 3,
      elements: [1 / b.scale, 0, b.center.x, 0, 1 / b.scale, b.center.y, 0, 0, 1])
    h = (to * m * from).elements
  }

  /// The image of a point; nil at infinity.
  public func apply(_ p: SIMD2<Double>) -> SIMD2<Double>? {
    let w = h[6] * p.x + h[7] * p.y + h[8]
    guard abs(w) > 1e-12 else { return nil }
    return SIMD2(h[0] * p.x + h[1] * p.y + h[2], h[3] * p.x + h[4] * p.y + h[5]) / w
  }

  private static func scaling(
    _ points: [SIMD2<Double>]
  ) -> (center: SIMD2<Double>, scale: Double)? {
    let center = points.reduce(.zero, +) / Double(points.count)
    let spread = points.map { (($0 - center) * ($0 - center)).sum() }.reduce(0, +)
    let radius = (spread / Double(points.count)).squareRoot()
    return radius > 1e-12 ? (center, 2.0.squareRoot() / radius) : nil
  }
}
