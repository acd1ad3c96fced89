import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import RayObservations

@Suite struct DropBridgeTests {
  /// Cells of the third of five sets on the wrong side, when two cameras' images of it are missing.
  private func wrongCells(bridge: Double, at instant: (Int) -> Int) throws -> Int {
    let folder = Scratch.unused()
    let scene = SphereScene(frames: 5)
    var frames = scene.frames
    for camera in 0..<2 { frames[2].entries[camera].depth = nil }
    let images = try frames.map { try scene.images(instant($0.index)) }
    var configuration = ObservationConfiguration.unaveraged
    configuration.bridge = bridge
    _ = try ObservationStage.build(
      cameras: scene.cameras, frames: frames,
      load: { set in
        zip(set.entries, images[set.index]).map {
          $0.depth == nil ? CameraFrame(depth: nil, color: nil) : $1
        }
      }, configuration: configuration, folder: folder)
    let frame = try ObservationCache.open(folder: folder).frame(2)
    return withExtendedLifetime(frame) {
      let hidden = frame.hidden
      return (0..<hidden.packed.count).count { k in
        let p = hidden.corner(k) + hidden.edge / 2
        let distance = scene.signedDistance(p, frame: instant(2))
        return abs(distance) > Double(hidden.edge) && (distance < 0) != (hidden.layer(k) < 0)
      }
    }
  }

  @Test func aStillSubjectIsSeenBeforeAndAfter() throws {
    let without = try wrongCells(bridge: 0) { _ in 1 }
    let with = try wrongCells(bridge: 0.25) { _ in 1 }
    #expect(without > 300)
    #expect(with * 5 < without, "\(with) of \(without)")
  }

  @Test func whatMovesIsCarriedAlong() throws {
    // From 0.18 m on one side to 0.35 and back, in steps.
    func instant(_ k: Int) -> Int { k == 2 ? 1 : 2 }
    let without = try wrongCells(bridge: 0, at: instant)
    let with = try wrongCells(bridge: 0.25, at: instant)
    #expect(with * 4 < without, "\(with) of \(without)")
  }

  @Test func theNearestSetsWithDepthAreTaken() throws {
    var frames = SphereScene(frames: 8).frames
    for k in [3, 4, 7] { frames[k].entries[1].depth = nil }
    // First, second, three times the share of the way.
    func sets(_ k: Int, reach: Double = 0.25) -> [Float]? {
      DropBridge.sets(around: k, camera: 1, frames, reach: reach).map {
        [Float($0.first), Float($0.second), ($0.share * 300).rounded() / 100]
      }
    }
    #expect(sets(3) == [2, 5, 1])
    #expect(sets(3, reach: 0.1) == [1, 2, 6])
    #expect(sets(3, reach: 0.05) == nil)
    #expect(sets(7) == [5, 6, 6])
    frames[0].entries[1].depth = nil
    #expect(sets(0) == [1, 2, -3])
  }
}
