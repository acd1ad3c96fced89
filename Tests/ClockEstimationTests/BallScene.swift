import CaptureCore
import ClockEstimation
import Foundation
import Synchronization

/// Balls that swing before unwired depth cameras, each on its own clock: rendered by formula, so that
/// hundreds of images take no time.
final class BallScene: Sendable {
  struct Clock {
    /// What the clock shows too much at true time 0, seconds, and what it gains.
    var offset = 0.0, drift = 0.0
    /// How long after each trigger the camera exposes, seconds.
    var phase = 0.0
  }

  let clocks: [Clock]
  let cameras: [PlacedCamera]
  /// By camera: true time of each image.
  let exposures: [[Double]]
  /// By camera: what the clock showed.
  let deviceTimes: [[Double]]
  private let speed: Double
  private let directions: [SIMD3<Float>]
  private let loads = Mutex<[Int]>([])

  static let lens = CameraModel(
    width: 80, height: 72, intrinsics: Intrinsics(fx: 66, fy: 66, cx: 39.5, cy: 35.5))

  /// - Parameters:
  ///   - apart: Angle between neighbouring cameras around the balls, radians.
  ///   - speed: How fast the balls swing, as a factor; 0 for a still life.
  ///   - isKept: Whether a camera has an image of a trigger, before a tenth is dropped.
  init(
    clocks: [Clock], apart: Double = 0.85, frames: Int = 38, rate: Double = 30, speed: Double = 1,
    seed: UInt64 = 1,
    isKept: (_ camera: Int, _ frame: Int) -> Bool = { _, _ in true },
    mode: (_ camera: Int) -> SyncRole.Mode = { _ in .standalone }
  ) {
    (self.clocks, self.speed) = (clocks, speed)
    directions = Self.lens.directionTable()
    cameras = clocks.indices.map { i in
      let angle = apart * Double(i)
      return PlacedCamera(
        description: CameraDescription(
          id: "cam\(i)", sync: SyncRole(mode: mode(i)), color: nil, depth: Self.lens),
        worldFromColor: .looking(
          from: SIMD3(2 * sin(angle), 1 + 0.2 * Double(i % 2), 2 * cos(angle)), at: SIMD3(0, 1, 0)))
    }
    var random = SeededGenerator(seed: seed)
    var (exposures, deviceTimes): ([[Double]], [[Double]]) = ([], [])
    for (camera, clock) in clocks.enumerated() {
      let kept = (0..<frames).filter { isKept(camera, $0) && random.uniform() >= 0.1 }
        .map { Double($0) / rate + clock.phase }
      exposures.append(kept)
      deviceTimes.append(
        kept.map { $0 + clock.offset + clock.drift * $0 + 0.0003 * Double(random.normal()) })
    }
    (self.exposures, self.deviceTimes) = (exposures, deviceTimes)
  }

  /// By camera: how many images were asked for.
  var loaded: [Int] {
    let all = loads.withLock { $0 }
    return clocks.indices.map { c in all.count { $0 == c } }
  }

  /// - Parameter error: By how much the calibration of every second camera is wrong: a turn about the
  ///   camera's own upright axis, radians, and a shift along it, metres.
  func clockCameras(
    isCalibrated: Bool = true, error: (turn: Double, shift: Double) = (0, 0)
  ) -> [ClockCamera] {
    cameras.indices.map { i in
      var place = cameras[i].worldFromDepth
      if i % 2 == 1 {
        let (c, s) = (cos(error.turn), sin(error.turn))
        place =
          place
          * RigidTransform(
            rows: (SIMD3(c, 0, s), SIMD3(0, 1, 0), SIMD3(-s, 0, c)),
            translation: SIMD3(0, error.shift, 0))
      }
      return ClockCamera(
        description: cameras[i].description, worldFromDepth: isCalibrated ? place : nil,
        depthTimes: deviceTimes[i])
    }
  }

  func estimates(
    isCalibrated: Bool = true, error: (turn: Double, shift: Double) = (0, 0),
    _ change: (inout ClockConfiguration) -> Void = { _ in }
  ) throws -> [ClockEstimate] {
    var configuration = ClockConfiguration()
    (configuration.search, configuration.images) = (0.6, 36)
    change(&configuration)
    try configuration.validate()
    return try ClockEstimator(
      clockCameras(isCalibrated: isCalibrated, error: error), configuration: configuration
    ) {
      self.depth($0, $1)
    }.estimate()
  }

  /// What a camera's clock shows more than the lead's, at a time that it shows.
  func trueOffset(_ camera: Int, lead: Int, at time: Double) -> Double {
    let (own, other) = (clocks[camera], clocks[lead])
    let truth = (time - own.offset) / (1 + own.drift)
    return time - (truth + other.offset + other.drift * truth)
  }

  /// Centres and radii of the balls.
  private func balls(_ time: Double) -> [(center: SIMD3<Double>, radius: Double)] {
    let t = time * speed
    return [
      (SIMD3(0.2 * sin(2.1 * t), 0.75, 0.25 * cos(2.9 * t + 1)), 0.24),
      (SIMD3(0.25 * cos(2.6 * t), 1.2 + 0.1 * sin(3.7 * t), 0.15 * sin(2.2 * t + 2)), 0.2),
      (SIMD3(0.4 + 0.2 * sin(3.3 * t + 2), 1 + 0.2 * cos(2.4 * t), 0.2 + 0.1 * sin(t)), 0.14),
    ]
  }

  func depth(_ camera: Int, _ index: Int) -> DepthImage? {
    loads.withLock { $0.append(camera) }
    let place = cameras[camera].worldFromDepth.inverse
    let (w, h) = (Self.lens.width, Self.lens.height)
    var samples = [UInt16](repeating: 0, count: w * h)
    var random = SeededGenerator(seed: UInt64(camera << 20 | index))
    for ball in balls(exposures[camera][index]) {
      let c = place.apply(ball.center)
      guard let middle = Self.lens.project(c) else { continue }
      let reach = 66 * ball.radius / (c.z - ball.radius) + 1
      let columns = max(0, Int(middle.x - reach))..<min(w, Int(middle.x + reach) + 2)
      for v in max(0, Int(middle.y - reach))..<min(h, Int(middle.y + reach) + 2) {
        for u in columns {
          let d = SIMD3<Double>(directions[v * w + u])
          let (a, b) = (d.dot(d), d.dot(c))
          let inside = b * b - a * (c.dot(c) - ball.radius * ball.radius)
          guard inside > 0 else { continue }
          let z = (b - inside.squareRoot()) / a + 0.001 * Double(random.normal())
          let step = UInt16(z * 1000 + 0.5)
          if samples[v * w + u] == 0 || step < samples[v * w + u] { samples[v * w + u] = step }
        }
      }
    }
    return try? DepthImage(width: w, height: h, samples: samples, unit: 0.001)
  }
}
