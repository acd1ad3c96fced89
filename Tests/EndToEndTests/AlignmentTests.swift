import Calibration
import CaptureCore
import Foundation
import SyntheticRigs
import Testing

@testable import CapturePipeline

@Suite struct AlignmentTests {
  private static let knobs: SyntheticRigConfiguration = {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.cameras, knobs.frames) = (3, 2)
    (knobs.depthWidth, knobs.depthHeight) = (112, 100)
    (knobs.rotationError, knobs.translationError) = (1, 0.01)
    return knobs
  }()

  /// A take whose calibration is wrong by a degree and a centimetre.
  private static let take: URL = {
    let url = TinyTake.temporary("misaligned")
    do {
      try SyntheticTake(SyntheticRig(knobs), folder: url, withTruth: false).write()
    } catch {
      fatalError("The take cannot be made: \(error)")
    }
    return url
  }()

  private let folder = TinyTake.temporary("alignment")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  private func worst(_ calibration: RigCalibration) throws -> (degrees: Double, metres: Double) {
    let truth = try SyntheticRig(Self.knobs).trueCalibration
    return truth.rigFromColor.reduce((0, 0)) { worst, camera in
      let found = calibration.rigFromColor[camera.key] ?? .identity
      return (
        max(worst.degrees, (camera.value.inverse * found).angleDegrees),
        max(worst.metres, (camera.value.translation - found.translation).length)
      )
    }
  }

  @Test func aWrongCalibrationIsPutRightAndNothingIsWrittenOver() throws {
    let output = file("new.json")
    let done = try Command("align", Self.take.path, "-o", output.path, "--quiet")
    #expect(done.status == 0, "\(done.errors)")
    #expect(done.output.contains("Verdict: "))
    let report = try JSONNode(
      JSONValue(parsing: Data(contentsOf: file("new.report.json"))))
    #expect(try report.member("reference").string() == "cam0")
    #expect(try CalibrationFile.read(output).rigFromColor.count == 3)
    for pair in try report.member("pairs").elements(count: 3...3) {
      let (before, after) = (
        try pair.member("before").number(in: 0...50), try pair.member("after").number(in: 0...50)
      )
      #expect(after < 0.6 * before)
    }
    #expect(try Data(contentsOf: file("new.png")).count > 1000)

    let before = try Data(contentsOf: output)
    let again = try Command("align", Self.take.path, "-o", output.path, "--quiet")
    #expect(again.status == 2)
    #expect(
      again.errors
        == "fieldmesh: \(output.path): The calibration is there already. Choose another name with -o, or write over it with --force.\n"
    )
    #expect(try Data(contentsOf: output) == before)
  }

  @Test func aBumpedCameraIsNamed() throws {
    let rig = try SyntheticRig(Self.knobs)
    let good = file("good.json")
    try CalibrationFile.write(rig.trueCalibration, to: good)
    let holds = try Command("calibrate", "check", Self.take.path, "--calibration", good.path)
    // Three at 120 degrees share the floor alone: nobody can be told to hold, and nobody is blamed.
    #expect(holds.status == 4, "\(holds.output) \(holds.errors)")
    #expect(holds.output.contains("Nothing tells whether the calibration holds."))
    #expect(holds.output.contains("Nothing tells whether camera cam2 made a "))
    var bumped = rig.trueCalibration
    let turn = RigidTransform(
      rows: (SIMD3(cos(0.04), -sin(0.04), 0), SIMD3(sin(0.04), cos(0.04), 0), SIMD3(0, 0, 1)),
      translation: .zero)
    bumped.rigFromColor["cam2"] = (bumped.rigFromColor["cam2"] ?? .identity) * turn
    let bad = file("bad.json")
    try CalibrationFile.write(bumped, to: bad)
    let fails = try Command("calibrate", "check", Self.take.path, "--calibration", bad.path)
    #expect(fails.status == 3)
    #expect(fails.output.contains("Camera cam2 stands "), "\(fails.output)")
  }

  @Test func aCalibrationGoesToOtherProgramsAndBack() throws {
    let rig = try SyntheticRig(Self.knobs)
    let own = file("own.json")
    try CalibrationFile.write(rig.trueCalibration, to: own)
    for format in CalibrationExchange.formats {
      let (there, back) = (file("there-\(format)"), file("back-\(format).json"))
      let done = try Command(
        "calibrate", "export", own.path, "--to", format, "-o", there.path, "--take",
        Self.take.path, "--undistorted")
      #expect(done.status == 0, "\(format) \(done.errors)")
      let read = try Command(
        "calibrate", "import", there.path, "--from", format, "-o", back.path)
      #expect(read.status == 0, "\(format) \(read.errors)")
      let error = try worst(CalibrationFile.read(back))
      #expect(error.degrees < 1e-4 && error.metres < 1e-6, "\(format) \(error)")
    }
    let refused = try Command(
      "calibrate", "export", own.path, "--to", "kalibr", "-o", file("k").path)
    #expect(refused.status == 3)
    #expect(
      refused.errors
        == "fieldmesh: The lens of camera `cam0` is not known, and kalibr holds lenses. Name a take of the rig with --take.\n"
    )
  }
}
