import CaptureCore
import Foundation

@testable import RayObservations

/// A trunk in a skirt on one leg, upright on a level floor, as four ideal depth cameras see it from above the hem.
struct SkirtScene {
  /// Height of the hem and of the waist, metres, and the skirt's radius there.
  static let hem = SIMD2(0.28, 0.5), waist = SIMD2(0.08, 0.9)
  static let legRadius = 0.06
  let cameras: [PlacedCamera]
  let frames = [
    FrameSet(index: 0, time: 0, entries: [FrameSet.Entry](repeating: .init(depth: 0), count: 4))
  ]

  init() {
    let lens = CameraModel(
      width: 200, height: 180, intrinsics: Intrinsics(fx: 220, fy: 220, cx: 99.5, cy: 89.5),
      distortion: .none)
    cameras = IdealCameras.around(height: 1.1, lookingAt: 0.6, lens: lens)
  }

  /// Signed distance to the scene, the floor included.
  static func distance(_ p: SIMD3<Double>) -> Double {
    let q = SIMD2((p.x * p.x + p.z * p.z).squareRoot(), p.y)
    func segment(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ radius: Double) -> Double {
      let t = min(1, max(0, ((q - a) * (b - a)).sum() / ((b - a) * (b - a)).sum()))
      let off = q - a - t * (b - a)
      return (off * off).sum().squareRoot() - radius
    }
    return min(
      p.y, segment(hem, waist, 0.008), segment(SIMD2(0, 0.9), SIMD2(0, 1.2), 0.1),
      segment(SIMD2(0, 0.1), SIMD2(0, 0.9), legRadius))
  }

  func images() throws -> [CameraFrame] {
    try IdealCameras.images(cameras) { _, _, origin, ray in
      let size = ray.dot(ray).squareRoot()
      var z = 0.3
      for _ in 0..<200 where z < 4 { z += Self.distance(origin + ray * z) / size }
      return z
    }
  }
}
