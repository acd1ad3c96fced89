import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct GlobalSearchTests {
  /// Two cameras 40 degrees apart, and what they see of a scene.
  private static func views(
    _ scene: BoxScene
  ) throws -> (aligner: DepthAligner, views: [PairSearch.View], truth: RigidTransform) {
    let truth = BoxScene.ring(2, spread: 1.4)
    let aligner = try scene.aligner(truth, said: truth, times: [[0], [0]])
    let views = aligner.frames.streams.compactMap { $0.flatMap { aligner.view($0) } }
    try #require(views.count == 2)
    let depth = truth.map { $0 * BoxScene.colorFromDepth }
    return (aligner, views, depth[1].inverse * depth[0])
  }

  @Test func onlyTheTrueWayToStandFits() throws {
    let (_, views, truth) = try Self.views(.balls)
    func agreement(_ turn: Double, shift: Double) -> PairSearch.Agreement {
      let moved = truth.nudged(turn: SIMD3(0, turn, 0), shift: SIMD3(shift, 0, 0))
      return PairSearch(configuration: .init()).agreement(
        views[0], views[1], moved, between: false, pixels: 3000, rule: .exact(noise: 1))
    }
    let right = agreement(0, shift: 0)
    #expect(right.consistency > 0.85 && right.misfit < 0.09)
    #expect(right.share > 2 * DepthAligner.leastShare)
    #expect(right.score > right.share - 0.2 && right.score < right.share)
    for (turn, shift) in [(0.1, 0), (0, 0.08), (0.5, 0), (-0.7, 0.1)] {
      let wrong = agreement(turn, shift: shift)
      #expect(wrong.consistency < 0.3 && wrong.misfit > 0.2)
    }
  }

  @Test func camerasArePlacedFromNothing() throws {
    let truth = BoxScene.ring(2, spread: 1)
    let nowhere = truth.map { _ in RigidTransform.identity }
    let placement = try BoxScene.balls.aligner(truth, said: nowhere, times: [[0], [0]]).searched()
    #expect(placement.links.count == 1 && placement.ambiguous.isEmpty)
    let found = try #require(placement.referenceFromColor[1])
    let error = (truth[0].inverse * truth[1]).inverse * found
    #expect(error.turn.length * 180 / .pi < 0.2 && error.translation.length < 0.01)
  }

  @Test func whatFitsHalfCountsWhereNothingElseFitsNearlyAsMuch() {
    func agreement(_ robust: Double, near: Int) -> PairSearch.Agreement {
      var sums = PairSums()
      (sums.tried, sums.matched, sums.robust) = (1000, near, robust)
      var result = PairSearch.Agreement()
      result.add(sums)
      return result
    }
    // As two real structured-light cameras have it: 48 % of what lies near fits, other ways a quarter of that.
    let real = agreement(144, near: 300)
    #expect(real.consistency < DepthAligner.leastConsistency)
    #expect(
      DepthAligner.standsOut(real, among: [agreement(36, near: 73), agreement(34, near: 57)]))
    #expect(!DepthAligner.standsOut(real, among: [agreement(60, near: 150)]))
    #expect(!DepthAligner.standsOut(agreement(144, near: 400), among: []))
    #expect(!DepthAligner.standsOut(agreement(70, near: 120), among: []))
  }

  @Test func whatFitsInSeveralWaysIsNotPlaced() throws {
    // Two equal boxes, half a turn about their middle from each other: which is which?
    let twins = BoxScene(boxes: [
      .init(lower: SIMD3(-0.6, 0, -0.2), upper: SIMD3(-0.2, 0.6, 0.2)),
      .init(lower: SIMD3(0.2, 0, -0.2), upper: SIMD3(0.6, 0.6, 0.2)),
    ])
    let truth = BoxScene.ring(2, spread: 1)
    let nowhere = truth.map { _ in RigidTransform.identity }
    let placement = try twins.aligner(truth, said: nowhere, times: [[0], [0]]).searched()
    #expect(placement.referenceFromColor.keys.sorted() == [0])
  }

  @Test func placesThatContradictTheImagesAreNamed() throws {
    let truth = BoxScene.ring(2, spread: 1.4)
    let aligner = try BoxScene.balls.aligner(truth, said: truth, times: [[0], [0]])
    var result = try aligner.refined()
    #expect(aligner.contradictions(in: result).isEmpty)
    result.cameras[1].worldFromColor = result.cameras[1].worldFromColor.nudged(
      turn: .zero, shift: SIMD3(0.2, 0, 0))
    let found = aligner.contradictions(in: result)
    #expect(found.map(\.first) == [0] && found.map(\.second) == [1])
    #expect(found.allSatisfy { $0.share > 0.1 && $0.share <= 1 })
  }

  @Test func nothingIsFoundOnABareFloor() throws {
    let truth = BoxScene.ring(2, spread: 1.4)
    let nowhere = truth.map { _ in RigidTransform.identity }
    let placement = try BoxScene.floorAlone.aligner(truth, said: nowhere, times: [[0], [0]])
      .searched()
    #expect(placement.referenceFromColor.keys.sorted() == [0])
    #expect(placement.links.isEmpty)
  }

  @Test func theWorldStandsOnTheFloor() throws {
    let truth = BoxScene.ring(2, spread: 1.4)
    let aligner = try BoxScene.room.aligner(truth, said: truth, times: [[0], [0]])
    let found = truth[0].inverse * truth[1]
    let world = try #require(aligner.levelled([0: .identity, 1: found]))
    let middle = (world.translation + (world * found).translation) / 2
    #expect(abs(middle.x) < 0.01 && abs(middle.z) < 0.01)
    #expect(abs(world.translation.y - truth[0].translation.y) < 0.01)
    let forward = world.rotate(SIMD3(0, 0, 1))
    #expect(abs(forward.x) < 1e-6 && forward.z < 0)
  }
}
