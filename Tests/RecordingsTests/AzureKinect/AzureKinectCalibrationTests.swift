import CaptureCore
import Foundation
import Testing

@testable import Recordings

@Suite struct AzureKinectCalibrationTests {
  private func camera(
    _ place: String, _ parameters: [Double], width: Int = 1024, height: Int = 1024,
    radius: Double = 1.75, rotation: String = "1,0,0,0,1,0,0,0,1", translation: String = "0,0,0",
    model: String = "CALIBRATION_LensDistortionModelBrownConrady"
  ) -> String {
    """
    {"Intrinsics": {"ModelParameterCount": \(parameters.count), "ModelParameters": \(parameters),
     "ModelType": "\(model)"}, "Location": "CALIBRATION_CameraLocation\(place)",
     "MetricRadius": \(radius), "SensorWidth": \(width), "SensorHeight": \(height), "Shutter": "x",
     "Rt": {"Rotation": [\(rotation)], "Translation": [\(translation)]}}
    """
  }

  private func read(_ cameras: String...) throws -> AzureKinectCalibration {
    try AzureKinectCalibration(document(cameras))
  }

  private func document(_ cameras: [String]) -> Data {
    Data(
      #"{"CalibrationInformation": {"Cameras": [\#(cameras.joined(separator: ","))]}}"#.utf8)
  }

  private static let lens = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0, 0, -7e-5, 2e-5]

  // Worked out by hand: share x field - crop - 0.5.
  @Test(
    "Every mode's intrinsics",
    arguments: [
      ("NFOV_2X2BINNED", [165.9000, 169.3400, 252.1600, 252.4160]),
      ("NFOV_UNBINNED", [332.3000, 339.1800, 504.3200, 504.8320]),
      ("WFOV_2X2BINNED", [261.9000, 259.3400, 252.1600, 252.4160]),
      ("WFOV_UNBINNED", [524.3000, 519.1800, 504.3200, 504.8320]),
      ("PASSIVE_IR", [524.3000, 519.1800, 504.3200, 504.8320]),
      ("720P", [647.5640, 360.5560, 605.6960, 605.4720]),
      ("1080P", [971.5960, 541.0840, 908.5440, 908.2080]),
      ("1440P", [1295.6280, 721.6120, 1211.3920, 1210.9440]),
      ("1536P", [1036.4024, 769.1896, 969.1136, 968.7552]),
      ("2160P", [1943.6920, 1082.6680, 1817.0880, 1816.4160]),
      ("3072P", [2073.3048, 1538.8792, 1938.2272, 1937.5104]),
    ]) func modes(_ name: String, _ wanted: [Double]) throws
  {
    let calibration = try read(
      camera("D0", [0.5125, 0.5075, 0.4925, 0.493] + Self.lens),
      camera("PV0", [0.5063, 0.5011, 0.4732, 0.6307] + Self.lens, width: 4096, height: 3072))
    let depth = SensorMode.named(name, in: SensorMode.depth)
    let mode = try #require(depth ?? SensorMode.named(name, in: SensorMode.color))
    let lens = mode.lens(try #require(depth != nil ? calibration.depth : calibration.color))
    #expect((lens.width, lens.height) == (mode.width, mode.height))
    let i = lens.intrinsics
    for (value, wanted) in zip([i.cx, i.cy, i.fx, i.fy], wanted) {
      #expect(abs(value - wanted) < 1e-4)
    }
    #expect(
      lens.distortion
        == Distortion(
          k1: 0.1, k2: 0.2, k3: 0.3, k4: 0.4, k5: 0.5, k6: 0.6, p1: 2e-5, p2: -7e-5))
    #expect(lens.radius == 1.75)
  }

  @Test("A 16:9 calibration is the middle of the 4:3 field")
  func widescreen() throws {
    let lens = try #require(
      try read(
        camera("PV0", [0.505, 0.49, 0.4732, 0.841] + Self.lens, width: 1920, height: 1080)
      ).color)
    #expect((lens.center.x, lens.focal.x) == (0.505, 0.4732))
    #expect(abs(lens.center.y - 0.4925) < 1e-12 && abs(lens.focal.y - 0.63075) < 1e-12)
  }

  @Test("The depth lens is the world: colour from depth is what the colour lens says")
  func extrinsics() throws {
    let calibration = try read(
      camera("D0", [0.5, 0.5, 0.5, 0.5] + Self.lens),
      camera(
        "PV0", [0.5, 0.5, 0.5, 0.5] + Self.lens, width: 4096, height: 3072,
        rotation: "0,-1,0, 1,0,0, 0,0,1", translation: "-0.032,-0.002,0.004"))
    let point = calibration.colorFromDepth.apply(SIMD3(1, 2, 3))
    #expect(point == SIMD3(-2.032, 0.998, 3.004))
  }

  @Test("No radius means 1.7, and nothing beyond it is seen")
  func radius() throws {
    let lens = try #require(
      try read(camera("D0", [0.5, 0.5, 0.5, 0.5] + [Double](repeating: 0, count: 10), radius: 0))
        .depth)
    let model = SensorMode.depth[3].lens(lens)
    #expect(model.radius == 1.7)
    #expect(model.project(SIMD3(1.69, 0, 1)) != nil && model.project(SIMD3(1.71, 0, 1)) == nil)
    #expect(model.unproject(SIMD2(511.5 + 1.71 * 512, 511.5)) == nil)
  }

  @Test("A byte order mark and NULs at the end are passed over")
  func marks() throws {
    let text = document([camera("D0", [0.5, 0.5, 0.5, 0.5] + Self.lens)])
    let marked = Data([0xEF, 0xBB, 0xBF]) + text + Data([0, 0])
    #expect(try AzureKinectCalibration(marked) == AzureKinectCalibration(text))
  }

  @Test("What cannot be right is refused, by name")
  func refused() throws {
    func expect(_ what: String, _ camera: String) {
      let error = #expect(throws: CaptureError.self) { try read(camera) }
      #expect(error?.what == "`CalibrationInformation.Cameras[0]\(what)")
    }
    let lens = [0.5, 0.5, 0.5, 0.5] + Self.lens
    expect(
      "` is calibrated for 640x576; a depth lens is for 1024x1024.",
      camera("D0", lens, width: 640, height: 576))
    expect(
      "` is calibrated for 1000x1000, which is neither 4:3 nor 16:9.",
      camera("PV0", lens, width: 1000, height: 1000))
    expect(
      ".Intrinsics.ModelParameters` must have 14 to 32 elements, but has 13.",
      camera("D0", Array(lens.dropLast())))
    expect(
      ".Intrinsics.ModelType` is `CALIBRATION_LensDistortionModelRational6KT`; only the Brown-Conrady model of retail devices can be read.",
      camera("D0", lens, model: "CALIBRATION_LensDistortionModelRational6KT"))
  }
}
