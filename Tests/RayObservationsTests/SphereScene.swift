import CaptureCore
import Foundation

@testable import RayObservations

/// A sphere that swings from side to side above a level floor, as ideal depth cameras see it.
struct SphereScene {
  static let radius = 0.25
  let cameras: [PlacedCamera]
  var frames: [FrameSet]

  init(frames count: Int = 6, distortion: Distortion = .none) {
    let lens = CameraModel(
      width: 80, height: 72, intrinsics: Intrinsics(fx: 63, fy: 63, cx: 40.3, cy: 35.2),
      distortion: distortion)
    cameras = (0..<4).map { side in
      let angle = Double(side) * .pi / 2 + 0.3
      let position = SIMD3(2 * sin(angle), 1.2, 2 * cos(angle))
      return PlacedCamera(
        description: CameraDescription(
          id: "cam\(side)", sync: SyncRole(mode: .master), color: nil, depth: lens,
          depthRange: 0.3...4),
        worldFromColor: .looking(from: position, at: SIMD3(0, 0.5, 0)))
    }
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
    try cameras.enumerated().map { c, camera in
      let lens = camera.description.depth!
      let origin = camera.worldFromDepth.translation
      var samples = [UInt16](repeating: 0, count: lens.width * lens.height)
      for (i, pixel) in lens.directionTable().enumerated() where pixel.x.isFinite {
        let ray = camera.worldFromDepth.rotate(SIMD3<Double>(pixel))
        var z = ray.y < -1e-9 ? -origin.y / ray.y : .infinity
        let m = origin - Self.center(frame)
        let (a, b) = (ray.dot(ray), ray.dot(m))
        let d = b * b - a * (m.dot(m) - Self.radius * Self.radius)
        if d > 0, c != blind { z = min(z, (-b - d.squareRoot()) / a) }
        z += noise(i + 7919 * c)
        if z < 4 { samples[i] = UInt16((z * 4000).rounded()) }
      }
      return CameraFrame(
        depth: try DepthImage(
          width: lens.width, height: lens.height, samples: samples, unit: 0.00025), color: nil)
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
