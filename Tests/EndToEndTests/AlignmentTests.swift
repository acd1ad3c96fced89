import Calibration
import CaptureCore
import CaptureTestSupport
import Foundation
import Recordings
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
    let url = Scratch.unused("misaligned")
    do {
      try SyntheticTake(SyntheticRig(knobs), folder: url, withTruth: false).write()
    } catch {
      fatalError("The take cannot be made: \(error)")
    }
    return url
  }()

  private let folder: URL

  init() throws { folder = try Scratch.folder() }

  /// A turn about the optical axis, radians.
  private static func rolled(_ angle: Double) -> RigidTransform {
    let (c, s) = (cos(angle), sin(angle))
    return RigidTransform(
      rows: (SIMD3(c, -s, 0), SIMD3(s, c, 0), SIMD3(0, 0, 1)), translation: .zero)
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
    let rig = try SyntheticRig(Self.knobs)
    let (output, wrong) = (file("new.json"), file("wrong.json"))
    var start = rig.calibration
    start.corrections["cam1"] = DeviceCorrection(colorFromDepth: rig.take.cameras[1].colorFromDepth)
    try CalibrationFile.write(start, to: wrong)
    let done = try Command(
      "align", Self.take.path, "--start", wrong.path, "-o", output.path, "--quiet")
    #expect(done.status == 0, "\(done.errors)")
    #expect(done.output.contains("Verdict: "))
    let report = try JSONNode(
      JSONValue(parsing: Data(contentsOf: file("new.report.json"))))
    #expect(try report.member("reference").string() == "cam0")
    let written = try CalibrationFile.read(output)
    #expect(written.rigFromColor.count == 3 && !written.corrections.isEmpty)
    #expect(try written.corrections == CalibrationFile.read(wrong).corrections)
    for pair in try report.member("pairs").elements(count: 3...3) {
      let (before, after) = (
        try pair.member("before").number(in: 0...50), try pair.member("after").number(in: 0...50)
      )
      #expect(after < 0.6 * before)
    }
    #expect(try Data(contentsOf: file("new.png")).count > 1000)

    // What fails leaves the calibration that is there with its report.
    let names = ["new.json", "new.report.json", "new.png"]
    let whole = try names.map { try Data(contentsOf: file($0)) }
    var lost = start
    lost.rigFromColor["cam1"]?.translation = SIMD3(30, 0, 0)
    try CalibrationFile.write(lost, to: wrong)
    let failed = try Command(
      "align", Self.take.path, "--start", wrong.path, "-o", output.path, "--quiet", "--force")
    #expect(failed.status == 3)
    #expect(failed.errors.contains("new.failed.report.json"), "\(failed.errors)")
    #expect(try names.map { try Data(contentsOf: file($0)) } == whole)
    #expect(try Data(contentsOf: file("new.failed.report.json")).count > 100)

    let before = try Data(contentsOf: output)
    let again = try Command("align", Self.take.path, "-o", output.path, "--quiet")
    #expect(again.status == 2)
    #expect(
      again.errors
        == "fieldmesh: \(output.path): The calibration is there already. Choose another name with -o, or write over it with --force.\n"
    )
    #expect(try Data(contentsOf: output) == before)
  }

  @Test func whatACalibrationFoundOutAboutLensesIsUsed() throws {
    let rig = try SyntheticRig(Self.knobs)
    var said = rig.trueCalibration
    let moved = Self.rolled(0.01)
    said.corrections["cam1"] = DeviceCorrection(
      colorFromDepth: moved, depthBias: DepthBias(offset: 0.01, scale: 0, radial: 0))
    let calibration = file("lenses.json")
    try CalibrationFile.write(said, to: calibration)
    let alignment = try TakeAlignment(TakeSource(takes: [Self.take], calibration: calibration))
    #expect(alignment.devices[1].colorFromDepth == moved)
    #expect(alignment.devices[2] == alignment.reader.take.cameras[2])
    let recorded = try RecordingFormats.open([Self.take]).depth(camera: 1, index: 0)
    let corrected = try alignment.depth(camera: 1, index: 0)
    let steps = Int((0.01 / Double(recorded.unit)).rounded())
    let changes = zip(recorded.samples, corrected.samples).filter { $0.0 > 0 }.map {
      before, after in
      Int(after) - Int(before)
    }
    #expect(changes.count > 1000)
    #expect(changes.allSatisfy { abs($0 - steps) <= 1 })
  }

  @Test func imagesThatCannotBeReadAreNamed() throws {
    let take = file("damaged")
    try FileManager.default.copyItem(at: Self.take, to: take)
    let images = ["cam1/color/000001.jpg", "cam2/depth/000000.png"].map {
      take.appendingPathComponent($0)
    }
    for image in images { try Data("no image".utf8).write(to: image) }
    for command in [
      ["align", take.path, "-o", file("damaged.json").path, "--quiet"],
      ["calibrate", "check", take.path],
    ] {
      let done = try Command(command)
      for image in images {
        let named = done.errors.split(separator: "\n").filter {
          $0.hasPrefix("fieldmesh: warning: ") && $0.contains(" frame ")
            && $0.contains("\(image.path): ") && $0.hasSuffix(" The image is left out.")
        }
        #expect(named.count == 1, "\(command[0]): \(done.errors)")
      }
    }
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
    let turn = Self.rolled(0.04)
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
      // The rig's folder is made on the way.
      let (there, back) = (
        file("there-\(format)"), file("back-\(format)").appendingPathComponent("rig.json")
      )
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
    // What the calibration found out about a lens is what the other program gets.
    var known = rig.trueCalibration
    var lens = try #require(rig.take.cameras[0].color)
    lens.intrinsics.fx += 2.5
    known.corrections["cam0"] = DeviceCorrection(color: lens)
    try CalibrationFile.write(known, to: own)
    let corrected = try Command(
      "calibrate", "export", own.path, "--to", "nerfstudio", "-o", file("lens").path, "--take",
      Self.take.path, "--undistorted")
    #expect(corrected.status == 0, "\(corrected.errors)")
    let text = try String(contentsOf: file("lens"), encoding: .utf8)
    #expect(text.contains("\(lens.intrinsics.fx)"), "\(text)")
    let refused = try Command(
      "calibrate", "export", own.path, "--to", "kalibr", "-o", file("k").path)
    #expect(refused.status == 3)
    #expect(
      refused.errors
        == "fieldmesh: The lens of camera `cam0` is not known, and kalibr holds lenses. Name a take of the rig with --take.\n"
    )
  }

  // MARK: Takes of rigs that tell

  @Test func aTrueCalibrationHoldsAndBumpedAndSwappedCamerasAreNamed() throws {
    let knobs = RingTake.knobs(4, "walker")
    let take = try RingTake.write([0, 1, 2, 3], of: knobs)
    let truth = try SyntheticRig(knobs).trueCalibration
    func check(_ calibration: RigCalibration, _ more: String...) throws -> Command {
      let said = file("said.json")
      try CalibrationFile.write(calibration, to: said)
      return try Command(
        ["calibrate", "check", take.path, "--calibration", said.path] + more)
    }
    let holds = try check(truth)
    #expect(holds.status == 0, "\(holds.output)")
    #expect(holds.output.hasSuffix("The calibration holds.\n") && holds.errors.isEmpty)

    var bumped = truth
    let turn = Self.rolled(2 * .pi / 180)
    bumped.rigFromColor["cam2"] = (truth.rigFromColor["cam2"] ?? .identity) * turn
    let moved = try check(bumped, "--quick")
    #expect(moved.status == 3)
    #expect(moved.errors.contains("The calibration does not hold for cam2. Camera cam2 stands 2.0"))

    var swapped = truth
    (swapped.rigFromColor["cam1"], swapped.rigFromColor["cam3"]) = (
      truth.rigFromColor["cam3"], truth.rigFromColor["cam1"]
    )
    let exchanged = try check(swapped, "--quick")
    #expect(exchanged.status == 3)
    #expect(exchanged.errors.contains("The calibration does not hold for cam1, cam3. "))
    #expect(exchanged.output.contains("- Camera cam1 sees what camera cam3 should: "))
  }

  @Test(arguments: [RingTake.turned(20), RingTake.turned(45), RingTake.shifted(1)])
  func aCameraFarFromItsPlaceIsLostAndNotAligned(_ move: RingTake.Move) throws {
    let knobs = RingTake.knobs(4, "dancer")
    let take = try RingTake.write([0, 1, 2, 3], of: knobs)
    let (said, output) = (file("far.json"), file("aligned.json"))
    try CalibrationFile.write(move(try SyntheticRig(knobs).trueCalibration, "cam2"), to: said)
    for more in [[], ["--quick"]] {
      let check = try Command(
        ["calibrate", "check", take.path, "--calibration", said.path] + more)
      #expect(check.status == 3, "\(check.output)")
      let lines = check.output.split(separator: "\n").map { $0.split(separator: " ") }
      // No figures stand beside a place that is none.
      #expect(
        lines.contains { $0.prefix(6) == ["cam2", "lost", "-", "-", "-", "-"] }, "\(check.output)")
      let failed = lines.count {
        ["lost", "bumped", "sagged", "swapped"].contains($0.dropFirst().first)
      }
      #expect(failed == 1, "\(check.output)")
    }
    let aligned = try Command(
      "align", take.path, "--start", said.path, "-o", output.path, "--quiet")
    #expect(aligned.status == 3, "\(aligned.output)")
    #expect(aligned.errors.contains("Camera cam2 was "), "\(aligned.errors)")
    #expect(!FileManager.default.fileExists(atPath: output.path))
  }

  @Test func theCameraThatOthersAreComparedWithHasNoDeviation() throws {
    let knobs = RingTake.knobs(4, "walker")
    let take = try RingTake.write([0, 1, 2, 3], of: knobs)
    let said = file("reference.json")
    try CalibrationFile.write(
      RingTake.turned(2)(try SyntheticRig(knobs).trueCalibration, "cam0"), to: said)
    let check = try Command("calibrate", "check", take.path, "--calibration", said.path, "--json")
    let cameras = try JSONDecoder().decode(
      CalibrationCheck.self, from: Data(check.output.utf8)
    ).cameras
    #expect(cameras.map(\.finding) == ["bumped", "holds", "holds", "holds"])
    // The reference has the deviation of whom it is compared with, which has none.
    #expect(cameras[0].turnDeviationDegrees ?? 0 > 0)
    #expect(cameras.count { $0.turnDeviationDegrees == nil } == 1)
  }

  @Test func camerasArePlacedFromNothingWhereTheirViewsOverlapAndRefusedElsewhere() throws {
    var knobs = RingTake.knobs(12, "porter")
    (knobs.colorWidth, knobs.colorHeight) = (16, 16)
    let rig = try SyntheticRig(knobs)
    let output = file("found.json")
    let near = try RingTake.write([0, 1], of: knobs)
    let found = try Command(
      "align", near.path, "--from-nothing", "--depth-only", "-o", output.path, "--quiet")
    #expect(found.status == 0, "\(found.errors)")
    let calibration = try CalibrationFile.read(output)
    func step(_ calibration: RigCalibration) throws -> RigidTransform {
      let places = try ["cam0", "cam1"].map { try #require(calibration.rigFromColor[$0]) }
      return places[0].inverse * places[1]
    }
    let (now, should) = (try step(calibration), try step(rig.trueCalibration))
    #expect((should.inverse * now).angleDegrees < 0.2)
    #expect((now.translation - should.translation).length < 0.008)
    // The floor is level, and the cameras stand above it.
    let world = calibration.worldFromRig * (calibration.rigFromColor["cam0"] ?? .identity)
    let truth = rig.trueCameras[0].worldFromColor
    #expect(abs(world.translation.y - truth.translation.y) < 0.02)

    let nowhere = file("nowhere.json")
    let far = try RingTake.write([0, 6], of: knobs)
    let refused = try Command(
      "align", far.path, "--from-nothing", "--depth-only", "-o", nowhere.path, "--quiet")
    #expect(refused.status == 3)
    #expect(
      refused.errors.contains(
        "No place was found for cam6: nothing that stands out agrees with what cam0 measured."))
    #expect(!FileManager.default.fileExists(atPath: nowhere.path))
  }
}
