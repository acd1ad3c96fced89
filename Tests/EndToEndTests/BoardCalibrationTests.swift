import BoardFixtures
import Calibration
import CalibrationTargets
import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import CapturePipeline

/// Takes of a moving board, from pictures and depth to a calibration.
@Suite struct BoardCalibrationTests {
  static let board = CalibrationTarget(name: "board", pattern: pattern())

  /// Five by four squares of 12 cm, unless something else is asked for.
  static func pattern(
    columns: Int = 5, rows: Int = 4, scale: Double = 1, dictionary: String = "aruco-4x4-50"
  ) -> CalibrationTarget.Pattern {
    guard let dictionary = TargetDictionary.named(dictionary) else { fatalError("a known name") }
    return .charuco(
      columns: columns, rows: rows, square: 0.12 * scale, marker: 0.09 * scale,
      startsWhite: false, dictionary: dictionary, firstID: 0)
  }

  /// A folder with the board's file and a take in it.
  struct Rig {
    let folder = Scratch.unused("boards")
    let take: BoardTake
    var output: URL { folder.appendingPathComponent("rig/2026-11-26.json") }

    init(_ take: BoardTake) throws {
      self.take = take
      try take.write(to: folder.appendingPathComponent("take"))
    }

    func job(_ pattern: CalibrationTarget.Pattern = pattern()) throws -> RigCalibrationJob {
      RigCalibrationJob(
        takes: [folder.appendingPathComponent("take")],
        target: try Self.file(pattern, in: folder), output: output)
    }

    static func file(
      _ pattern: CalibrationTarget.Pattern, in folder: URL, name: String = "board.json"
    ) throws -> URL {
      guard
        case .charuco(let columns, let rows, let square, let marker, _, let dictionary, _) = pattern
      else { fatalError("only boards of markers are written") }
      let text = """
        {"format": "fieldmesh-target", "version": 1, "name": "board", "kind": "charuco",
         "columns": \(columns), "rows": \(rows), "square": \(square), "marker": \(marker),
         "dictionary": "\(dictionary.name)"}
        """
      let url = folder.appendingPathComponent(name)
      try Data(text.utf8).write(to: url)
      return url
    }

    func report() throws -> JSONNode {
      let url = output.deletingPathExtension().appendingPathExtension("report.json")
      return JSONNode(try JSONValue(parsing: Data(contentsOf: url)))
    }
  }

  @Test("A rig is found from nothing, with the errors of its depth lenses and sensors")
  func everything() throws {
    var take = BoardTake(Self.board)
    take.frames = 14
    take.biases = [1: DepthBias(offset: 0.006, scale: -0.008, radial: 0.012)]
    (take.lensTurn, take.lensShift) = (SIMD3(0.003, -0.003, 0.002), SIMD3(0.001, 0.0015, -0.001))
    let rig = try Rig(take)
    var job = try rig.job()
    job.refinements = [.depth, .bias]
    let outcome = try job.run()
    let cameras = try rig.report().member("cameras").elements(count: 3...3)
    for (i, place) in take.worldFromColor.enumerated() {
      let found = outcome.calibration.rigFromColor["cam\(i)"] ?? .identity
      let truth = take.worldFromColor[0].inverse * place
      let shift = (found.translation - truth.translation).length
      let angle = (found.inverse * truth).angle
      let deviation = try (
        cameras[i].member("positionDeviationMeters").number(in: 0...1),
        cameras[i].member("rotationDeviationRadians").number(in: 0...1)
      )
      #expect(shift <= 3 * deviation.0 && deviation.0 < 0.002, "cam\(i) \(shift) \(deviation)")
      #expect(angle <= 3 * deviation.1 && deviation.1 < 0.002, "cam\(i) \(angle) \(deviation)")
    }
    // What a depth pixel is worth: where it is put, against where it was seen.
    for i in 0..<3 {
      let correction = try #require(outcome.calibration.corrections["cam\(i)"])
      let (given, bias) = (take.descriptions[i].colorFromDepth, take.biases[i] ?? .none)
      let found = try #require(correction.colorFromDepth)
      var (before, after) = (0.0, 0.0)
      for z in [1.4, 1.8, 2.2] {
        for ray in [SIMD2(0.0, 0), SIMD2(-0.25, 0.2), SIMD2(0.3, -0.1), SIMD2(0.1, 0.3)] {
          let way = SIMD3(ray.x, ray.y, 1)
          let read = (z - bias.offset) / (1 + bias.scale + bias.radial * (ray * ray).sum())
          let truth = take.colorFromDepth.apply(way * z)
          before = max(before, (given.apply(way * read) - truth).length)
          let corrected = correction.depthBias.corrected(read, ray: ray)
          after = max(after, (found.apply(way * corrected) - truth).length)
        }
      }
      #expect(before > (i == 1 ? 0.012 : 0.006))
      #expect(after < 0.0015, "cam\(i) \(before) to \(after)")
      // The board shows a bias where there is one only.
      #expect((correction.depthBias == .none) == (i != 1), "\(correction.depthBias)")
    }
    let world = outcome.calibration.worldFromRig
    let (truth, found) = (take.worldFromColor[0], world)
    let up = SIMD3(0.0, 1, 0)
    let lean = found.inverse.rotate(up).dot(truth.inverse.rotate(up))
    #expect(lean > 0.99999, "the floor leans")
    #expect(abs(found.translation.y - truth.translation.y) < 0.004)
    // Under the rig's middle, which the cameras look at, with the reference looking towards -z.
    let middle = found.apply(truth.inverse.apply(SIMD3(0, 1, 0)))
    #expect(abs(middle.x) < 0.05 && abs(middle.z) < 0.05 && abs(middle.y - 1) < 0.02, "\(middle)")
    #expect(found.rotate(SIMD3(0, 0, 1)).z < -0.9)
    #expect(abs(found.rotate(SIMD3(1, 0, 0)).y) < 0.001)
    #expect(outcome.text.contains("Floor: found in depth"))
    #expect(outcome.text.contains("Scale: depth says that the board is 0.0"), "\(outcome.text)")
    for pair in try rig.report().member("pairs").elements(count: 3...3) {
      #expect(try pair.member("agreementRmsMeters").number(in: 0...1) < 0.002)
    }
    let page = try String(
      contentsOf: rig.output.deletingPathExtension().appendingPathExtension("html"),
      encoding: .utf8)
    // Corners of three cameras, coverage, clouds before and after.
    #expect(page.components(separatedBy: "data:image/jpeg").count == 7)
  }

