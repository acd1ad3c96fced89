import Calibration
import CaptureCore
import CaptureTestSupport
import FieldTraining
import Foundation
import Testing

@testable import CapturePipeline

@Suite struct PoseRefinementTests {
  private let output = Scratch.unused("poses")

  private func run(_ more: String...) throws -> RunReport {
    let configuration = try TinyTake.configuration().setting(more)
    return try TinyTake.pipeline(output, configuration).run(TakeSource(take: TinyTake.folder))
  }

  private func trained(_ name: String) -> URL {
    output.appendingPathComponent("train").appendingPathComponent(name)
  }

  @Test("Refined poses are reported, and left as a calibration")
  func report() throws {
    let report = try run("training.refinePoses=true", "training.refineRounds=2")
    let poses = try #require(report.poses)
    #expect(poses.map(\.camera) == ["cam0", "cam1", "cam2", "cam3"])
    let written = try JSONDecoder().decode(
      [PoseChange].self, from: Data(contentsOf: trained("poses.json")))
    #expect(written == poses)
    let train = try #require(report.stages.first { $0.name == .train })
    let most = poses.map(\.subjectMillimetres).max() ?? 0
    #expect(train.summary.hasSuffix(String(format: ", poses moved by up to %.1f mm", most)))
    for change in poses {
      #expect(report.table.contains("\n\(change.camera): moved "))
    }
    let refined = try CalibrationFile.read(trained("calibration.json"))
    let given = try CalibrationFile.read(TinyTake.folder.appendingPathComponent("calibration.json"))
    #expect(Set(refined.rigFromColor.keys) == Set(given.rigFromColor.keys))
    for change in poses {
      let id = change.camera
      let (new, old) = (refined.rigFromColor[id], given.rigFromColor[id])
      let motion =
        (refined.worldFromRig * (try #require(new)))
        * (given.worldFromRig * (try #require(old))).inverse
      let (rows, degrees) = (motion.rows, change.degrees)
      let cosine = (rows.0.x + rows.1.y + rows.2.z - 1) / 2
      #expect(abs(acos(min(1, cosine)) * 180 / .pi - degrees) < 0.002)
    }
  }

  @Test(
    "What the calibration says of devices stays, and meshes see the cameras where training left them"
  )
  func corrections() throws {
    let file = Scratch.unused("given.json")
    var given = try CalibrationFile.read(TinyTake.folder.appendingPathComponent("calibration.json"))
    given.corrections["cam2"] = DeviceCorrection(
      depthBias: DepthBias(offset: 0.001, scale: 0, radial: 0))
    try CalibrationFile.write(given, to: file)
    let settings = ["training.refinePoses=true", "training.refineRounds=2"]
    let pipeline = try TinyTake.pipeline(
      output, TinyTake.configuration().setting(settings))
    _ = try pipeline.run(TakeSource(takes: [TinyTake.folder], calibration: file))
    #expect(
      try CalibrationFile.read(trained("calibration.json")).corrections == given.corrections)
    let mesh = output.appendingPathComponent("mesh/frame_000000.ply")
    let colored = try Data(contentsOf: mesh)
    // Colours are those of the pixels before a vertex: a lens that stands elsewhere shows others.
    // The file keeps its size, by which the stage would be told to have changed.
    let text = try String(contentsOf: trained("calibration.json"), encoding: .utf8)
    let moved = text.replacing(/("translation": \[\s*-?)(\d)\./) { match in
      "\(match.1)\((Int(match.2) ?? 0) == 9 ? 0 : (Int(match.2) ?? 0) + 1)."
    }
    #expect(moved != text && moved.utf8.count == text.utf8.count)
    try moved.write(to: trained("calibration.json"), atomically: true, encoding: .utf8)
    try FileManager.default.removeItem(at: output.appendingPathComponent("mesh"))
    _ = try pipeline.mesh(FramePart(index: 0, of: 1))
    #expect(try Data(contentsOf: mesh) != colored)
  }

  @Test("Without refinement nothing is left of it")
  func off() throws {
    _ = try run("training.refinePoses=true")
    let report = try run()
    #expect(report.poses == nil && !report.table.contains("moved"))
    #expect(AtomicFile.size(of: trained("poses.json")) == nil)
    #expect(AtomicFile.size(of: trained("calibration.json")) == nil)
  }
}
