import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct PlacementCheckTests {
  private func check(
    _ truth: [RigidTransform], said: [RigidTransform]
  ) throws -> PlacementCheck {
    var quick = AlignmentConfiguration()
    (quick.moments, quick.effort) = (1, 0.35)
    return try BoxScene.room.aligner(
      truth, said: said, times: truth.map { _ in [0] }, configuration: quick
    ).checked()
  }

  @Test func whatStandsHolds() throws {
    let truth = BoxScene.ring(4, spread: 3)
    let check = try check(truth, said: truth)
    #expect(check.cameras.map(\.finding) == [.holds, .holds, .holds, .holds])
    #expect(!check.isAmbiguous)
  }

  @Test func aCameraThatLooksUpWasBumped() throws {
    let said = BoxScene.ring(4, spread: 3)
    var truth = said
    truth[1] = said[1] * RigidTransform(turn: SIMD3(0.03, 0, 0))
    let check = try check(truth, said: said)
    #expect(check.cameras.map(\.finding) == [.holds, .bumped, .holds, .holds])
    #expect(abs(check.cameras[1].turn.x - 0.03) < 0.006)
  }

  @Test func aNodIsASag() throws {
    let said = BoxScene.ring(4, spread: 3)
    var truth = said
    let down = RigidTransform(turn: SIMD3(-0.03, 0, 0))
    truth[1] = RigidTransform(
      rows: (said[1] * down).rows, translation: said[1].translation - SIMD3(0, 0.004, 0))
    let check = try check(truth, said: said)
    #expect(check.cameras.map(\.finding) == [.holds, .sagged, .holds, .holds])
  }

  @Test func exchangedCamerasAreNamed() throws {
    let said = BoxScene.ring(4, spread: 3)
    var truth = said
    truth.swapAt(1, 3)
    let check = try check(truth, said: said)
    #expect(check.cameras[1].finding == .swapped(with: 3))
    #expect(check.cameras[3].finding == .swapped(with: 1))
  }
}
