import CaptureCore
import CaptureTestSupport
import Foundation
import SyntheticRigs
import Testing

@testable import CapturePipeline

/// What the start of a run, and an inspection, say of a calibration and of images.
@Suite struct CalibrationLookTests {
  /// What the first stage of a run warns of.
  private func warnings(_ take: URL, _ settings: String...) throws -> [String] {
    let pipeline = try TinyTake.pipeline(
      Scratch.unused("look"), try JobConfiguration().setting(settings))
    return try pipeline.run(only: .pair, TakeSource(take: take)).warnings
  }

  @Test(arguments: [1, 2]) func nobodyIsSuspectedOfATrueCalibration(_ seed: Int) throws {
    var knobs = RingTake.knobs(3, "walker", frames: 4)
    knobs.seed = seed
    let take = try RingTake.write(
      [0, 1, 2], of: knobs, calibration: SyntheticRig(knobs).trueCalibration)
    #expect(try warnings(take).isEmpty)
    let inspection = try InspectedTake(take).inspect()
    #expect(inspection.verdict == .good, "\(inspection.text)")
  }

  @Test func aLostCameraIsWarnedOfWhereItIsUsed() throws {
    let knobs = RingTake.knobs(4, "dancer", frames: 2)
    let said = RingTake.turned(20)(try SyntheticRig(knobs).trueCalibration, "cam2")
    let take = try RingTake.write([0, 1, 2, 3], of: knobs, calibration: said)
    let found = try warnings(take)
    #expect(found.count == 1 && found[0].hasPrefix("Camera cam2 contradicts"), "\(found)")
    #expect(try warnings(take, "cameras=cam0,cam1,cam3").isEmpty)
    let inspection = try InspectedTake(take).inspect()
    #expect(inspection.verdict == .broken)
    #expect(inspection.findings.map(\.camera) == ["cam2"], "\(inspection.text)")
  }

  @Test func aCalibrationThatIsTheInverseOfItselfIsBroken() throws {
    let knobs = RingTake.knobs(4, "dancer", frames: 2)
    var said = try SyntheticRig(knobs).trueCalibration
    said.rigFromColor = said.rigFromColor.mapValues(\.inverse)
    let take = try RingTake.write([0, 1, 2, 3], of: knobs, calibration: said)
    let inspection = try InspectedTake(take).inspect()
    #expect(inspection.verdict == .broken, "\(inspection.text)")
    #expect(try !warnings(take).isEmpty)
  }
}