  @Test("The floor is where a tag lies, or the board")
  func floor() throws {
    var take = BoardTake(Self.board)
    (take.cameras, take.frames, take.lying, take.hasFloor) = (2, 5, 4, false)
    take.aim = SIMD3(0, 0.5, 0)
    let tag = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("calibration/targets/floor-tag.json")
    take.floorTag = try CalibrationTarget(file: tag)
    let rig = try Rig(take)
    for isTag in [true, false] {
      var job = try rig.job()
      job.isForced = true
      if isTag { job.floorTarget = tag } else { job.floorFrame = 4 }
      let outcome = try job.run()
      let (truth, found) = (take.worldFromColor[0], outcome.calibration.worldFromRig)
      let up = SIMD3(0.0, 1, 0)
      let lean = found.inverse.rotate(up).dot(truth.inverse.rotate(up))
      #expect(lean > 0.9998, "\(isTag) \(acos(lean) * 180 / .pi) degrees")
      #expect(abs(found.translation.y - truth.translation.y) < 0.015, "\(isTag)")
      #expect(outcome.text.contains("Floor: where `\(isTag ? "floor-tag" : "board")` lay."))
    }
    var job = try rig.job()
    job.isForced = true
    job.floorTarget = try Rig.file(
      Self.pattern(dictionary: "aruco-6x6-50"), in: rig.folder, name: "other.json")
    let error = #expect(throws: CaptureError.self) { try job.run() }
    #expect(error?.what == "No camera sees `board` on the floor.")
    let picture = rig.output.deletingPathExtension().appendingPathExtension("problem.jpg")
    #expect(FileManager.default.fileExists(atPath: picture.path))
    job.floorTarget = nil
    job.floorFrame = 4
    _ = try job.run()
    #expect(!FileManager.default.fileExists(atPath: picture.path), "what is put right is gone")
  }

  @Test("A print that is a little too large is told and kept")
  func scale() throws {
    var take = BoardTake(CalibrationTarget(name: "board", pattern: Self.pattern(scale: 1.02)))
    (take.cameras, take.frames) = (2, 5)
    let rig = try Rig(take)
    let outcome = try rig.job().run()
    #expect(
      outcome.text.contains(
        #/warn: rig: Depth says that the board is (1.9|2.0) % larger than described/#))
  }

  /// What is wrong, what is said of it, and what is said to do.
  struct Mistake: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var described = pattern()
    var what, remedy: String
    var change: @Sendable (inout BoardTake) -> Void = { _ in }
  }

