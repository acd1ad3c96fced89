import CaptureCore
import Testing

@testable import RayObservations

/// Scenes of solid blocks, a point every 2 cm.
@Suite struct SubjectFinderTests {
  private static func block(
    _ lower: SIMD3<Float>, _ upper: SIMD3<Float>, moves: Bool = false, views: UInt8 = 4
  ) -> [SurveyPoint] {
    let counts = SIMD3<Int>(((upper - lower) / 0.02).rounded(.toNearestOrEven))
    var points: [SurveyPoint] = []
    for z in 0..<counts.z {
      for y in 0..<counts.y {
        for x in 0..<counts.x {
          let p = lower + (SIMD3(Float(x), Float(y), Float(z)) + 0.5) * 0.02
          points.append(SurveyPoint(position: p, moves: moves, views: views))
        }
      }
    }
    return points
  }

  private func find(
    _ blocks: [SurveyPoint]..., onFloor: Bool = true
  ) -> (box: BoundingBox?, warnings: [String]) {
    SubjectFinder(
      samples: blocks.flatMap { $0 }, floor: onFloor ? FloorPlane(a: 0, b: 0, c: 0) : nil
    ).find()
  }

  /// To a cell of the finder.
  private func expect(
    _ box: BoundingBox?, _ lower: SIMD3<Float>, _ upper: SIMD3<Float>,
    _ location: SourceLocation = #_sourceLocation
  ) {
    guard let box else {
      Issue.record("There is no box.", sourceLocation: location)
      return
    }
    for (found, wanted) in [(box.lower, lower), (box.upper, upper)] {
      for axis in 0..<3 {
        #expect(
          abs(found[axis] - wanted[axis]) < 0.07, "\(box), axis \(axis)", sourceLocation: location)
      }
    }
  }

  /// Arms that move at the height of the hips of somebody who stands still.
  private static let arms = block([-0.4, 0.6, 0.16], [0.4, 0.8, 0.4], moves: true)
  private static let trunk = block([-0.2, 0, -0.1], [0.2, 1.8, 0.16])

  @Test func whereOnlyArmsMoveHeadAndFeetBelongToTheSubject() {
    let found = find(Self.arms, Self.trunk)
    expect(found.box, [-0.4, 0.03, -0.1], [0.4, 1.8, 0.4])
    #expect(found.warnings == [])
  }

  @Test func whereOnlyFeetMoveSomebodyLyingIsWhole() {
    let found = find(
      Self.block([-0.8, 0.06, -0.2], [-0.6, 0.3, 0.2], moves: true),
      Self.block([-0.6, 0.06, -0.24], [0.8, 0.3, 0.24]))
    expect(found.box, [-0.8, 0.06, -0.24], [0.8, 0.3, 0.24])
    #expect(found.warnings == [])
  }

  @Test func ofAWallHalfAMetreJoinsAndTheUserIsTold() {
    let wall = Self.block([-2.6, 0, -0.22], [2.6, 2.4, -0.1], views: 2)
    let found = find(Self.arms, Self.trunk, wall)
    expect(found.box, [-0.9, 0.03, -0.22], [0.9, 2.4, 0.4])
    #expect(found.warnings.count == 1)
    #expect(found.warnings[0].hasPrefix("The subject touches something that goes on farther"))
  }

  @Test func aFloorThatWasNotFoundEndsHalfAMetreOff() {
    let floor = Self.block([-2.6, -0.06, -2.6], [2.6, 0, 2.6])
    let found = find(Self.arms, Self.trunk, floor, onFloor: false)
    expect(found.box, [-0.9, -0.06, -0.34], [0.9, 1.8, 0.9])
    #expect(found.warnings.count == 1)
  }

  @Test func aPartnerAndABallBelongToTheSubject() {
    let partner = Self.block([0.9, 0.06, -0.1], [1.2, 1.6, 0.2], moves: true)
    let ball = Self.block([-0.16, 2.1, 0], [0.16, 2.4, 0.3], moves: true)
    let found = find(Self.arms, Self.trunk, partner, ball)
    expect(found.box, [-0.4, 0.03, -0.1], [1.2, 2.4, 0.4])
    #expect(found.warnings == [])
  }

  @Test func aPasserbyIsLeftOutAndTold() {
    let far = Self.block([2.4, 0.06, -0.1], [2.7, 0.6, 0.1], moves: true)
    let atTheEdge = Self.block([-1.2, 0.06, -0.1], [-0.9, 0.6, 0.2], moves: true, views: 2)
    let speck = Self.block([0.8, 1.5, 0], [0.86, 1.56, 0.06], moves: true)
    let found = find(Self.arms, Self.trunk, far, atTheEdge, speck)
    expect(found.box, [-0.4, 0.03, -0.1], [0.4, 1.8, 0.4])
    #expect(
      found.warnings == [
        "Something else moves around (2.5, 0.3, 0.0) m and is left out; set observations.box to have it.",
        "Something else moves around (-1.0, 0.3, 0.1) m and is left out; set observations.box to have it.",
      ])
  }

  @Test func whereNothingMovesTheBoxIsTheCommonView() {
    let found = find(Self.trunk)
    expect(found.box, [-0.2, 0, -0.1], [0.2, 1.8, 0.16])
    #expect(
      found.warnings == [
        "Nothing moves in the frames that are used, so the box is the common view: use more frames, or set observations.box."
      ])
  }
}
