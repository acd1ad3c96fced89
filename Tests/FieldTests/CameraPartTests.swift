import CaptureCore
import CaptureTestSupport
import NeuralFields
import Testing

@testable import FieldTraining

/// A sphere's take in which each camera says that it looked at a time of its own.
private final class UnevenTake: ObservationSource {
  let take = SphereTake(frames: 4)
  let delays: [Double]

  init(_ delays: [Double]) { self.delays = delays }

  var frameCount: Int { take.frameCount }
  var times: [Double] { take.times }
  var box: BoundingBox { take.box }
  var cameras: [PlacedCamera] { take.cameras }
  func timing(frame: Int, camera: Int) -> ObservationTiming {
    ObservationTiming(depth: delays[camera])
  }
  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations { try take.frame(index) }
}

@Suite struct CameraPartTests {
  private func sampler(_ source: any ObservationSource) -> (BatchSampler, FieldSpace) {
    var c = FieldTrainerTests.small(steps: 1)
    c.framesPerStep = 1
    let space = FieldSpace(box: source.box, times: source.times)
    return (BatchSampler(source: source, configuration: c, space: space, capacity: 4), space)
  }

  @Test func aPartHoldsOneCamerasObservations() throws {
    let frame = try SphereTake(frames: 1).frame(0)
    var (surface, free) = (0, 0)
    for camera in 0..<4 {
      let part = CameraPart(frame, camera: camera)
      #expect(!part.surface.isEmpty && part.surface.allSatisfy { $0.camera == camera })
      #expect(!part.freeRays.isEmpty && part.freeRays.allSatisfy { $0.camera == camera })
      #expect(part.depth(ofCamera: 2)?.width == frame.depth(ofCamera: 2)?.width)
      surface += part.surface.count
      free += part.freeRays.count
    }
    #expect(surface == frame.surface.count && free == frame.freeRays.count)
    #expect(CameraPart(frame, camera: 4).surface.isEmpty)
  }

  @Test func pointsAreAskedForAtTheTimeOfTheirCamera() throws {
    let source = UnevenTake([0, 0.02, -0.02, 0.03])
    let (sampler, space) = sampler(source)
    var seen: Set<Int> = []
    for step in 0..<40 {
      try sampler.draw(step: step)
      let positions = Set(sampler.batch.groups.map(\.position))
      #expect(positions.count == 1)
      // Whose time it is, its points lie before: those of a surface face the camera.
      let owners = source.cameras.indices.filter { camera in
        source.times.contains {
          positions.contains(space.position(time: $0 + source.delays[camera], capacity: 4))
        }
      }
      for point in 0..<sampler.batch.count where sampler.batch.kinds[point] == .surface {
        let normal = SIMD3(
          sampler.batch.normals[3 * point], sampler.batch.normals[3 * point + 1],
          sampler.batch.normals[3 * point + 2])
        #expect(
          owners.contains { camera in
            SIMD3<Float>(source.cameras[camera].worldFromDepth.translation).dot(normal) > -0.05
          })
      }
      seen.formUnion(owners)
    }
    #expect(seen == [0, 1, 2, 3])
  }

  @Test func wiredCamerasAreDrawnTogetherAsEver() throws {
    let (plain, _) = sampler(SphereTake(frames: 4))
    let (near, _) = sampler(UnevenTake([0, 0.001, -0.001, 0.0005]))
    for step in 0..<4 {
      try plain.draw(step: step)
      try near.draw(step: step)
      #expect(plain.batch.groups.map(\.position) == near.batch.groups.map(\.position))
      #expect(Array(plain.batch.positions) == Array(near.batch.positions))
    }
  }
}
