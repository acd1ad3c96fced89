import CaptureCore
import Foundation
import Testing

@testable import RayObservations

@Suite struct SubjectMotionTests {
  /// A bumpy, upright body of 1.2 m with a thick front, by azimuth (0 is +z) and height.
  private func body(_ azimuth: ClosedRange<Float>, step: Float = 0.05) -> [SurfaceObservation] {
    func place(_ a: Float, _ h: Float) -> SIMD3<Float> {
      let r = 0.2 + 0.05 * sinf(3 * a + 4 * h) + 0.04 * sinf(7 * h) + 0.03 * cosf(a)
      return SIMD3(r * sinf(a), h, r * cosf(a))
    }
    var result: [SurfaceObservation] = []
    for h in stride(from: Float(0), through: 1.2, by: step) {
      for a in stride(from: azimuth.lowerBound, through: azimuth.upperBound, by: step / 0.2) {
        let p = place(a, h)
        let n = (place(a, h + 1e-3) - p).cross(place(a + 1e-2, h) - p).normalized
        var o = SurfaceObservation()
        (o.x, o.y, o.z, o.confidence) = (p.x, p.y, p.z, 1)
        let outward = n.dot(SIMD3(p.x, 0, p.z)) > 0 ? n : -n
        (o.nx, o.ny, o.nz) = (outward.x, outward.y, outward.z)
        result.append(o)
      }
    }
    return result
  }

  /// Turned forward about an axis across at a height, and shifted.
  private func turned(
    _ o: SurfaceObservation, by angle: Float, at height: Float, shift: SIMD3<Float> = .zero
  ) -> SurfaceObservation {
    func turned(_ v: SIMD3<Float>) -> SIMD3<Float> {
      SIMD3(v.x, v.y * cosf(angle) - v.z * sinf(angle), v.y * sinf(angle) + v.z * cosf(angle))
    }
    let axis = SIMD3(0, height, 0)
    return placed(o, turned(o.position - axis) + axis + shift, turned(o.normal))
  }

  private func placed(
    _ o: SurfaceObservation, _ p: SIMD3<Float>, _ n: SIMD3<Float>
  ) -> SurfaceObservation {
    var result = o
    (result.x, result.y, result.z) = (p.x, p.y, p.z)
    (result.nx, result.ny, result.nz) = (n.x, n.y, n.z)
    return result
  }

  /// Bows forward by an angle that grows with the height, and walks on.
  private func moved(_ o: SurfaceObservation, bow: Float, walk: SIMD3<Float>) -> SurfaceObservation
  {
    turned(o, by: bow * max(0, o.y - 0.5), at: 0.5, shift: walk)
  }

  /// Mean distance of the carried back from where it is, metres.
  private func error(bow: Float, walk: SIMD3<Float>) -> (Float, agreement: Float) {
    let front = body(-1.9...1.9)
    let back = body(1.9...4.4)
    let motion = SubjectMotion(
      from: front, to: front.map { moved($0, bow: bow, walk: walk) }, carrying: back)
    let sum = back.reduce(Float(0)) {
      $0 + (motion.carried($1).position - moved($1, bow: bow, walk: walk).position).length
    }
    return (sum / Float(back.count), motion.agreement)
  }

  @Test func whatStandsStillStays() {
    let (mean, agreement) = error(bow: 0, walk: .zero)
    #expect(mean < 1e-4)
    #expect(agreement > 0.99)
  }

  @Test(arguments: [(0, SIMD3<Float>(0.1, 0, 0.04)), (0.15, .zero), (0.1, SIMD3(-0.06, 0, 0.05))])
  func theUnseenBackMovesWithTheFront(_ bow: Double, _ walk: SIMD3<Float>) {
    let (mean, agreement) = error(bow: Float(bow), walk: walk)
    #expect(mean < 0.008, "\(mean * 1000) mm")
    #expect(agreement > 0.97)
  }

  @Test func partsOnBothSidesOfAJointStayStiff() {
    // The upper half turns about a hinge.
    let body = body(-1.9...1.9, step: 0.03)
    func opened(_ o: SurfaceObservation) -> SurfaceObservation {
      o.y > 0.6 ? turned(o, by: 0.15, at: 0.6) : o
    }
    let motion = SubjectMotion(from: body, to: body.map(opened), carrying: [])
    let parts = body.filter { abs($0.y - 0.6) > 0.15 }
    let errors = parts.map { o in
      let wanted = opened(o)
      return abs(wanted.normal.dot(motion.carried(o).position - wanted.position))
    }.sorted()
    #expect(errors[errors.count / 2] < 0.0002, "\(errors[errors.count / 2])")
    #expect(errors[errors.count * 9 / 10] < 0.0008, "\(errors[errors.count * 9 / 10])")
  }

  /// An arm with a paddle: a flat, bent tube from the shoulder forward, wider towards its end.
  private var arm: [SurfaceObservation] {
    func place(_ a: Float, _ l: Float) -> SIMD3<Float> {
      let width = 0.04 + 0.12 * max(0, l - 0.35)
      return SIMD3(0.33 + 0.025 * cosf(a), 1 + width * sinf(a) + 0.15 * l * l, l)
    }
    var result: [SurfaceObservation] = []
    for l in stride(from: Float(0), through: 0.7, by: 0.02) {
      for a in stride(from: Float(0), to: 6.28, by: 0.3) {
        let p = place(a, l)
        let n = (place(a + 1e-2, l) - p).cross(place(a, l + 1e-3) - p).normalized
        var o = SurfaceObservation()
        (o.x, o.y, o.z, o.confidence) = (p.x, p.y, p.z, 1)
        let outward = n.x * cosf(a) > 0 ? n : -n
        (o.nx, o.ny, o.nz) = (outward.x, outward.y, outward.z)
        result.append(o)
      }
    }
    return result
  }

