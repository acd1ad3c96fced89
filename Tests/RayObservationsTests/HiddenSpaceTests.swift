import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import RayObservations

@Suite struct HiddenSpaceTests {
  @Test func aBallIsInsideAndItsSurroundingsAreNot() throws {
    let folder = Scratch.unused()
    let scene = SphereScene()
    let images = try scene.frames.map { try scene.images($0.index) }
    _ = try ObservationStage.build(
      cameras: scene.cameras, frames: scene.frames, load: { images[$0.index] },
      configuration: .init(), folder: folder)
    let cache = try ObservationCache.open(folder: folder)
    for index in 0..<cache.frameCount {
      let hidden = try cache.frame(index).hidden
      let center = SIMD3<Float>(SphereScene.center(index))
      #expect(hidden.packed.count > 1000)
      var wrong = (inside: 0, outside: 0)
      for k in 0..<hidden.packed.count {
        let distance = (hidden.corner(k) + hidden.edge / 2 - center).length - 0.25
        if distance < -1.5 * hidden.edge, hidden.layer(k) > 0 { wrong.inside += 1 }
        if distance > 1.5 * hidden.edge, distance < 0.3, hidden.layer(k) < 0 { wrong.outside += 1 }
        // Layers bound the distance to the surface from below.
        if hidden.layer(k) < -2 {
          #expect(-distance > Float(-hidden.layer(k) - 2) * hidden.edge - 0.02)
        }
      }
      #expect(Double(wrong.inside) < 0.02 * Double(hidden.packed.count))
      #expect(Double(wrong.outside) < 0.02 * Double(hidden.packed.count))
      #expect(hidden.isInside(center))
      #expect(hidden.isInside(center + SIMD3(0, 0.2, 0)))
      #expect(!hidden.isInside(center + SIMD3(0, 0.3, 0)))
      #expect(!hidden.isInside(center + SIMD3(9, 0, 0)))
    }
  }

  @Test func largeBoxesGetLargerCells() {
    let room = HiddenSpace(
      box: BoundingBox(lower: SIMD3(-4, 0, -4), upper: SIMD3(4, 3, 4)), edge: 0.01)
    #expect(room.grid.edge > 0.02)
    #expect(room.grid.count < 9_000_000)
  }
}
