internal import Foundation

extension RigidTransform {
  /// The turn by `vector.length` radians about a vector (Rodrigues' formula).
  public init(turn vector: SIMD3<Double>) {
    let angle = vector.length
    let a = angle > 0 ? vector / angle : SIMD3(1, 0, 0)
    let (c, s) = (cos(angle), sin(angle))
    let (x, y, z) = (a * a.x * (1 - c), a * a.y * (1 - c), a * a.z * (1 - c))
    self.init(
      rows: (
        x + SIMD3(c, -s * a.z, s * a.y), y + SIMD3(s * a.z, c, -s * a.x),
        z + SIMD3(-s * a.y, s * a.x, c)
      ), translation: .zero)
  }

  /// The vector that ``init(turn:)`` makes the rotation of; its length is the angle, radians.
  public var turn: SIMD3<Double> {
    let w = SIMD3(rows.2.y - rows.1.z, rows.0.z - rows.2.x, rows.1.x - rows.0.y) / 2
    let (s, c) = (w.length, (rows.0.x + rows.1.y + rows.2.z - 1) / 2)
    let angle = atan2(s, c)
    if s > 1e-6 { return w * (angle / s) }
    guard c < 0 else { return w }
    // Half a turn: the axis is a column of R + 1.
    let columns = [
      SIMD3(rows.0.x + 1, rows.1.x, rows.2.x), SIMD3(rows.0.y, rows.1.y + 1, rows.2.y),
      SIMD3(rows.0.z, rows.1.z, rows.2.z + 1),
    ]
    let longest = columns.max { $0.length < $1.length } ?? SIMD3(1, 0, 0)
    return longest.normalized * angle
  }

  /// The place turned by a small vector about its own origin and moved, both in the target frame;
  /// rows are made orthonormal again.
  public func nudged(turn: SIMD3<Double>, shift: SIMD3<Double>) -> RigidTransform {
    let turned = RigidTransform(turn: turn) * RigidTransform(rows: rows, translation: .zero)
    let x = turned.rows.0.normalized
    let y = (turned.rows.1 - x * x.dot(turned.rows.1)).normalized
    return RigidTransform(rows: (x, y, x.cross(y)), translation: translation + shift)
  }
}
