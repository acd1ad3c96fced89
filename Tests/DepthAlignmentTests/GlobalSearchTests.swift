import CaptureCore
import Foundation
import Testing

@testable import DepthAlignment

@Suite struct GlobalSearchTests {
  @Test func twoCamerasAreFoundFromNothing() throws {
    let truth = BoxScene.ring(2, spread: 1.4)
    let nowhere = [RigidTransform](repeating: .identity, count: 2)
    let aligner = try BoxScene.room.aligner(truth, said: nowhere, times: [[0], [0]])
    let placement = try aligner.searched()
    let found = try #require(placement.referenceFromColor[1])
    let difference = (truth[0].inverse * truth[1]).inverse * found
    #expect(difference.turn.length < 3 * .pi / 180)
    #expect(difference.translation.length < 0.06)
    // The world stands on the floor, below the middle of the cameras.
    let world = try #require(aligner.levelled(placement.referenceFromColor))
    let middle = (world.translation + (world * found).translation) / 2
    #expect(abs(middle.x) < 0.01 && abs(middle.z) < 0.01)
    #expect(abs(world.translation.y - truth[0].translation.y) < 0.01)
  }

  @Test func aBareFloorIsNoPlace() throws {
    let truth = BoxScene.ring(2, spread: 1.4)
    let nowhere = [RigidTransform](repeating: .identity, count: 2)
    let aligner = try BoxScene.floorAlone.aligner(truth, said: nowhere, times: [[0], [0]])
    let placement = try aligner.searched()
    #expect(placement.referenceFromColor.keys.sorted() == [0])
    #expect(placement.links.isEmpty)
  }
}
