/// A pinhole camera as one 3×4 matrix `P = K [R | t]`, world to pixel.
public struct ProjectionMatrix {
  /// Focal lengths and centre as in the matrix, `K[2][2] = 1`.
  public let intrinsics: Intrinsics
  /// `K[0][1]`, pixels.
  public let skew: Double
  /// `[R | t]`.
  public let cameraFromWorld: RigidTransform

  /// Takes a matrix apart. Its scale and sign do not matter: the camera looks along +z.
  ///
  /// R's rows come from M = K R by Gram and Schmidt from the last row up, which is the RQ
  /// decomposition with a positive diagonal; then t = K⁻¹ p by back substitution.
  /// - Parameter rows: Row-major `[3 × 4]`, or more rows, which are left out.
  /// - Returns: nil when the matrix is singular or not finite.
  public init?(_ rows: [Double]) {
    guard rows.count >= 12, rows[..<12].allSatisfy(\.isFinite) else { return nil }
    var m = (0..<3).map { SIMD3(rows[4 * $0], rows[4 * $0 + 1], rows[4 * $0 + 2]) }
    var p = SIMD3(rows[3], rows[7], rows[11])
    let size = m.map(\.length)
    let determinant = m[0].cross(m[1]).dot(m[2])
    guard abs(determinant) > 1e-9 * size[0] * size[1] * size[2], determinant.isFinite else {
      return nil
    }
    if determinant < 0 {
      m = m.map { -$0 }
      p = -p
    }
    let k22 = m[2].length
    let r2 = m[2] / k22
    let k12 = m[1].dot(r2)
    let k11 = (m[1] - k12 * r2).length
    let r1 = (m[1] - k12 * r2) / k11
    let (k01, k02) = (m[0].dot(r1), m[0].dot(r2))
    let k00 = (m[0] - k01 * r1 - k02 * r2).length
    let r0 = (m[0] - k01 * r1 - k02 * r2) / k00
    let z = p.z / k22
    let y = (p.y - k12 * z) / k11
    let x = (p.x - k01 * y - k02 * z) / k00
    intrinsics = Intrinsics(fx: k00 / k22, fy: k11 / k22, cx: k02 / k22, cy: k12 / k22)
    skew = k01 / k22
    cameraFromWorld = RigidTransform(rows: (r0, r1, r2), translation: SIMD3(x, y, z))
  }
}
