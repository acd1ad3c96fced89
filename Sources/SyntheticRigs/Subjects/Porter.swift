internal import CaptureCore
internal import Foundation

extension Subject {
  /// Carries an open crate, with a wide hat, and a pack and a pole on the back.
  static let porter = Subject(name: "porter") { time, look in
    let step = 2 * .pi * 0.75 * time + look.phase
    var pose = BodyPose()
    pose.place = SIMD2(0.2 * sin(0.7 * time), 0.15 * sin(0.9 * time))
    pose.heading = 0.6 * sin(0.6 * time + look.phase)
    pose.lean = 0.12 + 0.1 * sin(0.4 * step)
    pose.twist = 0.2 * sin(0.5 * step)
    pose.look = 0.3 * sin(0.4 * step)
    pose.legs = (Gait.leg(step), Gait.leg(step + .pi))
    let lift = 0.18 * sin(0.5 * step)
    pose.arms = (
      LimbPose(swing: 0.25 + lift, spread: 0.12, bend: 1.25 - lift),
      LimbPose(swing: 0.25 + lift, spread: 0.12, bend: 1.25 - lift)
    )
    let paint = BodyPaint(
      skin: look.skin, hair: look.hair, shirt: look.cloth(0, .spots, scale: 0.06),
      sleeves: look.cloth(0, .stripes, scale: 0.05), trousers: look.cloth(1, .stripes, scale: 0.06),
      shoes: look.shoes)
    var body = Body(pose: pose, paint: paint, scale: look.scale)
    addCrate(&body, look)
    body.add(
      .shell(a: SIMD2(0.0, 0.12), b: SIMD2(0.1, 0.07), c: SIMD2(0.21, 0.0), halfThickness: 0.007),
      body.head * .move(0, 0.185, -0.01), look.cloth(2, .checker, scale: 0.05))
    body.add(
      .box(half: SIMD3(0.14, 0.18, 0.075), round: 0.045), body.chest * .move(0, -0.02, -0.19),
      blend: 0.015, look.cloth(3, .checker, scale: 0.07))
    body.add(
      .roundCone(r1: 0.013, r2: 0.011, height: 1.15),
      body.chest * .move(0.22, -0.5, -0.29) * .turnZ(0.4),
      Paint(.stripes, SIMD3(0.6, 0.45, 0.28), SIMD3(0.42, 0.3, 0.18), scale: 0.12))
    return body.limbs
  }

  private static func addCrate(_ body: inout Body, _ look: SubjectLook) {
    let wood = look.cloth(4, .stripes, scale: 0.04)
    let (left, right) = (body.hands.0.translation, body.hands.1.translation)
    let middle = RigidTransform(rows: body.chest.rows, translation: (left + right) * 0.5)
    let crate = middle * .move(0, 0.06, 0.05)
    body.add(.box(half: SIMD3(0.2, 0.008, 0.13), round: 0.006), crate * .move(0, -0.1, 0), wood)
    for side in [-1.0, 1.0] {
      body.add(
        .box(half: SIMD3(0.008, 0.1, 0.13), round: 0.006), crate * .move(0.2 * side, 0, 0), wood)
      body.add(
        .box(half: SIMD3(0.2, 0.1, 0.008), round: 0.006), crate * .move(0, 0, 0.13 * side), wood)
    }
  }
}
