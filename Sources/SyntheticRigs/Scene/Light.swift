internal import CaptureCore

/// The light of the scene: mostly even, some from above and one side, the same for every camera.
enum Light {
  private static let direction = SIMD3<Float>(0.35, 0.85, 0.4).normalized
  private static let ambient: Float = 0.68

  /// sRGB colour of a matte surface, 0...1. Depends on the normal alone, so all cameras agree.
  static func shade(_ albedo: SIMD3<Float>, normal: SIMD3<Float>) -> SIMD3<Float> {
    albedo * (ambient + (1 - ambient) * max(normal.dot(direction), 0))
  }
}
