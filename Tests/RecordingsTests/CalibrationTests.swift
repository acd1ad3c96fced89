import Calibration
import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@Suite struct CalibrationTests {
  let url = Scratch.unused("calibration.json")

  private func write(replacing old: String = "", with new: String = "") throws {
    let text = TinyTake.calibration.json.text
    precondition(old.isEmpty || text.contains(old), old)
    try Data((old.isEmpty ? text : text.replacing(old, with: new, maxReplacements: 1)).utf8)
      .write(to: url)
  }

  @Test func fileSurvivesARoundTrip() throws {
    try CalibrationFile.write(TinyTake.calibration, to: url)
    #expect(try CalibrationFile.read(url) == TinyTake.calibration)
  }

  @Test("What was found out about devices survives a round trip and is placed with them")
  func corrections() throws {
    var calibration = TinyTake.calibration
    var lens = try #require(TinyTake.description.cameras[0].color)
    (lens.intrinsics.fx, lens.distortion.k1) = (5.25, -0.125)
    let moved = RigidTransform(
      rows: RigidTransform.identity.rows, translation: SIMD3(-0.03, 0.001, 0.004))
    calibration.corrections["cam0"] = DeviceCorrection(
      color: lens, colorFromDepth: moved,
      depthBias: DepthBias(offset: 0.002, scale: -0.01, radial: 0.5))
    try CalibrationFile.write(calibration, to: url)
    #expect(try CalibrationFile.read(url) == calibration)
    let placed = try place(TinyTake.description, calibration)[0].description
    #expect(placed.color == lens && placed.colorFromDepth == moved)
    #expect(placed.depth == TinyTake.description.cameras[0].depth)
    calibration.corrections["cam0"]?.color?.width = 99
    let error = #expect(throws: CaptureError.self) {
      try place(TinyTake.description, calibration)
    }
    #expect(
      error?.what
        == "The calibration's lens of camera `cam0` is for 99x4 pixels, but the take's colour image is 6x4."
    )
  }

  @Test("A corrected lens is that of registered depth too")
  func registered() throws {
    var take = TinyTake.description
    take.cameras[0].depth = take.cameras[0].color
    take.cameras[0].colorFromDepth = .identity
    var lens = try #require(take.cameras[0].color)
    lens.intrinsics.cx += 0.5
    var calibration = TinyTake.calibration
    calibration.corrections["cam0"] = DeviceCorrection(color: lens)
    let placed = try place(take, calibration)[0].description
    #expect(placed.color == lens && placed.depth == lens)
  }

  @Test("Depth without its bias is rounded to steps; nothing stays nothing")
  func depthBias() throws {
    let image = try DepthImage(width: 2, height: 1, samples: [1000, 0], unit: 0.001)
    let model = CameraModel(
      width: 2, height: 1, intrinsics: Intrinsics(fx: 1, fy: 1, cx: 0.5, cy: 0))
    let bias = DepthBias(offset: 0.01, scale: 0.02, radial: 0.04)
    // 10 mm + 1000 mm * (1 + 0.02 + 0.04 * 0.25).
    #expect(bias.corrected(image, model: model).samples == [1040, 0])
    let huge = DepthBias(offset: 1)
    let far = try DepthImage(width: 1, height: 1, samples: [65000], unit: 0.001)
    #expect(huge.corrected(far, model: model).samples == [0])
  }

  @Test(arguments: [
    (#""id": "cam1""#, #""id": "cam0""#, ": `cameras[1]` is a second entry for `cam0`."),
    (
      #""reference": "cam0""#, #""reference": "cam7""#,
      ": `reference` names `cam7`, which is no camera here."
    ),
    (
      "[1, 0, 0, 0, 1, 0, 0, 0, 1]", "[1, 0, 0, 0, 1, 0, 0, 0, -1]",
      ", `cameras[0].rigFromColor`: A rotation matrix mirrors space (determinant -1). Check the axis convention: camera frames are +x right, +y down, +z forward."
    ),
    (
      "[1, 0, 0, 0, 1, 0, 0, 0, 1]", "[1, 0.5, 0, 0, 1, 0, 0, 0, 1]",
      ", `cameras[0].rigFromColor`: A rotation matrix is not orthonormal (off by 0.5). Rotations are row-major 3x3 without scale."
    ),
    (
      "[1, 0, 0, 0, 1, 0, 0, 0, 1]", "[1, 0, 0, 0, 1]",
      ": `cameras[0].rigFromColor.rotation` must have 9 elements, but has 5."
    ),
    (
      "[0, 0, 0]", "[0, NaN, 0]",
      ": This is not valid JSON: NaN and Infinity are not numbers in line 11, column 28."
    ),
    (
      "[0, 0, 0]", "[0, 1e9, 0]",
      ": `cameras[0].rigFromColor.translation[1]` must be a number from -1000 to 1000, but is 1000000000."
    ),
    (
      #""worldFromRig""#, #""worldFromRigg""#,
      ": The document has an unknown key `worldFromRigg`; known are format, version, rig, reference, cameras, worldFromRig."
    ),
    (
      #""version": 1"#, #""version": 3"#,
      ": `version` is 3, but only version 1 can be read. Use a newer Fieldmesh."
    ),
  ]) func everyErrorIsNamed(_ old: String, _ new: String, _ text: String) throws {
    try write(replacing: old, with: new)
    let error = #expect(throws: CaptureError.self) { try CalibrationFile.read(url) }
    #expect(error?.description == url.path + text)
  }

  @Test func aCalibrationThatCouldNotBeReadBackIsNotWritten() {
    var calibration = TinyTake.calibration
    calibration.reference = "cam9"
    let error = #expect(throws: CaptureError.self) {
      try CalibrationFile.write(calibration, to: url)
    }
    #expect(error?.what == "`reference` names `cam9`, which is no camera here.")
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func damagedFilesAreRefusedOrReadCleanly() throws {
    let data = Data(TinyTake.calibration.json.text.utf8)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<400 {
      try ByteMutator.mutate(data, using: &generator).write(to: url)
      do {
        let calibration = try CalibrationFile.read(url)
        for place in calibration.rigFromColor.values {
          #expect(place.rotation.allSatisfy { abs($0) <= 1 + 1e-9 })
        }
      } catch { #expect(error.place.hasPrefix(url.path), "\(error)") }
    }
  }

  @Test func camerasArePlacedInTheTakesOrder() throws {
    let placed = try place(TinyTake.description, TinyTake.calibration)
    #expect(placed.map(\.description.id) == ["cam0", "cam1"])
    // cam1's origin is (1, 0.5, 2) in the rig, and the world turns y and z around.
    let centre = placed[1].worldFromColor.apply(.zero)
    #expect((centre - SIMD3(1, 0.6, -0.1)).length < 1e-12)
    let lens = placed[0].worldFromDepth.apply(.zero)
    #expect((lens - SIMD3(-0.032, 1.102, 1.896)).length < 1e-12)
  }

  @Test func allOfATakesCamerasMustHavePlaces() throws {
    var calibration = TinyTake.calibration
    // One that did not record does no harm.
    calibration.rigFromColor["cam2"] = .identity
    #expect(
      try place(TinyTake.description, calibration)
        == place(TinyTake.description, TinyTake.calibration))
    calibration.rigFromColor["cam1"] = nil
    let error = #expect(throws: CaptureError.self) { try place(TinyTake.description, calibration) }
    #expect(
      error?.description
        == "The calibration of `tiny` does not place camera `cam1`, but cam0, cam2. Use the calibration of the rig that recorded the take, or leave the camera out with --cameras."
    )
  }
}
