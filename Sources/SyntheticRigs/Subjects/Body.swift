internal import CaptureCore
internal import Foundation

/// One arm or leg: angles in radians.
struct LimbPose {
  /// Forward swing at the shoulder or hip.
  var swing = 0.0
  /// Away from the body's middle.
  var spread = 0.0
  /// Bend of the elbow (forward) or knee (backward).
  var bend = 0.0
}

/// Joint angles of a human figure that faces +z with its left side at +x.
struct BodyPose {
  /// Place on the floor, metres, and turn about the vertical.
  var place = SIMD2<Double>.zero
  var heading = 0.0
  var twist = 0.0
  var lean = 0.0
  var nod = 0.0
  var look = 0.0
  /// Left, right.
  var arms = (LimbPose(spread: 0.15), LimbPose(spread: 0.15))
  var legs = (LimbPose(), LimbPose())
}

/// What clothes the figure.
struct BodyPaint {
  var skin, hair, shirt, sleeves, trousers, shoes: Paint
}

/// Builds a human figure of about 1.7 m limb by limb; subjects add what it wears and carries.
struct Body {
  /// Frames that equipment hangs on: limb frames have y along the limb, from joint to joint.
  private(set) var chest = RigidTransform.identity
  private(set) var hips = RigidTransform.identity
  private(set) var head = RigidTransform.identity
  /// Palms, left and right: y points on from the forearm, z is the figure's front when it hangs.
  private(set) var hands = (RigidTransform.identity, RigidTransform.identity)
  private(set) var limbs: [Limb] = []
  private let scale: Double

  /// - Parameter scale: 1 stands for a height of 1.7 m.
  init(pose: BodyPose, paint: BodyPaint, scale: Double) {
    self.scale = scale
    let ground = RigidTransform.move(pose.place.x / scale, 0, pose.place.y / scale)
    let upright = ground * .turnY(pose.heading)
    // The hips are as high as lets the lower foot stand on the floor.
    hips = upright
    addLegs(pose, paint)
    let sole = limbs.filter { $0.paint == paint.shoes }.map { Self.lowest($0) / scale }.min() ?? 0
    limbs = []
    hips = .move(0, -sole, 0) * upright
    addTrunk(pose, paint)
    addLegs(pose, paint)
    hands.0 = addArm(pose.arms.0, side: 1, paint)
    hands.1 = addArm(pose.arms.1, side: -1, paint)
  }

  /// Adds a limb; `frame` and `shape` are those of a figure of scale 1.
  mutating func add(
    _ shape: Shape, _ frame: RigidTransform, blend: Float = 0.006, _ paint: Paint
  ) {
    let placed = RigidTransform(rows: frame.rows, translation: frame.translation * scale)
    limbs.append(
      Limb(
        shape: shape.scaled(by: Float(scale)), worldFromLimb: placed,
        blend: blend * Float(scale), paint: paint))
  }

  private mutating func addTrunk(_ pose: BodyPose, _ paint: BodyPaint) {
    let spine = hips * .turnX(pose.lean) * .turnY(pose.twist)
    chest = spine * .move(0, 0.34, 0)
    head = chest * .move(0, 0.24, 0.01) * .turnY(pose.look) * .turnX(pose.nod)
    add(
      .box(half: SIMD3(0.175, 0.115, 0.118), round: 0.1), hips * .move(0, 0.02, -0.01), blend: 0.05,
      paint.trousers)
    add(
      .box(half: SIMD3(0.145, 0.12, 0.095), round: 0.09), spine * .move(0, 0.18, 0.005),
      blend: 0.06, paint.shirt)
    add(
      .box(half: SIMD3(0.19, 0.155, 0.115), round: 0.105), chest * .move(0, 0.03, 0), blend: 0.06,
      paint.shirt)
    add(
      .roundCone(r1: 0.055, r2: 0.05, height: 0.1), chest * .move(0, 0.17, 0), blend: 0.03,
      paint.skin)
    add(
      .roundCone(r1: 0.07, r2: 0.098, height: 0.1), head * .move(0, 0.06, 0.015), blend: 0.02,
      paint.skin)
    add(
      .roundCone(r1: 0.02, r2: 0.012, height: 0.045),
      head * .move(0, 0.1, 0.112) * .turnX(-0.5), blend: 0.012, paint.skin)
    add(
      .roundCone(r1: 0.106, r2: 0.09, height: 0.05),
      head * .move(0, 0.17, -0.012) * .turnX(-2.2), blend: 0.012, paint.hair)
  }

  private mutating func addArm(
    _ pose: LimbPose, side: Double, _ paint: BodyPaint
  ) -> RigidTransform {
    let shoulder =
      chest * .move(side * 0.205, 0.125, 0) * .turnZ(side * pose.spread) * .turnX(-pose.swing)
    let elbow = shoulder * .move(0, -0.275, 0) * .turnX(-pose.bend)
    let wrist = elbow * .move(0, -0.25, 0)
    add(
      .roundCone(r1: 0.062, r2: 0.044, height: 0.275), shoulder * .down, blend: 0.03, paint.sleeves)
    add(.roundCone(r1: 0.045, r2: 0.031, height: 0.25), elbow * .down, blend: 0.02, paint.sleeves)
    let hand = wrist * .down
    add(
      .box(half: SIMD3(0.021, 0.052, 0.04), round: 0.019), hand * .move(0, 0.055, 0), blend: 0.02,
      paint.skin)
    add(
      .roundCone(r1: 0.014, r2: 0.011, height: 0.06),
      hand * .move(0, 0.03, -0.03) * .turnX(-0.7), blend: 0.01, paint.skin)
    return hand * .move(0, 0.06, 0)
  }

  private mutating func addLegs(_ pose: BodyPose, _ paint: BodyPaint) {
    for (leg, side) in [(pose.legs.0, 1.0), (pose.legs.1, -1.0)] {
      let hip =
        hips * .move(side * 0.095, -0.02, 0) * .turnZ(side * leg.spread) * .turnX(-leg.swing)
      let knee = hip * .move(0, -0.41, 0) * .turnX(leg.bend)
      let ankle = knee * .move(0, -0.4, 0) * .turnX(leg.swing * 0.6 - leg.bend * 0.7)
      add(.roundCone(r1: 0.088, r2: 0.06, height: 0.41), hip * .down, blend: 0.03, paint.trousers)
      add(.roundCone(r1: 0.06, r2: 0.042, height: 0.4), knee * .down, blend: 0.02, paint.trousers)
      add(
        .box(half: SIMD3(0.046, 0.042, 0.125), round: 0.035), ankle * .move(0, -0.03, 0.055),
        blend: 0.02, paint.shoes)
    }
  }

  private static func lowest(_ limb: Limb) -> Double {
    guard case .box(let half, let round) = limb.shape else { return 0 }
    let core = SIMD3<Double>(half - SIMD3(repeating: round))
    let row = limb.worldFromLimb.rows.1
    let reach = abs(row.x) * core.x + abs(row.y) * core.y + abs(row.z) * core.z
    return limb.worldFromLimb.translation.y - reach - Double(round)
  }
}

extension RigidTransform {
  /// Turns a limb that grows along +y to hang down; its z then points backward.
  fileprivate static let down = RigidTransform.turnX(.pi)
}
