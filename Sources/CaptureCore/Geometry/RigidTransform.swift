/// A proper rigid motion `p_in_b = R · p_in_a + t`, named `bFromA`.
///
/// Chains read off by their neighbours: `worldFromRig * rigFromColor * colorFromDepth`.
public struct RigidTransform: Equatable, Sendable {
  /// Rows of the rotation matrix.
  public var rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)
  /// Translation in metres.
  public var translation: SIMD3<Double>

  /// The motion that leaves every point in place.
  public static let identity = RigidTransform(
    rows: (SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)), translation: .zero)

  /// Trusts the rows to be orthonormal; data from outside goes through ``init(validating:translation:)``.
  public init(rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>), translation: SIMD3<Double>) {
    (self.rows, self.translation) = (rows, translation)
  }

  /// `worldFromCamera` of a camera at `eye` that looks at `target`, upright: its x lies level.
  ///
  /// Undefined when it looks straight up or down.
  public static func looking(
    from eye: SIMD3<Double>, at target: SIMD3<Double>
  ) -> RigidTransform {
    let forward = (target - eye).normalized
    let right = forward.cross(SIMD3(0, 1, 0)).normalized
    let down = forward.cross(right)
    return RigidTransform(
      rows: (
        SIMD3(right.x, down.x, forward.x), SIMD3(right.y, down.y, forward.y),
        SIMD3(right.z, down.z, forward.z)
      ), translation: eye)
  }

  /// Accepts a row-major 3×3 matrix that is a rotation to 1e-3, and re-orthonormalises it.
  ///
  /// - Throws: ``CaptureError`` `badInput` for wrong counts, non-finite values, a reflection or a
  ///   matrix whose rows are not orthonormal.
  public init(validating rotation: [Double], translation: [Double]) throws(CaptureError) {
    guard rotation.count == 9, translation.count == 3 else {
      throw CaptureError(
        .badInput,
        "A transform needs 9 rotation and 3 translation numbers, but has \(rotation.count) and \(translation.count)."
      )
    }
    guard (rotation + translation).allSatisfy({ $0.isFinite }) else {
      throw CaptureError(.badInput, "A transform holds a number that is not finite.")
    }
    let r = (0..<3).map { SIMD3(rotation[3 * $0], rotation[3 * $0 + 1], rotation[3 * $0 + 2]) }
    let worst = [
      abs(r[0].dot(r[0]) - 1), abs(r[1].dot(r[1]) - 1), abs(r[2].dot(r[2]) - 1),
      abs(r[0].dot(r[1])), abs(r[0].dot(r[2])), abs(r[1].dot(r[2])),
    ].max()!
    guard worst < 1e-3 else {
      throw CaptureError(
        .badInput, "A rotation matrix is not orthonormal (off by \(worst)).",
        remedy: "Rotations are row-major 3x3 without scale.")
    }
    guard r[0].cross(r[1]).dot(r[2]) > 0 else {
      throw CaptureError(
        .badInput, "A rotation matrix mirrors space (determinant -1).",
        remedy: "Check the axis convention: camera frames are +x right, +y down, +z forward.")
    }
    let x = r[0].normalized
    let y = (r[1] - x * x.dot(r[1])).normalized
    self.init(
      rows: (x, y, x.cross(y)), translation: SIMD3(translation[0], translation[1], translation[2]))
  }

  /// Rotation as nine row-major numbers.
  public var rotation: [Double] {
    [rows.0, rows.1, rows.2].flatMap { [$0.x, $0.y, $0.z] }
  }

  /// The point in the target frame.
  public func apply(_ point: SIMD3<Double>) -> SIMD3<Double> { rotate(point) + translation }

  /// The direction in the target frame: rotation without translation.
  public func rotate(_ v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(rows.0.dot(v), rows.1.dot(v), rows.2.dot(v))
  }

  /// `aFromB` of a `bFromA`.
  public var inverse: RigidTransform {
    let t = (
      SIMD3(rows.0.x, rows.1.x, rows.2.x), SIMD3(rows.0.y, rows.1.y, rows.2.y),
      SIMD3(rows.0.z, rows.1.z, rows.2.z)
    )
    let turned = RigidTransform(rows: t, translation: .zero)
    return RigidTransform(rows: t, translation: -turned.rotate(translation))
  }

  /// `cFromB * bFromA == cFromA`.
  public static func * (c: RigidTransform, b: RigidTransform) -> RigidTransform {
    let (x, y, z) = (
      SIMD3(b.rows.0.x, b.rows.1.x, b.rows.2.x), SIMD3(b.rows.0.y, b.rows.1.y, b.rows.2.y),
      SIMD3(b.rows.0.z, b.rows.1.z, b.rows.2.z)
    )
    func row(_ r: SIMD3<Double>) -> SIMD3<Double> { SIMD3(r.dot(x), r.dot(y), r.dot(z)) }
    return RigidTransform(
      rows: (row(c.rows.0), row(c.rows.1), row(c.rows.2)), translation: c.apply(b.translation))
  }

  /// Component-wise equality.
  public static func == (a: RigidTransform, b: RigidTransform) -> Bool {
    a.rows == b.rows && a.translation == b.translation
  }
}

extension RigidTransform: Codable {
  private enum CodingKeys: String, CodingKey { case rotation, translation }

  /// Decodes `{"rotation": [9 numbers, row-major], "translation": [3 numbers]}`, validated.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      validating: container.decode([Double].self, forKey: .rotation),
      translation: container.decode([Double].self, forKey: .translation))
  }

  /// Encodes what ``init(from:)`` decodes.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rotation, forKey: .rotation)
    try container.encode(
      [translation.x, translation.y, translation.z], forKey: .translation)
  }
}

extension SIMD3 where Scalar: FloatingPoint {
  /// Scalar product.
  @inlinable public func dot(_ other: Self) -> Scalar {
    x * other.x + y * other.y + z * other.z
  }
  /// Vector product, right-handed.
  @inlinable public func cross(_ b: Self) -> Self {
    Self(y * b.z - z * b.y, z * b.x - x * b.z, x * b.y - y * b.x)
  }
  /// Euclidean length.
  @inlinable public var length: Scalar { dot(self).squareRoot() }
  /// The vector of length 1 in the same direction; a zero vector stays zero.
  @inlinable public var normalized: Self {
    let l = length
    return l > 0 ? self / l : self
  }
}
