import CaptureCore
import Testing

@testable import BundleAdjustment

@Suite struct LensCalibrationTests {
  private func rig(_ seed: UInt64) -> CornerRig {
    var rig = CornerRig(seed: seed)
    (rig.cameras, rig.frames, rig.depthNoise) = (1, 20, nil)
    return rig
  }

  @Test("A lens is found from nothing, within its deviations", arguments: [1, 2, 3, 4, 5])
  func unknown(seed: UInt64) throws {
    let rig = rig(seed)
    let lens = try LensCalibration(rig.views(), size: SIMD2(1280, 960), lens: .polynomial)
    let truth = ["fx": 910.0, "fy": 912, "cx": 645, "cy": 470]
    for parameter in lens.parameters {
      guard let value = truth[parameter.name] else { continue }
      #expect(abs(parameter.value - value) < 4 * parameter.deviation, "\(parameter)")
      #expect(parameter.deviation < 18)
    }
    #expect(abs(lens.noise - 0.3) < 0.03)
    #expect(lens.viewErrors.compactMap { $0 }.count == lens.views)
  }

  @Test("Boards that are all parallel are refused")
  func parallel() {
    var rig = rig(7)
    rig.turns = false
    let error = #expect(throws: CaptureError.self) {
      _ = try LensCalibration(rig.views(), size: SIMD2(1280, 960))
    }
    #expect(error?.what.contains("is parallel to itself in all 20 pictures") == true)
    #expect(error?.remedy == "Tilt the board by 20 to 45 degrees, to the left, right, up and down.")
  }

  @Test("Two pictures are too few")
  func few() {
    let error = #expect(throws: CaptureError.self) {
      _ = try LensCalibration(Array(rig(7).views().prefix(2)), size: SIMD2(1280, 960))
    }
    #expect(
      error?.what == "The board is seen in 2 pictures; at least 3 are needed for a lens.")
  }
}
