internal import CaptureCore
internal import Foundation

extension Subject {
  /// Walks on the spot with a blade in the right hand, a bucket in the left, and a cape.
  static let walker = Subject(name: "walker") { time, look in
    let step = 2 * .pi * 0.85 * time + look.phase
    var pose = BodyPose()
    pose.place = SIMD2(0.12 * sin(0.9 * time), 0.1 * cos(0.7 * time) - 0.1)
    pose.heading = 0.35 * sin(0.8 * time + look.phase)
    pose.twist = 0.16 * sin(step)
    pose.lean = 0.06
    pose.look = -0.25 * sin(0.7 * step)
    pose.legs = (Gait.leg(step), Gait.leg(step + .pi))
    pose.arms = (
      LimbPose(swing: 0.25 - 0.3 * sin(step), spread: 0.35, bend: 1.0),
      LimbPose(
        swing: 0.5 + 0.6 * sin(step * 0.5), spread: 0.3 + 0.2 * cos(step * 0.5),
        bend: 0.6 + 0.4 * sin(step * 0.5 + 1))
    )
    let paint = BodyPaint(
      skin: look.skin, hair: look.hair, shirt: look.cloth(0, .checker, scale: 0.05),
      sleeves: look.cloth(1, .stripes, scale: 0.03), trousers: look.cloth(2, .spots, scale: 0.05),
      shoes: look.shoes)
    var body = Body(pose: pose, paint: paint, scale: look.scale)
    addBlade(&body)
    addBucket(&body, tilt: pose.arms.0, look)
    addCape(&body, step: step, look)
    return body.limbs
  }

  private static func addBlade(_ body: inout Body) {
    let steel = Paint(.stripes, SIMD3(0.68, 0.7, 0.74), SIMD3(0.55, 0.57, 0.62), scale: 0.08)
    let brass = Paint(.plain, SIMD3(0.75, 0.58, 0.22))
    // Forward out of the fist: the hand's own z looks backward.
    let grip = body.hands.1 * .turnX(-1.25)
    body.add(.roundCone(r1: 0.014, r2: 0.014, height: 0.2), grip * .move(0, -0.09, 0), brass)
    body.add(.box(half: SIMD3(0.014, 0.016, 0.09), round: 0.008), grip * .move(0, 0.12, 0), brass)
    body.add(
      .box(half: SIMD3(0.008, 0.31, 0.032), round: 0.006), grip * .move(0, 0.43, 0), steel)
  }

  private static func addBucket(_ body: inout Body, tilt: LimbPose, _ look: SubjectLook) {
    // Hangs on its handle, so it stays upright whatever the arm does.
    let hand = body.hands.0
    let upright = RigidTransform(
      rows: RigidTransform.turnY(0.3).rows, translation: hand.translation)
    let tin = look.cloth(3, .stripes, scale: 0.045)
    body.add(
      .shell(
        a: SIMD2(0, -0.28), b: SIMD2(0.085, -0.28), c: SIMD2(0.115, -0.09),
        halfThickness: 0.006), upright, tin)
    body.add(
      .arcSheet(radius: 0.105, angle: 1.5, halfHeight: 0.001, halfThickness: 0.009),
      upright * .move(0, 0.005, 0) * .turnX(-.pi / 2), tin)
  }

  private static func addCape(_ body: inout Body, step: Double, _ look: SubjectLook) {
    let cloth = look.cloth(4, .checker, scale: 0.08)
    var hinge = body.chest * .move(0, 0.15, -0.125) * .turnX(0.12)
    for fold in 0..<3 {
      let wave = 0.1 + 0.12 * sin(step - 0.9 * Double(fold))
      hinge = hinge * .turnX(wave) * .turnY(0.06 * sin(0.5 * step + Double(fold)))
      body.add(
        .arcSheet(
          radius: 0.3 + 0.04 * Float(fold), angle: 0.68, halfHeight: 0.125, halfThickness: 0.008),
        hinge * .move(0, -0.125, 0) * .turnY(.pi), blend: 0.025, cloth)
      hinge = hinge * .move(0, -0.25, 0)
    }
  }
}

/// The walking motion of a leg.
enum Gait {
  /// Angles at a phase of the double step: swings forward with a bent knee, back with a straight one.
  static func leg(_ phase: Double) -> LimbPose {
    LimbPose(
      swing: 0.12 + 0.38 * sin(phase), spread: 0.02,
      bend: 0.12 + 0.5 * pow(0.5 + 0.5 * cos(phase + 0.5), 2))
  }
}
