public import CaptureCore
internal import Foundation

extension RigidTransform {
  /// A rotation by a vector: axis times angle, radians.
  public static func turn(_ v: SIMD3<Double>) -> RigidTransform {
    let (angle, a) = (v.length, v.normalized)
    func rotate(_ p: SIMD3<Double>) -> SIMD3<Double> {
      p * cos(angle) + a.cross(p) * sin(angle) + a * (a.dot(p) * (1 - cos(angle)))
    }
    let (x, y, z) = (rotate(SIMD3(1, 0, 0)), rotate(SIMD3(0, 1, 0)), rotate(SIMD3(0, 0, 1)))
    return RigidTransform(
      rows: (SIMD3(x.x, y.x, z.x), SIMD3(x.y, y.y, z.y), SIMD3(x.z, y.z, z.z)), translation: .zero)
  }

  /// Angle of the rotation, radians.
  public var angle: Double {
    acos(max(-1, min(1, (rows.0.x + rows.1.y + rows.2.z - 1) / 2)))
  }
}
