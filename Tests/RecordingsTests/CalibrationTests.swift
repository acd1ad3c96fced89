import Calibration
import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@Suite struct CalibrationTests {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "fieldmesh-\(UUID().uuidString).json")

  private func write(replacing old: String = "", with new: String = "") throws {
    let text = TinyTake.calibration.json.text
    precondition(old.isEmpty || text.contains(old), old)
    try Data((old.isEmpty ? text : text.replacing(old, with: new, maxReplacements: 1)).utf8)
      .write(to: url)
  }

  @Test func fileSurvivesARoundTrip() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    try CalibrationFile.write(TinyTake.calibration, to: url)
    #expect(try CalibrationFile.read(url) == TinyTake.calibration)
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
      ": `cameras[0].rigFromColor.translation[1]` must be a number from -1000000 to 1000000, but is 1000000000."
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
    defer { try? FileManager.default.removeItem(at: url) }
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
    defer { try? FileManager.default.removeItem(at: url) }
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

  @Test func takeAndCalibrationMustHaveTheSameCameras() {
    var calibration = TinyTake.calibration
    calibration.rigFromColor["cam2"] = .identity
    var error = #expect(throws: CaptureError.self) {
      try place(TinyTake.description, calibration)
    }
    #expect(
      error?.description
        == "The calibration of `tiny` places camera `cam2`, but the take has only cam0, cam1. Use the calibration of the rig that recorded the take."
    )
    calibration = TinyTake.calibration
    calibration.rigFromColor["cam1"] = nil
    error = #expect(throws: CaptureError.self) { try place(TinyTake.description, calibration) }
    #expect(
      error?.description
        == "The calibration of `tiny` does not place camera `cam1`. Use the calibration of the rig that recorded the take."
    )
  }
}
