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
