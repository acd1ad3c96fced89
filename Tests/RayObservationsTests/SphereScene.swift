import CaptureCore
import Foundation

@testable import RayObservations

/// A sphere that swings from side to side above a level floor, as ideal depth cameras see it.
struct SphereScene {
  static let radius = 0.25
  let cameras: [PlacedCamera]
  var frames: [FrameSet]

  /// - Parameter radius: Beyond which the lens has no ray, in units of the focal length.
  init(frames count: Int = 6, distortion: Distortion = .none, radius: Double? = nil) {
    let lens = CameraModel(
      width: 80, height: 72, intrinsics: Intrinsics(fx: 63, fy: 63, cx: 40.3, cy: 35.2),
      distortion: distortion, radius: radius)
    cameras = IdealCameras.around(height: 1.2, lookingAt: 0.5, lens: lens)
    frames = (0..<count).map { i in
      FrameSet(
        index: i, time: Double(i) / 15,
        entries: [FrameSet.Entry](repeating: .init(depth: i), count: 4))
    }
  }

  static func center(_ frame: Int) -> SIMD3<Double> {
    SIMD3(0.35 * sin(Double(frame) * 1.3), 0.7, 0)
  }

  /// Depth in quarters of a millimetre; `noise` adds to each pixel's z in metres. One camera may look
  /// past the sphere, as past a sheet seen edge-on.
  func images(
    _ frame: Int, noise: (Int) -> Double = { _ in 0 }, lookingPast blind: Int? = nil
  ) throws -> [CameraFrame] {
    try IdealCameras.images(cameras) { c, i, origin, ray in
      var z = ray.y < -1e-9 ? -origin.y / ray.y : .infinity
      let m = origin - Self.center(frame)
      let (a, b) = (ray.dot(ray), ray.dot(m))
      let d = b * b - a * (m.dot(m) - Self.radius * Self.radius)
      if d > 0, c != blind { z = min(z, (-b - d.squareRoot()) / a) }
      return z + noise(i + 7919 * c)
    }
  }

  func signedDistance(_ p: SIMD3<Float>, frame: Int) -> Double {
    (SIMD3<Double>(p) - Self.center(frame)).length - Self.radius
  }
}

extension ObservationConfiguration {
  /// Every set as it was seen, by itself: quick without optimisation.
  static var unaveraged: Self {
    var configuration = Self()
    (configuration.averageSets, configuration.averageRadius) = (0, 0)
    return configuration
  }
}
