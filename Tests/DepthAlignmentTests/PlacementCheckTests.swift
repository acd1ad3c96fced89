import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct PlacementCheckTests {
  private func check(
    _ truth: [RigidTransform], said: [RigidTransform], _ scene: BoxScene = .balls
  ) throws -> PlacementCheck {
    var quick = AlignmentConfiguration()
    (quick.moments, quick.effort) = (1, 0.35)
    return try scene.aligner(
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

  @Test func aPanOverABareFloorCannotBeTold() throws {
    let said = BoxScene.ring(2, spread: 1.2)
    var truth = said
    truth[1] = said[1].nudged(turn: SIMD3(0, 0.05, 0), shift: .zero)
    let check = try check(truth, said: said, .floorAlone)
    #expect(check.cameras.map(\.finding) == [.untold, .untold])
    let turns = check.cameras[1].unknown.filter { $0.kind == .turn }
    #expect(turns.count == 1 && check.cameras[1].unknown.count == 3)
    #expect(abs(turns[0].axis.y) > 0.98)
    #expect(check.cameras[0].unknown.count == 3)
  }

  @Test func aLiftOverABareFloorIsSeen() throws {
    let said = BoxScene.ring(2, spread: 1.2)
    var truth = said
    truth[1] = said[1].nudged(turn: .zero, shift: SIMD3(0, 0.03, 0))
    let check = try check(truth, said: said, .floorAlone)
    #expect(check.cameras.map(\.finding) == [.holds, .bumped])
    #expect(check.isAmbiguous && abs(check.cameras[1].shift.y - 0.03) < 0.002)
  }

  @Test func whatSlidesAlongSharedSidesCannotBeTold() throws {
    // Both see the floor and sides across z only.
    let said = BoxScene.ring(2, spread: 1.2)
    var truth = said
    truth[1] = said[1].nudged(turn: .zero, shift: SIMD3(0.03, 0, 0))
    let slid = try check(truth, said: said, .room)
    #expect(slid.cameras[1].finding == .untold)
    #expect(slid.cameras[1].unknown.map(\.kind) == [.shift])
    #expect(abs(slid.cameras[1].unknown[0].axis.x) > 0.98)
    truth[1] = said[1].nudged(turn: .zero, shift: SIMD3(0, 0, 0.03))
    #expect(try check(truth, said: said, .room).cameras[1].finding == .bumped)
  }
}
