internal import CaptureCore
internal import Foundation

/// Rigid motions of joints; angles are radians, right-handed about the named axis.
extension RigidTransform {
  static func move(_ x: Double, _ y: Double, _ z: Double) -> RigidTransform {
    RigidTransform(rows: identity.rows, translation: SIMD3(x, y, z))
  }
  static func turnX(_ angle: Double) -> RigidTransform {
    let (c, s) = (cos(angle), sin(angle))
    return RigidTransform(
      rows: (SIMD3(1, 0, 0), SIMD3(0, c, -s), SIMD3(0, s, c)), translation: .zero)
  }
  static func turnY(_ angle: Double) -> RigidTransform {
    let (c, s) = (cos(angle), sin(angle))
    return RigidTransform(
      rows: (SIMD3(c, 0, s), SIMD3(0, 1, 0), SIMD3(-s, 0, c)), translation: .zero)
  }
  static func turnZ(_ angle: Double) -> RigidTransform {
    let (c, s) = (cos(angle), sin(angle))
    return RigidTransform(
      rows: (SIMD3(c, -s, 0), SIMD3(s, c, 0), SIMD3(0, 0, 1)), translation: .zero)
  }
}
