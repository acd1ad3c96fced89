import CalibrationTargets
import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import Recordings
import Testing

@testable import CapturePipeline

@Suite struct TargetCalibrationTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let kinects = root.appendingPathComponent("samples/kinect5")

  private static func board(_ name: String) -> URL {
    root.appendingPathComponent("calibration/targets/\(name).json")
  }

  private func job(_ board: URL = board("kinect5-charuco")) -> (RigCalibrationJob, URL) {
    let folder = Scratch.unused("calibration").appendingPathComponent("row")
    let output = folder.appendingPathComponent("2026-11-26.json")
    return (RigCalibrationJob(takes: [Self.kinects], target: board, output: output), folder)
  }

  @Test("Five real cameras are calibrated from one frame, and the worst one is told")
  func row() throws {
    var (job, folder) = job()
    job.refinements = [.lens]
    let outcome = try job.run()
    let report = JSONNode(
      try JSONValue(
        parsing: Data(contentsOf: folder.appendingPathComponent("2026-11-26.report.json"))))
    var distances: [Double] = []
    for camera in try report.member("cameras").elements(count: 5...5) {
      distances.append(try camera.member("depthRmsMeters").number(in: 0...1))
    }
    let good = distances.prefix(4).map { $0 * $0 }.reduce(0, +) / 4
    #expect(good.squareRoot() < 0.004, "\(distances)")
    #expect(outcome.text.contains("Worst: cam3, 2."))
    for pair in try report.member("pairs").elements(count: 10...10) {
      #expect(try pair.member("corners").integer(in: 0...60) >= 50)
    }
    let page = try String(
      contentsOf: folder.appendingPathComponent("2026-11-26.html"), encoding: .utf8)
    #expect(page.components(separatedBy: "data:image/jpeg").count == 9)
    // What was written can be read, and places the cameras half a metre to two above the floor.
    let take = try RecordingFormats.open(Self.kinects).take
    let opened = try OpenTake(
      TakeSource(takes: [Self.kinects], calibration: job.output))
    #expect(opened.cameras.count == take.cameras.count)
    for camera in opened.cameras {
      #expect((0.4...2.5).contains(camera.worldFromColor.translation.y))
      #expect(camera.worldFromColor.rotate(SIMD3(0, -1, 0)).y > 0.8)
    }
    let again = #expect(throws: CaptureError.self) { try job.run() }
    #expect(
      again?.description
        == "\(job.output.path): There is a calibration of this name already. Give the new one another name, or replace the old one with --force."
    )
  }

  @Test("The wrong board is told from the pictures, and a picture shows it")
  func wrongBoard() throws {
    let (job, folder) = job(Self.board("azure-plane"))
    let error = #expect(throws: CaptureError.self) { try job.run() }
    #expect(error?.what == "No camera ever sees the board.")
    #expect(
      error?.remedy.hasPrefix(
        "The picture shows 38 markers of dictionary `aruco-6x6-250`, not of the board's: correct `dictionary` in the target file."
      ) == true)
    let picture = folder.appendingPathComponent("2026-11-26.problem.jpg")
    #expect(error?.remedy.contains(picture.path) == true)
    #expect(try ImageFile.size(at: picture).width > 400)
    #expect(!FileManager.default.fileExists(atPath: job.output.path))
  }

  @Test("A board is drawn as the name of the file asks, in a folder that is made")
  func drawing() throws {
    let file = Scratch.unused("new").appendingPathComponent("board.pdf")
    try BoardPrint.write(target: Self.board("charuco-a3"), to: file)
    #expect(try Data(contentsOf: file).starts(with: Data("%PDF-1.4".utf8)))
  }

  @Test("Pictures of several sizes, and folders without any, are refused")
  func pictures() throws {
    let folder = try Scratch.folder()
    let output = folder.appendingPathComponent("lens.json")
    var job = LensCalibrationJob(
      sources: [folder], target: Self.board("charuco-a3"), output: output)
    #expect(
      throws: CaptureError(.badInput, "The folder holds no .jpg or .png pictures.", at: folder.path)
    ) {
      try job.run()
    }
    for (name, width) in [("a.png", 40), ("b.png", 48)] {
      let image = try MaskImage(
        width: width, height: 30, samples: [UInt8](repeating: 200, count: 30 * width))
      try ImageFile.writePNG(image, to: folder.appendingPathComponent(name))
    }
    let error = #expect(throws: CaptureError.self) { try job.run() }
    #expect(error?.what == "The picture has 48x30 pixels, but a.png has 40x30.")
    job.sources = [folder.appendingPathComponent("a.png")]
    let unseen = #expect(throws: CaptureError.self) { try job.run() }
    #expect(unseen?.what == "The board `charuco-a3` is not seen in any of the 1 pictures.")
  }
}
