import CaptureCore
import CaptureTestSupport
import Testing

@testable import FieldTraining

@Suite struct BatchSamplerTests {
  /// Positions and targets of the near-surface points of the first steps.
  private func near(_ source: any ObservationSource) throws -> [(at: SIMD3<Float>, target: Float)] {
    var c = FieldTrainerTests.small(steps: 1)
    (c.framesPerStep, c.raysPerFrame, c.nearPerRay) = (1, 200, 2)
    let space = FieldSpace(box: source.box, times: source.times)
    let sampler = BatchSampler(source: source, configuration: c, space: space, capacity: 4)
    var found: [(SIMD3<Float>, Float)] = []
    for step in 0..<4 {
      try sampler.draw(step: step)
      let batch = sampler.batch
      for i in 0..<batch.count where batch.kinds[i] == .near {
        let p = SIMD3((0..<3).map { batch.positions[3 * i + $0] })
        found.append((p, batch.targets[i]))
      }
    }
    return found
  }

  @Test func aGridOfALargeRegionIsBoundedAndSaysTheSame() throws {
    let take = SphereTake(frames: 1)
    let frame = try take.frame(0)
    let near = SurfaceGrid(frame, box: take.box, radius: 0.006)
    let vast = BoundingBox(lower: SIMD3(repeating: -99), upper: SIMD3(repeating: 99))
    let far = SurfaceGrid(frame, box: vast, radius: 0.006)
    var random = SeededGenerator(seed: 5)
    var found = 0
    for _ in 0..<2000 {
      let p = SIMD3<Float>(
        .random(in: -0.35...0.35, using: &random), .random(in: -0.35...0.35, using: &random),
        .random(in: -0.35...0.35, using: &random))
      let (a, b) = (near.estimate(p), far.estimate(p))
      #expect((a == nil) == (b == nil))
      guard let a, let b else { continue }
      found += 1
      #expect(abs(a.distance - b.distance) < 1e-6 && (a.normal - b.normal).length < 1e-4)
    }
    #expect(found > 100)
  }

  @Test func aSheetHasItsOtherSideALittleBehind() throws {
    // The same observations, once before a body and once before nothing.
    let body = try near(SphereTake(frames: 4))
    let sheet = try near(
      UnevenTake([0, 0, 0, 0], hidden: [HiddenCells.pack(index: 0, layer: -1)]))
    #expect(body.count == sheet.count && body.count > 1000)
    var behind = 0
    for (b, s) in zip(body, sheet) {
      #expect(b.at == s.at)
      if b.target >= -0.003 {
        #expect(s.target == b.target)
      } else {
        #expect(abs(s.target - (-b.target - 0.006)) < 1e-6)
        behind += 1
      }
    }
    #expect(behind > 200)
    #expect(sheet.allSatisfy { $0.target >= -0.0031 })
  }
}
