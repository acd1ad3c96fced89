import CaptureCore
import Foundation

@testable import RayObservations

/// Four depth cameras around the world's origin, 2 m from its axis.
enum IdealCameras {
  /// - Parameter height: Of the cameras, and of the place on the axis that they look at, metres.
  static func around(
    height: Double, lookingAt aim: Double, lens: CameraModel
  ) -> [PlacedCamera] {
    (0..<4).map { side in
      let angle = Double(side) * .pi / 2 + 0.3
      let position = SIMD3(2 * sin(angle), height, 2 * cos(angle))
      return PlacedCamera(
        description: CameraDescription(
          id: "cam\(side)", sync: SyncRole(mode: .master), color: nil, depth: lens,
          depthRange: 0.3...4),
        worldFromColor: .looking(from: position, at: SIMD3(0, aim, 0)))
    }
  }

  /// Depth in quarters of a millimetre of what `depth` says of each pixel: its z by camera, pixel, the rays'
  /// origin, and a ray that goes 1 m along the axis.
  static func images(
    _ cameras: [PlacedCamera],
    depth: (Int, Int, _ origin: SIMD3<Double>, _ ray: SIMD3<Double>) -> Double
  ) throws -> [CameraFrame] {
    try cameras.enumerated().map { c, camera in
      let lens = camera.description.depth!
      let origin = camera.worldFromDepth.translation
      var samples = [UInt16](repeating: 0, count: lens.width * lens.height)
      for (i, pixel) in lens.directionTable().enumerated() where pixel.x.isFinite {
        let z = depth(c, i, origin, camera.worldFromDepth.rotate(SIMD3<Double>(pixel)))
        if z < 4 { samples[i] = UInt16((z * 4000).rounded()) }
      }
      return CameraFrame(
        depth: try DepthImage(
          width: lens.width, height: lens.height, samples: samples, unit: 0.00025), color: nil)
    }
  }
}
