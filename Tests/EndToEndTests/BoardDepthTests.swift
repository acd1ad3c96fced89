import CaptureCore
import Testing

@testable import CapturePipeline

@Suite struct BoardDepthTests {
  /// A polynomial lens brings what stands beside it to numbers beyond all integers.
  @Test func placesBesideTheLensFallOnNoPixel() throws {
    let lens = CameraModel(
      width: 8, height: 8, intrinsics: Intrinsics(fx: 8, fy: 8, cx: 3.5, cy: 3.5),
      distortion: Distortion(k1: -0.055, k2: 0.066, k3: -0.021))
    let image = try DepthImage(
      width: 8, height: 8, samples: [UInt16](repeating: 1000, count: 64), unit: 0.001)
    let depth = BoardDepth(image: image, model: lens, colorFromDepth: .identity, pitch: 0.04)
    let beside = SIMD3(1.0, 0.5, 2e-6)
    #expect(depth.share(at: [beside]) == nil && depth.depth(at: beside) == nil)
    let ahead = [SIMD3<Double>](repeating: SIMD3(0.05, 0.02, 0.5), count: 8)
    #expect(depth.share(at: ahead) == 2)
  }
}
