import CaptureCore
import Testing

@testable import ClockEstimation

@Suite struct PoseCorrectionTests {
  @Test func aCorrectedPlaceMovesPointsAsTheCorrectionDoes() {
    let place = RigidTransform.looking(from: SIMD3(1, 1.5, -2), at: SIMD3(0, 1, 0))
    let correction = PoseCorrection(turn: SIMD3(0.02, -0.03, 0.01), shift: SIMD3(0.01, 0.02, -0.03))
    let motion = correction.motion(about: SIMD3<Float>(place.translation))
    for point in [SIMD3(0.2, -0.1, 1.5), SIMD3(-0.7, 0.4, 3)] {
      let moved = motion.apply(SIMD3<Float>(place.apply(point)))
      #expect((SIMD3<Double>(moved) - correction.corrected(place).apply(point)).length < 1e-5)
    }
    #expect(correction.corrected(place).translation == place.translation + correction.shift)
  }
}
