import BoardFixtures
import CalibrationTargets
import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import Testing

@testable import CapturePipeline

/// What `calibrate intrinsics` and `calibrate pair` say of pictures that cannot be used.
@Suite struct LensMistakeTests {
  private let folder: URL
  private static let board = BoardCalibrationTests.board

  init() throws { folder = try Scratch.folder() }

  private func write(_ image: GreyImage, _ name: String) throws -> URL {
    let url = folder.appendingPathComponent("\(name).png")
    try ImageFile.writePNG(image.colorImage(), to: url)
    return url
  }

  /// Pictures of the board, turned differently unless told otherwise.
  private func pictures(
    _ count: Int = 4, tilts: Bool = true, mirrored: Bool = false, name: String = "p"
  ) throws -> [URL] {
    try (0..<count).map { i in
      var picture = BoardPicture(Self.board, fill: 0.7)
      picture.turn = tilts ? SIMD3(0.4 - 0.25 * Double(i), 0.3 * Double(i % 3) - 0.3, 0) : .zero
      picture.middle += SIMD3(0.05 * Double(i), 0, 0.03 * Double(i))
      let image = try picture.image()
      return try write(mirrored ? image.mirrored : image, "\(name)\(i)")
    }
  }

  private func grey(_ count: Int, name: String = "g") throws -> [URL] {
    try (0..<count).map {
      try write(
        GreyImage(width: 320, height: 240, samples: [UInt8](repeating: 90, count: 320 * 240)),
        "\(name)\($0)")
    }
  }

  private func fail(
    _ images: [URL], _ what: String, _ remedy: String,
    by pattern: CalibrationTarget.Pattern = BoardCalibrationTests.pattern()
  ) throws {
    let output = folder.appendingPathComponent("lens.json")
    try Data("old".utf8).write(to: output)
    var job = LensCalibrationJob(
      sources: images, target: try BoardCalibrationTests.Rig.file(pattern, in: folder),
      output: output)
    job.isForced = true
    let error = #expect(throws: CaptureError.self) { try job.run() }
    #expect(error?.what.hasPrefix(what) == true, "\(error?.what ?? "")")
    #expect(error?.remedy.contains(remedy) == true, "\(error?.remedy ?? "")")
    try ProblemPicture.expect(of: output, in: error, kept: "old")
  }

  @Test("Why a lens cannot be found is told and shown")
  func intrinsics() throws {
    let unseen = "The board `board` is not seen in any of the"
    let good = try pictures()
    try fail(try grey(2), unseen, "The board is not in the picture, or too small, blurred or dark.")
    try fail(
      good, unseen, "10 markers of dictionary `aruco-4x4-250`",
      by: BoardCalibrationTests.pattern(dictionary: "aruco-5x5-50"))
    try fail(
      good, unseen, "The board's 10 markers do not lie as described",
      by: BoardCalibrationTests.pattern(columns: 4, rows: 5))
    try fail(try pictures(3, mirrored: true, name: "m"), unseen, "The picture is mirrored")
    try fail(
      try pictures(tilts: false, name: "f"),
      "The board is parallel to itself in all 4 pictures (within ",
      "Tilt the board by 20 to 45 degrees")
    try fail(
      Array(good.prefix(2)) + (try pictures(2, mirrored: true, name: "m")),
      "The board is seen in 2 pictures; at least 3 are needed for a lens.",
      "It is not seen in 2: The picture is mirrored")
  }

  @Test("A chessboard of another size is told")
  func chessboard() throws {
    let board = CalibrationTarget(
      name: "board", pattern: .chessboard(columns: 7, rows: 6, square: 0.1))
    var picture = BoardPicture(board, fill: 0.7)
    picture.turn = SIMD3(0.2, 0.1, 0)
    let file = folder.appendingPathComponent("board.json")
    try Data(
      #"{"format": "fieldmesh-target", "version": 1, "name": "b", "kind": "chessboard", "columns": 9, "rows": 6, "square": 0.1}"#
        .utf8
    ).write(to: file)
    let job = LensCalibrationJob(
      sources: [try write(picture.image(), "c")], target: file,
      output: folder.appendingPathComponent("lens.json"))
    let error = #expect(throws: CaptureError.self) { try job.run() }
    #expect(
      error?.remedy.hasPrefix(
        "The picture shows 7x6 squares of a chessboard: correct `columns` and `rows` in the target file"
      ) == true, "\(error?.remedy ?? "")")
  }

  @Test("Why a pair cannot be found is told and shown")
  func pair() throws {
    let lens = folder.appendingPathComponent("known.json")
    let model = BoardPicture(Self.board).model
    try Data(LensDocument.document(color: model).text.utf8).write(to: lens)
    let good = try pictures(2)
    func fail(_ color: [URL], _ infrared: [URL], _ what: String, _ remedy: String) throws {
      let output = folder.appendingPathComponent("both.json")
      try Data("old".utf8).write(to: output)
      var job = LensPairJob(
        color: color, infrared: infrared, colorLens: lens, infraredLens: lens,
        target: try BoardCalibrationTests.Rig.file(BoardCalibrationTests.pattern(), in: folder),
        output: output)
      job.isForced = true
      let error = #expect(throws: CaptureError.self) { try job.run() }
      #expect(error?.description.hasPrefix(what) == true, "\(error?.description ?? "")")
      #expect(error?.remedy.contains(remedy) == true, "\(error?.remedy ?? "")")
      try ProblemPicture.expect(of: output, in: error, kept: "old")
    }
    try fail(
      good, try pictures(2, mirrored: true, name: "m"),
      "infrared pictures: The board `board` is not seen in any of the 2 pictures.",
      "The picture is mirrored")
    let blank = try grey(1)
    try fail(
      [good[0]] + blank, blank + [good[1]],
      "The cameras fall into 2 groups that never see the board at the same time: `color` | `infrared`.",
      "Record the board where")
  }
}
