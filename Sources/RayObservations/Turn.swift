internal import CaptureCore
internal import Foundation

/// A rotation, as its matrix's columns.
struct Turn: Sendable {
  private var x = SIMD3<Float>(1, 0, 0)
  private var y = SIMD3<Float>(0, 1, 0)
  private var z = SIMD3<Float>(0, 0, 1)

  func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> { x * v.x + y * v.y + z * v.z }

  /// Followed by a rotation about an axis by the axis's length, radians.
  func turned(_ axis: SIMD3<Float>) -> Turn {
    let angle = axis.length
    guard angle > 1e-9 else { return self }
    let k = axis / angle
    let (c, s) = (cosf(angle), sinf(angle))
    func turned(_ v: SIMD3<Float>) -> SIMD3<Float> {
      v * c + k.cross(v) * s + k * (k.dot(v) * (1 - c))
    }
    var result = self
    (result.x, result.y, result.z) = (turned(x), turned(y), turned(z))
    return result
  }
}
