import CaptureCore
import Foundation

@testable import DepthAlignment

/// A floor, and boxes and balls on it that may slide along; seen by small depth cameras with noise.
///
/// Cameras 45 degrees apart share few of the boxes' sides well enough for a normal; of a ball they
/// share something in any direction.
struct BoxScene: Sendable {
  struct Box: Sendable {
    var lower, upper: SIMD3<Double>
    /// Metres per second.
    var velocity = SIMD3<Double>.zero
  }

  struct Ball: Sendable {
    var center: SIMD3<Double>
    var radius: Double
    /// Metres per second.
    var velocity = SIMD3<Double>.zero
  }

  var boxes: [Box]
  var balls: [Ball] = []
  /// Standard deviation of depth, metres.
  var noise = 0.001

  static let lens = CameraModel(
    width: 96, height: 80, intrinsics: Intrinsics(fx: 80, fy: 80, cx: 47.5, cy: 39.5),
    distortion: Distortion(k1: 0.02, k2: -0.01))

  /// Boxes of different shapes in the middle of a ring of cameras.
  static let room = BoxScene(boxes: [
    Box(lower: SIMD3(-0.45, 0, -0.35), upper: SIMD3(0.05, 0.9, 0.1)),
    Box(lower: SIMD3(0.1, 0, -0.1), upper: SIMD3(0.6, 0.45, 0.5)),
    Box(lower: SIMD3(-0.3, 0, 0.3), upper: SIMD3(-0.1, 0.25, 0.7)),
  ])

  /// Two large balls beside and behind a box.
  static let balls = BoxScene(
    boxes: [Box(lower: SIMD3(-0.7, 0, -0.6), upper: SIMD3(-0.3, 0.7, -0.2))],
    balls: [
      Ball(center: SIMD3(0.1, 0.4, 0.2), radius: 0.4),
      Ball(center: SIMD3(0.5, 0.9, -0.5), radius: 0.35),
    ])

  static let floorAlone = BoxScene(boxes: [])

  /// Cameras around the middle, `worldFromColor`.
  static func ring(_ count: Int, spread: Double = 2 * .pi) -> [RigidTransform] {
    (0..<count).map { i in
      let angle = spread * Double(i) / Double(count) + 0.3
      return .looking(
        from: SIMD3(2 * sin(angle), 1.3 + 0.1 * Double(i % 2), 2 * cos(angle)),
        at: SIMD3(0, 0.3, 0))
    }
  }

  static let colorFromDepth = RigidTransform(
    rows: RigidTransform(turn: SIMD3(-0.1, 0, 0)).rows, translation: SIMD3(-0.03, 0, 0))

  static func description(_ id: String) -> CameraDescription {
    CameraDescription(
      id: id, sync: SyncRole(mode: .master), color: lens, depth: lens, depthUnit: 0.0005,
      depthRange: 0.3...6, colorFromDepth: colorFromDepth)
  }

  /// What a camera measures at a time.
  func image(_ worldFromColor: RigidTransform, at time: Double = 0, seed: UInt64) -> DepthImage {
    let pose = worldFromColor * Self.colorFromDepth
    var random = SeededGenerator(seed: seed)
    let samples = Self.lens.directionTable().map { d -> UInt16 in
      guard d.x.isFinite else { return 0 }
      let z = depth(from: pose.translation, along: pose.rotate(SIMD3<Double>(d)), time)
      guard let z, z < 6 else { return 0 }
      return UInt16(max(0, (z + noise * Double(random.normal())) / 0.0005))
    }
    guard
      let image = try? DepthImage(
        width: Self.lens.width, height: Self.lens.height, samples: samples, unit: 0.0005)
    else { preconditionFailure("one sample a pixel") }
    return image
  }

