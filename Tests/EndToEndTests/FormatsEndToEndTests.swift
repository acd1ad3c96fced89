import CaptureCore
import CapturePipeline
import Foundation
import RecordingFixtures
import Testing

/// Every kind of recording goes the whole way: looked at, and made into meshes.
@Suite struct FormatsEndToEndTests {
  @Test(arguments: RecordingFixture.all.indices)
  func everyFormatIsInspectedAndReconstructed(_ index: Int) throws {
    let fixture = RecordingFixture.all[index]
    let (url, output) = (try fixture.write(), TinyTake.temporary("formats"))
    defer {
      try? FileManager.default.removeItem(at: url)
      try? FileManager.default.removeItem(at: output)
    }
    var calibration: URL?
    if !fixture.hasPlaces {
      let file = url.appendingPathExtension("json")
      try AtomicFile.write(Data(fixture.source.calibration.json.text.utf8), to: file)
      calibration = file
    }
    defer { if let calibration { try? FileManager.default.removeItem(at: calibration) } }

    let inspection = try InspectedTake(url, calibration: calibration).inspect()
    #expect(inspection.format == fixture.format && inspection.unreadable == [])
    #expect(inspection.text.contains("3 frame sets from 1.000"))

    let configuration = try TinyTake.configuration("method=tsdf", "fusion.voxel=0.08")
    let report = try TinyTake.pipeline(output, configuration)
      .run(TakeSource(take: url, calibration: calibration))
    #expect(report.skipped == [])
    for frame in FixtureSource.times.indices {
      let mesh = output.appendingPathComponent("export/frame_00000\(frame).ply")
      let bytes = try #require(
        try FileManager.default.attributesOfItem(atPath: mesh.path)[.size] as? Int)
      #expect(bytes > 5000)
    }
  }
}
