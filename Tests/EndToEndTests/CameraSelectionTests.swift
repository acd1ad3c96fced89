import Calibration
import CaptureCore
import CaptureTestSupport
import Foundation
import RayObservations
import Testing

@testable import CapturePipeline

@Suite struct CameraSelectionTests {
  private func observed(_ cameras: String) throws -> (FrameList, ObservationCache) {
    let pipeline = try TinyTake.pipeline(
      Scratch.unused("chosen"), try TinyTake.configuration("cameras=\(cameras)"))
    _ = try pipeline.run(only: .pair, TakeSource(take: TinyTake.folder))
    _ = try pipeline.run(only: .observe)
    return (
      try FrameList.read(pipeline.output),
      try ObservationCache.open(folder: pipeline.output.folder(.observe))
    )
  }

  @Test("A run sees the chosen cameras alone, and its frames keep their numbers")
  func chosen() throws {
    let before = try contents(of: TinyTake.folder)
    let (all, whole) = try observed("")
    let ids = all.cameras
    try #require(ids.count >= 3)
    let (list, cache) = try observed("\(ids[2]),\(ids[0])")
    #expect(list.cameras == [ids[0], ids[2]])
    #expect(cache.cameras == [whole.cameras[0], whole.cameras[2]])
    #expect(list.frames.map(\.number) == all.frames.map(\.number))
    #expect(list.frames.map(\.time) == all.frames.map(\.time))
    #expect(list.frames.map(\.depth) == all.frames.map { [$0.depth[0], $0.depth[2]] })
    for index in 0..<cache.frameCount {
      let (part, everything) = (try cache.frame(index), try whole.frame(index))
      #expect(!part.surface.isEmpty)
      #expect(part.surface.allSatisfy { $0.camera < 2 })
      #expect(everything.surface.count > part.surface.count)
    }
    #expect(try contents(of: TinyTake.folder) == before)
  }

  @Test("A camera without a place can be left out, and only be left out")
  func unplaced() throws {
    let take = try TinyTake.copy()
    let file = take.appendingPathComponent(RigCalibration.fileName)
    var calibration = try CalibrationFile.read(file)
    calibration.rigFromColor["cam3"] = nil
    try CalibrationFile.write(calibration, to: file)
    func pair(_ cameras: String) throws -> FrameList {
      let pipeline = try TinyTake.pipeline(
        Scratch.unused("unplaced"), try TinyTake.configuration("cameras=\(cameras)"))
      _ = try pipeline.run(only: .pair, TakeSource(take: take))
      _ = try pipeline.run(only: .observe)
      return try FrameList.read(pipeline.output)
    }
    #expect(try pair("cam0,cam1,cam2").cameras == ["cam0", "cam1", "cam2"])
    for cameras in ["", "cam1,cam3"] {
      let error = #expect(throws: CaptureError.self) { try pair(cameras) }
      #expect(error?.what.contains("does not place camera `cam3`") == true)
    }
  }

  @Test("A camera that sees nothing of the subject is named")
  func idle() throws {
    let take = try TinyTake.copy()
    let file = take.appendingPathComponent(RigCalibration.fileName)
    var calibration = try CalibrationFile.read(file)
    calibration.rigFromColor["cam1"]?.translation = SIMD3(40, 0, 0)
    try CalibrationFile.write(calibration, to: file)
    let pipeline = try TinyTake.pipeline(Scratch.unused("idle"), try TinyTake.configuration())
    _ = try pipeline.run(only: .pair, TakeSource(take: take))
    let report = try pipeline.run(only: .observe)
    let warnings = report.warnings
    #expect(
      warnings.filter { $0.hasPrefix("Camera cam1 shows nothing of the subject") }.count == 1)
    #expect(warnings.filter { $0.contains("shows nothing") }.count == 1, "\(warnings)")
  }

  @Test("A camera that the take does not have is named")
  func unknown() throws {
    let error = #expect(throws: CaptureError.self) { try observed("cam0,camX") }
    #expect(error?.code == .usage)
    #expect(
      error?.description.hasPrefix("cameras: The take has no camera 'camX'. Choose from: cam0, ")
        == true)
  }

  @Test("The option must name a camera")
  func emptyOption() throws {
    let command = try Command(
      "pair", TinyTake.folder.path, "-o", Scratch.unused("none").path, "--cameras", ",",
      "--quiet")
    #expect(command.status == 2)
    #expect(
      command.errors
        == "fieldmesh: --cameras: No camera is named. Write names of the take's cameras, for example cam0,cam2.\n"
    )
  }
}
