internal import CaptureCore
internal import Foundation

/// By how much a camera stands elsewhere than its calibration says: a turn about the camera and a
/// shift, in the world.
struct PoseCorrection: Sendable {
  /// Rotation vector, radians, and shift, metres.
  var turn = SIMD3<Double>.zero, shift = SIMD3<Double>.zero

  /// The correction as it is applied to points.
  func motion(about origin: SIMD3<Float>) -> Motion {
    let angle = turn.length
    // Rodrigues' formula: R = c I + (1 - c) a aT + s [a]x.
    let (c, s) = (cos(angle), sin(angle))
    let a = angle > 1e-12 ? turn / angle : SIMD3(1, 0, 0)
    let (x, y, z) = (a * a.x * (1 - c), a * a.y * (1 - c), a * a.z * (1 - c))
    return Motion(
      origin: origin, shift: SIMD3<Float>(shift),
      rows: (
        SIMD3<Float>(x + SIMD3(c, -s * a.z, s * a.y)),
        SIMD3<Float>(y + SIMD3(s * a.z, c, -s * a.x)),
        SIMD3<Float>(z + SIMD3(-s * a.y, s * a.x, c))
      ))
  }

  /// Where a camera stands that is said to be at `place`.
  func corrected(_ place: RigidTransform) -> RigidTransform {
    let motion = motion(about: .zero)
    let rotation = RigidTransform(
      rows: (
        SIMD3<Double>(motion.rows.0), SIMD3<Double>(motion.rows.1), SIMD3<Double>(motion.rows.2)
      ), translation: .zero)
    return RigidTransform(
      rows: (rotation * place).rows, translation: place.translation + shift)
  }

  /// A small rigid motion about a point.
  struct Motion: Sendable {
    let origin, shift: SIMD3<Float>
    let rows: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)

    @inline(__always) func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> {
      SIMD3(rows.0.dot(v), rows.1.dot(v), rows.2.dot(v))
    }

    @inline(__always) func apply(_ p: SIMD3<Float>) -> SIMD3<Float> {
      rotate(p - origin) + origin + shift
    }

    @inline(__always) func undo(_ p: SIMD3<Float>) -> SIMD3<Float> {
      let q = p - origin - shift
      return rows.0 * q.x + rows.1 * q.y + rows.2 * q.z + origin
    }

    @inline(__always) func undoRotation(_ v: SIMD3<Float>) -> SIMD3<Float> {
      rows.0 * v.x + rows.1 * v.y + rows.2 * v.z
    }
  }
}
