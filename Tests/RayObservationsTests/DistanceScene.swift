import CaptureCore
import CaptureTestSupport
import Foundation

@testable import RayObservations

/// A scene told by its signed distance, on a level floor, as four ideal depth cameras see it from above.
struct DistanceScene {
  /// Signed distance to what stands on the floor.
  let subject: @Sendable (SIMD3<Double>) -> Double
  private let cameras: [PlacedCamera]
  private let frames = [
    FrameSet(index: 0, time: 0, entries: [FrameSet.Entry](repeating: .init(depth: 0), count: 4))
  ]

  /// - Parameter height: Of the cameras, metres.
  init(height: Double, subject: @escaping @Sendable (SIMD3<Double>) -> Double) {
    self.subject = subject
    cameras = IdealCameras.around(
      height: height, lookingAt: 0.6,
      lens: CameraModel(
        width: 200, height: 180, intrinsics: Intrinsics(fx: 220, fy: 220, cx: 99.5, cy: 89.5),
        distortion: .none))
  }

  /// A trunk in a skirt on one leg, upright.
  static let skirt = DistanceScene(height: 1.1) { p in
    // Hem and waist: radius and height.
    let (hem, waist) = (SIMD2(0.28, 0.5), SIMD2(0.08, 0.9))
    let q = SIMD2((p.x * p.x + p.z * p.z).squareRoot(), p.y)
    return min(
      distance(q, hem, waist) - 0.008, distance(q, SIMD2(0, 0.9), SIMD2(0, 1.2)) - 0.1,
      distance(q, SIMD2(0, 0.1), SIMD2(0, 0.9)) - 0.06)
  }

  /// From a point to a segment.
  static func distance(_ q: SIMD2<Double>, _ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double {
    let t = min(1, max(0, ((q - a) * (b - a)).sum() / ((b - a) * (b - a)).sum()))
    let off = q - a - t * (b - a)
    return (off * off).sum().squareRoot()
  }

  /// Places all around the axis.
  static func ring(radius: Float, height: Float) -> [SIMD3<Float>] {
    (0..<8).map { k in
      let angle = Float(k) * .pi / 4
      return SIMD3(radius * cos(angle), height, radius * sin(angle))
    }
  }

  /// Whether places are believed to be inside.
  func areInside(_ places: [SIMD3<Float>], opening: Double) throws -> [Bool] {
    let folder = Scratch.unused()
    let images = try images()
    var configuration = ObservationConfiguration()
    configuration.box = [-0.4, -0.02, -0.4, 0.4, 1.4, 0.4]
    configuration.opening = opening
    _ = try ObservationStage.build(
      cameras: cameras, frames: frames, load: { _ in images }, configuration: configuration,
      folder: folder)
    let frame = try ObservationCache.open(folder: folder).frame(0)
    return withExtendedLifetime(frame) { places.map(frame.hidden.isInside) }
  }

  private func images() throws -> [CameraFrame] {
    try IdealCameras.images(cameras) { _, _, origin, ray in
      let size = ray.dot(ray).squareRoot()
      var z = 0.3
      for _ in 0..<200 where z < 4 {
        let p = origin + ray * z
        z += min(p.y, subject(p)) / size
      }
      return z
    }
  }
}