  static let mistakes: [Mistake] = [
    Mistake(
      testDescription: "never seen", what: "No camera ever sees the board.",
      remedy: "The board is not in the picture, or too small, blurred or dark."
    ) { $0.blind = [0, 1] },
    Mistake(
      testDescription: "one camera never sees it",
      what: "The board is never seen by camera `cam1`.",
      remedy: "The board is not in the picture, or too small, blurred or dark."
    ) { $0.blind = [1] },
    Mistake(
      testDescription: "other dictionary", described: pattern(dictionary: "aruco-5x5-50"),
      what: "No camera ever sees the board.",
      remedy:
        "The picture shows 10 markers of dictionary `aruco-4x4-250`, not of the board's: correct `dictionary` in the target file."
    ),
    Mistake(
      testDescription: "other columns", described: pattern(columns: 4, rows: 5),
      what: "No camera ever sees the board.",
      remedy:
        "The board's 10 markers do not lie as described: correct `columns`, `rows`, `marker` or `topLeft` in the target file, and keep the board flat."
    ),
    Mistake(
      testDescription: "other sizes", described: pattern(scale: 0.8),
      what:
        "Depth says that the board is 25 % larger than described: 120.",
      remedy:
        "Measure the print with its ruler and correct the sizes in the target file; if they are right, the focal lengths of the take are not."
    ),
    Mistake(
      testDescription: "mirrored", what: "The board is never seen by camera `cam1`.",
      remedy:
        "The picture is mirrored: the markers can be read in a mirror only. Switch off mirroring in the recorder."
    ) { $0.mirrored = [1] },
    Mistake(
      testDescription: "disconnected",
      what:
        "The cameras fall into 2 groups that never see the board at the same time: `cam0` | `cam1`.",
      remedy:
        "Record the board where a camera of each group sees it together with one of another: for example `cam0` and `cam1`."
    ) { $0.split = 1 },
    Mistake(
      testDescription: "parallel",
      what:
        "The board has the same tilt in all 4 frames (within 0.",
      remedy: "Tilt the board by 20 to 45 degrees, to the left, right, up and down;"
    ) { $0.tilts = false },
  ]

  @Test("Each mistake is told and shown, and the old calibration stays", arguments: mistakes)
  func mistake(_ mistake: Mistake) throws {
    var take = BoardTake(Self.board)
    (take.cameras, take.frames) = (2, 4)
    mistake.change(&take)
    let rig = try Rig(take)
    var job = try rig.job(mistake.described)
    job.isForced = true
    let folder = rig.output.deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data("old".utf8).write(to: rig.output)
    let error = #expect(throws: CaptureError.self) { try job.run() }
    #expect(error?.what.hasPrefix(mistake.what) == true, "\(error?.what ?? "")")
    #expect(error?.remedy.hasPrefix(mistake.remedy) == true, "\(error?.remedy ?? "")")
    try ProblemPicture.expect(of: rig.output, in: error, kept: "old")
  }

  @Test("A calibration that fails does not replace the one that is there")
  func failed() throws {
    // Depth lenses that are described four degrees off.
    var take = BoardTake(Self.board)
    (take.cameras, take.frames) = (2, 4)
    take.lensTurn = SIMD3(0, 0.07, 0.03)
    let rig = try Rig(take)
    let job = try rig.job()
    let words =
      ["calibrate", "rig", job.takes[0].path, "--target", job.target.path, "-o", job.output.path]
      + ["--quiet"]
    let first = try Command(words)
    #expect(first.status == 4, "\(first.errors)")
    #expect(first.output.contains("Verdict: fail"), "\(first.output)")
    #expect(
      first.errors
        == "fieldmesh: The calibration was written, but it fails: see the report above.\n")
    let before = try Data(contentsOf: rig.output)
    let second = try Command(words + ["--force"])
    #expect(second.status == 3)
    #expect(
      second.errors.contains(": The new calibration fails (cam"), "\(second.errors)")
    #expect(second.errors.contains("), so the one that is there was kept. "))
    #expect(try Data(contentsOf: rig.output) == before)
    let page = rig.output.deletingPathExtension().appendingPathExtension("failed.html")
    #expect(FileManager.default.fileExists(atPath: page.path))
  }
}

/// The picture that goes with what a message says.
enum ProblemPicture {
  /// Expects a picture beside an output, named in the error, and the output as it was.
  static func expect(of output: URL, in error: CaptureError?, kept: String?) throws {
    let picture = output.deletingPathExtension().appendingPathExtension("problem.jpg")
    #expect(error?.remedy.hasSuffix("\(picture.path) shows what was seen.") == true)
    #expect(try Data(contentsOf: picture).count > 5000)
    let now = try? String(contentsOf: output, encoding: .utf8)
    #expect(now == kept)
  }
}
