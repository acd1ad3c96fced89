import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct GlobalSearchTests {
  @Test func theTrueWayToStandScoresBest() throws {
    let truth = BoxScene.ring(2, spread: 1.4)
    let aligner = try BoxScene.room.aligner(truth, said: truth, times: [[0], [0]])
    let views = aligner.frames.streams.compactMap { $0.flatMap { aligner.view($0) } }
    try #require(views.count == 2)
    let depth = truth.map { $0 * BoxScene.colorFromDepth }
    func score(_ turn: Double) -> Double {
      let turned = RigidTransform(turn: SIMD3(0, turn, 0)) * depth[0]
      return PairSearch(configuration: .init()).score(
        views[0], views[1], depth[1].inverse * turned, between: false, pixels: 3000, gate: 0.05)
    }
    #expect(score(0) > 2 * DepthAligner.leastScore)
    for turn in [0.5, 1.5, -0.7, 3] { #expect(score(turn) < DepthAligner.leastScore) }
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