  /// What a colour camera sees of waves that are drawn on everything.
  func color(_ worldFromColor: RigidTransform, at time: Double = 0, gain: Double = 1) -> ColorImage
  {
    let pixels = Self.lens.directionTable().flatMap { d -> [UInt8] in
      guard d.x.isFinite else { return [0, 0, 0] }
      let (eye, ray) = (worldFromColor.translation, worldFromColor.rotate(SIMD3<Double>(d)))
      guard let t = depth(from: eye, along: ray, time) else { return [0, 0, 0] }
      let p = eye + ray * t
      let waves = 50 * sin(9 * p.x + 1) * cos(7 * p.z) + 30 * sin(13 * p.x - 6 * p.z + 4 * p.y)
      return [UInt8](repeating: UInt8(gain * (120 + waves)), count: 3)
    }
    guard
      let image = try? ColorImage(
        width: Self.lens.width, height: Self.lens.height, pixels: pixels)
    else { preconditionFailure("three samples a pixel") }
    return image
  }

  private func depth(
    from eye: SIMD3<Double>, along d: SIMD3<Double>, _ time: Double
  ) -> Double? {
    var nearest = d.y < 0 ? -eye.y / d.y : .infinity
    for box in boxes {
      let (lower, upper) = (box.lower + box.velocity * time, box.upper + box.velocity * time)
      let (a, b) = ((lower - eye) / d, (upper - eye) / d)
      let near = pointwiseMin(a, b).max()
      if near > 0, near <= pointwiseMax(a, b).min() { nearest = min(nearest, near) }
    }
    for ball in balls {
      let c = ball.center + ball.velocity * time - eye
      let (a, b) = (d.dot(d), d.dot(c))
      let inside = b * b - a * (c.dot(c) - ball.radius * ball.radius)
      if inside > 0, b > 0 { nearest = min(nearest, (b - inside.squareRoot()) / a) }
    }
    return nearest.isFinite ? nearest : nil
  }

  /// Few steps and pixels: enough where images are small.
  static let brief: AlignmentConfiguration = {
    var brief = AlignmentConfiguration()
    (brief.moments, brief.effort) = (2, 0.35)
    return brief
  }()

  /// An aligner of cameras that stand at `truth` and are said to stand at `places`.
  ///
  /// - Parameters:
  ///   - times: When each camera takes its images; the first camera's clock is the rig's.
  ///   - recorded: What is added to the recorded times of each camera.
  ///   - isColored: Whether there are colour images; every second camera exposes a third more.
  func aligner(
    _ truth: [RigidTransform], said places: [RigidTransform], times: [[Double]],
    recorded: [Double]? = nil, configuration: AlignmentConfiguration = BoxScene.brief,
    isColored: Bool = false
  ) throws -> DepthAligner {
    let scene = self
    let cameras = truth.indices.map { i in
      AlignmentCamera(
        description: Self.description("cam\(i)"), worldFromColor: places[i],
        times: times[i].map { $0 + (recorded?[i] ?? 0) }, indices: Array(times[i].indices),
        clock: recorded == nil ? 0 : i, clockDeviation: recorded == nil || i == 0 ? 0 : 0.02)
    }
    let color: @Sendable (Int, Int) -> ColorImage? = { camera, index in
      isColored
        ? scene.color(
          truth[camera], at: times[camera][index], gain: camera % 2 == 0 ? 0.75 : 1) : nil
    }
    let depth: @Sendable (Int, Int) -> DepthImage? = { camera, index in
      scene.image(
        truth[camera], at: times[camera][index], seed: UInt64(100 * camera + index + 1))
    }
    return try DepthAligner(
      cameras, reference: 0, configuration: configuration, load: depth, color: color)
  }

  /// Every place but the first turned by `degrees` and moved by `metres` in some direction.
  static func disturbed(
    _ truth: [RigidTransform], degrees: Double, metres: Double, seed: UInt64
  ) -> [RigidTransform] {
    var random = SeededGenerator(seed: seed)
    func direction() -> SIMD3<Double> {
      SIMD3(Double(random.normal()), Double(random.normal()), Double(random.normal())).normalized
    }
    return truth.enumerated().map { i, place in
      let (turn, shift) = (direction() * (degrees * .pi / 180), direction() * metres)
      return i == 0 ? place : place.nudged(turn: turn, shift: shift)
    }
  }
}
