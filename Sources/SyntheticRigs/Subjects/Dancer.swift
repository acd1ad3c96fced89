internal import CaptureCore
internal import Foundation

extension Subject {
  /// Turns with raised arms, a bell skirt, a plait and a hoop.
  static let dancer = Subject(name: "dancer") { time, look in
    let beat = 2 * .pi * 0.7 * time + look.phase
    var pose = BodyPose()
    pose.place = SIMD2(0.15 * sin(0.5 * beat), 0.12 * cos(0.5 * beat))
    pose.heading = 0.9 * time + 0.4 * sin(beat)
    pose.twist = 0.3 * sin(beat)
    pose.lean = 0.08 * sin(0.5 * beat)
    pose.nod = 0.15 * sin(beat)
    pose.legs = (
      LimbPose(
        swing: 0.35 + 0.35 * sin(0.5 * beat), spread: 0.12, bend: 0.5 + 0.4 * sin(0.5 * beat)),
      LimbPose(swing: 0.05, spread: 0.06, bend: 0.1 + 0.08 * cos(beat))
    )
    pose.arms = (
      LimbPose(swing: 0.3, spread: 1.5 + 0.5 * sin(beat), bend: 0.5 + 0.35 * cos(beat)),
      LimbPose(swing: 0.6, spread: 1.1 + 0.4 * cos(0.5 * beat), bend: 0.7 + 0.4 * sin(beat))
    )
    let paint = BodyPaint(
      skin: look.skin, hair: look.hair, shirt: look.cloth(0, .stripes, scale: 0.04),
      sleeves: look.skin, trousers: look.cloth(1, .checker, scale: 0.04), shoes: look.shoes)
    var body = Body(pose: pose, paint: paint, scale: look.scale)
    body.add(
      .shell(
        a: SIMD2(0.13, 0.13), b: SIMD2(0.2, -0.08), c: SIMD2(0.31, -0.3),
        halfThickness: 0.008),
      body.hips * .turnX(0.06 * sin(beat)) * .turnZ(0.06 * cos(beat)), blend: 0.02,
      look.cloth(2, .spots, scale: 0.07))
    body.add(
      .ring(radius: 0.24, tube: 0.013), body.hands.1 * .move(0, 0.2, 0) * .turnZ(.pi / 2),
      look.cloth(3, .checker, scale: 0.1))
    addPlait(&body, beat: beat, look)
    return body.limbs
  }

  private static func addPlait(_ body: inout Body, beat: Double, _ look: SubjectLook) {
    var knot = body.head * .move(0, 0.14, -0.13)
    for link in 0..<3 {
      knot = knot * .turnX(0.25 - 0.2 * sin(beat - Double(link))) * .turnZ(0.25 * cos(beat))
      let thick = 0.028 - 0.006 * Float(link)
      body.add(
        .roundCone(r1: thick, r2: thick - 0.006, height: 0.11), knot * .turnX(.pi), blend: 0.012,
        look.hair)
      knot = knot * .move(0, -0.11, 0)
    }
  }
}
