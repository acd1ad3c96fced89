import CaptureCore
import ClockEstimation
import Synchronization
import SyntheticRigs
import Testing

@Suite struct ClockEstimatorTests {
  @Test func offsetsAndRatesAreFoundWhereTheSubjectMoves() throws {
    let scene = try RenderedRig.moving.get()
    let estimates = try ClockEstimator(scene.cameras()) { scene.depth($0, $1) }.estimate()
    let lead = try #require(estimates.firstIndex { $0.source == .shared })
    #expect(estimates.count { $0.source == .shape } == 3)
    for (camera, estimate) in estimates.enumerated() where camera != lead {
      let truth = scene.trueOffset(camera, lead: lead, at: estimate.fit.reference)
      let deviation = try #require(estimate.offsetDeviation)
      print("\(camera): \((estimate.fit.offset - truth) * 1000) ms, deviation \(deviation * 1000) ms")
      #expect(abs(estimate.fit.offset - truth) < 0.002, "camera \(camera)")
      #expect(abs(estimate.fit.offset - truth) < 4 * deviation, "camera \(camera)")
      #expect(deviation < 0.002 && abs(estimate.fit.rate) < 0.001)
      #expect(estimate.id == "cam\(camera)")
    }
  }
}
