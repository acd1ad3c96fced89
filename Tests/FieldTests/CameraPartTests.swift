import CaptureCore
import CaptureTestSupport
import NeuralFields
import Testing

@testable import FieldTraining

/// A sphere's take in which each camera says that it looked at a time of its own.
final class UnevenTake: ObservationSource {
  let take = SphereTake(frames: 4)
  let delays: [Double]
  /// Cells that stand for those of the sphere.
  let hidden: [UInt32]?

  init(_ delays: [Double], hidden: [UInt32]? = nil) {
    (self.delays, self.hidden) = (delays, hidden)
  }

  var frameCount: Int { take.frameCount }
  var times: [Double] { take.times }
  var box: BoundingBox { take.box }
  var cameras: [PlacedCamera] { take.cameras }
  func timing(frame: Int, camera: Int) -> ObservationTiming {
    ObservationTiming(depth: delays[camera])
  }
  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations {
    let frame = try take.frame(index)
    return hidden.map { HidingFrame(frame, $0) } ?? frame
  }
}

/// A frame with hidden cells of ten centimetres.
private final class HidingFrame: FrameObservations {
  private let whole: any FrameObservations
  let hidden: HiddenCells

  init(_ whole: any FrameObservations, _ packed: [UInt32]) {
    self.whole = whole
    let copy = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: packed.count)
    _ = copy.initialize(from: packed)
    hidden = HiddenCells(
      origin: SIMD3(repeating: -0.2), edge: 0.1, counts: SIMD3(repeating: 4),
      packed: UnsafeBufferPointer(copy))
  }

  deinit { hidden.packed.deallocate() }

  var surface: UnsafeBufferPointer<SurfaceObservation> { whole.surface }
  var freeRays: UnsafeBufferPointer<FreeRay> { whole.freeRays }
  func depth(ofCamera camera: Int) -> ObservedDepth? { whole.depth(ofCamera: camera) }
  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) { whole.freedom(of: points, into: result) }
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
    let source = UnevenTake([0, 0.02, -0.02, 0.03], hidden: [])
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

  /// What nobody saw is believed of the frame set: its points are asked for at the set's time.
  @Test func hiddenPointsAreAskedForAtTheTimeOfTheSet() throws {
    let inside = HiddenCells.pack(index: 21, layer: -HiddenCells.deepest)
    let source = UnevenTake([0.02, 0.02, -0.02, 0.03], hidden: [inside])
    let (sampler, space) = sampler(source)
    let ofSets = source.times.indices.map { space.position(frame: $0, capacity: 4) }
    var others = 0
    for step in 0..<20 {
      try sampler.draw(step: step)
      var hidden = 0
      for group in sampler.batch.groups {
        let range = group.first..<group.first + group.count
        let count = range.count { sampler.batch.ceilings[$0] == -0.03 }
        #expect(count == 0 || ofSets.contains(group.position))
        hidden += count
        others += ofSets.contains(group.position) ? 0 : 1
      }
      #expect(hidden == FieldTrainerTests.small(steps: 1).hiddenPerFrame)
    }
    #expect(others > 20)
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
