internal import CaptureCore
internal import Foundation

/// The two lenses that all cameras of the rig have: those of an Azure Kinect in its binned narrow
/// mode and at 16:9, scaled to the chosen sizes.
struct RigLenses {
  let depth, color: CameraModel

  init(_ knobs: SyntheticRigConfiguration) {
    let (dw, dh) = (Double(knobs.depthWidth), Double(knobs.depthHeight))
    let (cw, ch) = (Double(knobs.colorWidth), Double(knobs.colorHeight))
    let (d, c) = (0.788 * dw, 0.48 * cw)
    let s = knobs.distortion
    depth = CameraModel(
      width: knobs.depthWidth, height: knobs.depthHeight,
      intrinsics: Intrinsics(
        fx: d, fy: d, cx: (dw - 1) / 2 + 0.0085 * dw, cy: (dh - 1) / 2 - 0.0015 * dh),
      distortion: Distortion(
        k1: 5.2 * s, k2: 3.5 * s, k3: 0.18 * s, k4: 5.55 * s, k5: 5.3 * s, k6: 0.95 * s,
        p1: -4e-5 * s, p2: -2e-5 * s))
    color = CameraModel(
      width: knobs.colorWidth, height: knobs.colorHeight,
      intrinsics: Intrinsics(
        fx: c, fy: c, cx: (cw - 1) / 2 - 0.002 * cw, cy: (ch - 1) / 2 + 0.0045 * ch),
      distortion: Distortion(
        k1: 0.4 * s, k2: -2.5 * s, k3: 1.5 * s, k4: 0.28 * s, k5: -2.33 * s, k6: 1.43 * s,
        p1: 4e-4 * s, p2: -2e-4 * s))
  }

  /// The depth lens sits 32 mm beside the colour lens and looks 6 degrees further down.
  static let colorFromDepth = RigidTransform(
    rows: RigidTransform.turnX(-.pi / 30).rows, translation: SIMD3(-0.032, -0.002, 0.004))
}

/// Places the cameras on their ring.
enum RigLayout {
  static func id(_ camera: Int) -> String { "cam\(camera)" }

  /// True lens poses: evenly spaced around the axis, near and far, low and high by turns.
  static func worldFromColor(_ knobs: SyntheticRigConfiguration) -> [RigidTransform] {
    (0..<knobs.cameras).map { camera in
      var random = SeededGenerator(seed: mix(knobs.seed, camera, 11))
      let turn = 2 * .pi * (Double(camera) / Double(knobs.cameras) + 0.06)
      let angle = turn + 0.06 * Double(2 * random.uniform() - 1)
      let alternate = camera % 2 == 0 ? -1.0 : 1.0
      let share = 0.7 * alternate + 0.3 * Double(2 * random.uniform() - 1)
      let distance = knobs.distance + share * knobs.distanceSpread
      let height = knobs.height + share * knobs.heightSpread
      let place = SIMD3(distance * sin(angle), height, distance * cos(angle))
      return .looking(from: place, at: SIMD3(0, knobs.targetHeight, 0))
    }
  }

  static func take(
    _ knobs: SyntheticRigConfiguration, _ lenses: RigLenses, _ clocks: [CameraClock]
  ) -> TakeDescription {
    let cameras = clocks.indices.map { camera in
      CameraDescription(
        id: id(camera), model: "synthetic-tof", serial: "\(1000 + camera)",
        sync: clocks[camera].role, color: lenses.color, depth: lenses.depth,
        depthUnit: knobs.depthUnit, depthRange: knobs.depthNear...knobs.depthFar,
        colorFromDepth: RigLenses.colorFromDepth)
    }
    return TakeDescription(
      name: knobs.name, framesPerSecond: knobs.framesPerSecond, cameras: cameras)
  }

  static func calibration(_ worldFromColor: [RigidTransform]) -> RigCalibration {
    let rigFromWorld = worldFromColor[0].inverse
    var poses: [String: RigidTransform] = [id(0): .identity]
    for camera in 1..<max(worldFromColor.count, 1) {
      poses[id(camera)] = rigFromWorld * worldFromColor[camera]
    }
    return RigCalibration(
      rig: "synthetic", reference: id(0), rigFromColor: poses, worldFromRig: worldFromColor[0])
  }

  /// Turns each camera but the reference about its own centre and moves it, by exactly the knobs'
  /// amounts in a random direction.
  static func disturbed(
    _ calibration: RigCalibration, by knobs: SyntheticRigConfiguration
  ) -> RigCalibration {
    var result = calibration
    guard knobs.rotationError != 0 || knobs.translationError != 0 else { return result }
    for camera in 1..<max(knobs.cameras, 1) {
      guard let pose = calibration.rigFromColor[id(camera)] else { continue }
      var random = SeededGenerator(seed: mix(knobs.seed, camera, 12))
      let turn = rotation(about: direction(&random), by: knobs.rotationError * .pi / 180)
      let shift = direction(&random) * knobs.translationError
      result.rigFromColor[id(camera)] = (pose * turn).moved(to: pose.translation + shift)
    }
    return result
  }

  private static func direction(_ random: inout SeededGenerator) -> SIMD3<Double> {
    SIMD3(Double(random.normal()), Double(random.normal()), Double(random.normal())).normalized
  }

  /// Rodrigues' formula: `R = c I + (1 − c) a aᵀ + s [a]×`.
  private static func rotation(about axis: SIMD3<Double>, by angle: Double) -> RigidTransform {
    let (c, s) = (cos(angle), sin(angle))
    let (x, y, z) = (axis * axis.x * (1 - c), axis * axis.y * (1 - c), axis * axis.z * (1 - c))
    return RigidTransform(
      rows: (
        x + SIMD3(c, -s * axis.z, s * axis.y), y + SIMD3(s * axis.z, c, -s * axis.x),
        z + SIMD3(-s * axis.y, s * axis.x, c)
      ), translation: .zero)
  }

  /// One 64-bit seed of a few numbers; neighbours give unrelated streams.
  static func mix(_ seed: Int, _ parts: Int...) -> UInt64 {
    var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)))
    var value = generator.next()
    for part in parts {
      generator = SeededGenerator(seed: value ^ UInt64(bitPattern: Int64(part)))
      value = generator.next()
    }
    return value
  }
}

extension RigidTransform {
  fileprivate func moved(to place: SIMD3<Double>) -> RigidTransform {
    RigidTransform(rows: rows, translation: place)
  }
}