  @Test(arguments: [0.5, -0.8, 1.2])
  func anArmThatSwungFarIsFollowed(by angle: Double) {
    let (body, arm) = (body(-3.1...3.1, step: 0.03), arm)
    let swung = arm.map { turned($0, by: Float(angle), at: 1, shift: SIMD3(0, 0.02, 0)) }
    let motion = SubjectMotion(from: body + arm, to: body + swung, carrying: [])
    #expect(motion.agreement > 0.97)
    let errors = zip(arm, swung).map { (motion.carried($0).position - $1.position).length }.sorted()
    #expect(errors[errors.count / 2] < 0.004, "\(errors[errors.count / 2])")
    #expect(errors[errors.count * 8 / 10] < 0.01, "\(errors[errors.count * 8 / 10])")
  }

  /// Turned about the upright axis.
  private func spun(_ o: SurfaceObservation, by angle: Float) -> SurfaceObservation {
    func turned(_ v: SIMD3<Float>) -> SIMD3<Float> {
      SIMD3(v.x * cosf(angle) + v.z * sinf(angle), v.y, v.z * cosf(angle) - v.x * sinf(angle))
    }
    return placed(o, turned(o.position), turned(o.normal))
  }

  @Test(arguments: [0.9, -1.4])
  func aBodyThatSpunFarIsFollowed(by angle: Double) {
    let body = body(-3.1...3.1, step: 0.03) + arm
    let after = body.map { spun($0, by: Float(angle)) }
    let motion = SubjectMotion(from: body, to: after, carrying: [])
    #expect(motion.agreement > 0.97)
    let errors = zip(body, after).map { (motion.carried($0).position - $1.position).length }
      .sorted()
    #expect(errors[errors.count / 2] < 0.004, "\(errors[errors.count / 2])")
    #expect(errors[errors.count * 9 / 10] < 0.01, "\(errors[errors.count * 9 / 10])")
  }

  @Test func coloursTellHowSomethingRoundTurned() {
    // A smooth post with an arm that both instants show in part alone, red on one side.
    func post(_ offset: Float) -> [SurfaceObservation] {
      var result: [SurfaceObservation] = []
      for h in stride(from: Float(0), through: 1.2, by: 0.03) {
        for a in stride(from: Float(0), to: 2 * .pi, by: 0.1) {
          var o = SurfaceObservation()
          (o.nx, o.ny, o.nz) = (sinf(a), 0, cosf(a))
          (o.x, o.y, o.z, o.confidence) = (0.3 * o.nx, h, 0.3 * o.nz, 1)
          let isRed = cosf(a - offset) > 0
          (o.red, o.green, o.blue, o.hasColor) = (isRed ? 220 : 40, 40, 40, 1)
          result.append(o)
        }
      }
      return result
    }
    let body = post(0) + arm
    let lost = arm.map { spun($0, by: 1) }.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    let motion = SubjectMotion(from: body, to: post(1) + lost, carrying: [])
    let front = SIMD3<Float>(0, 0.6, 0.3)
    let wanted = SIMD3(0.3 * sinf(1), 0.6, 0.3 * cosf(1))
    let place = motion.carry(front) ?? .zero
    #expect((place - wanted).length < 0.03, "\(place)")
  }

  @Test func whatVanishedIsNotTrusted() {
    // The upper half was seen again, two centimetres on; the lower half was not.
    let body = body(-1.9...1.9, step: 0.03)
    let motion = SubjectMotion(
      from: body,
      to: body.filter { $0.y > 0.6 }.map { moved($0, bow: 0, walk: SIMD3(0.02, 0, 0)) },
      carrying: [])
    let (above, below) = (body.filter { $0.y > 0.85 }, body.filter { $0.y < 0.4 })
    #expect(above.allSatisfy { motion.carry($0.position) != nil })
    #expect(below.allSatisfy { motion.carry($0.position) == nil })
    for o in above {
      let place = motion.carry(o.position) ?? .zero
      #expect(abs(o.normal.dot(place - o.position - SIMD3(0.02, 0, 0))) < 0.004)
    }
  }

  @Test func anotherSubjectAgreesWithNothing() {
    let front = body(-1.9...1.9)
    let motion = SubjectMotion(
      from: front, to: front.map { moved($0, bow: 0, walk: SIMD3(2, 0, 0)) }, carrying: front)
    #expect(motion.agreement == 0)
    #expect(motion.carry(front[0].position) == nil)
    #expect(SubjectMotion(from: [], to: front, carrying: front).agreement == 0)
  }

  @Test func equationsFindTheChangesThatRowsWereMadeOf() {
    var random = SeededGenerator(seed: 4)
    func vector() -> SIMD3<Float> {
      SIMD3(random.uniform(), random.uniform(), random.uniform()) * 2 - 1
    }
    let wanted = (0..<3).map { _ in NodeEquations.Change(turn: vector(), shift: vector()) }
    var equations = NodeEquations(nodes: 3)
    for _ in 0..<200 {
      let parts = [0, 1, 2].shuffled(using: &random).prefix(2).map {
        ($0, NodeEquations.Change(turn: vector(), shift: vector()))
      }
      for (node, part) in parts { equations.add(node, turn: part.turn, shift: part.shift) }
      equations.close(
        residual: -parts.reduce(0) { sum, part in
          let (node, change) = part
          return sum + change.turn.dot(wanted[node].turn) + change.shift.dot(wanted[node].shift)
        })
    }
    #expect(equations.count == 200)
    for (found, wanted) in zip(equations.solve(), wanted) {
      #expect((found.turn - wanted.turn).length < 0.01)
      #expect((found.shift - wanted.shift).length < 0.01)
    }
  }
}
