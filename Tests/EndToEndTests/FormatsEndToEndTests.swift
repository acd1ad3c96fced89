import CaptureCore
import CapturePipeline
import CaptureTestSupport
import Foundation
import RecordingFixtures
import Testing

/// Every kind of recording goes the whole way: looked at, made into a take, and into meshes.
@Suite struct FormatsEndToEndTests {
  @Test(arguments: RecordingFixture.all.indices)
  func everyFormatIsInspectedIngestedAndReconstructed(_ index: Int) throws {
    let fixture = RecordingFixture.all[index]
    let (url, output) = (try fixture.write(), Scratch.unused("formats"))
    let take = Scratch.unused("ingested")
    var calibration: URL?
    if !fixture.hasPlaces {
      let file = url.appendingPathExtension("json")
      try AtomicFile.write(Data(fixture.source.calibration.json.text.utf8), to: file)
      calibration = file
    }

    let inspection = try InspectedTake(url, calibration: calibration).inspect()
    #expect(inspection.format == fixture.format && inspection.unreadable == [])
    #expect(inspection.text.contains("3 frame sets from 1.000"))

    let outcome = try TakeIngest(sources: [url], calibration: calibration, output: take).write()
    let cameras = fixture.source.cameras.count
    #expect((outcome.cameras, outcome.images) == (cameras, 6 * cameras))
    #expect(outcome.skipped == [] && outcome.warnings == [])
    // The same but for names: what was found of the source holds of the take.
    var ingested = try InspectedTake(take).inspect()
    #expect(ingested.format == "Fieldmesh take" && ingested.region != nil)
    (ingested.name, ingested.format) = (inspection.name, inspection.format)
    #expect(ingested == inspection)

    let configuration = try TinyTake.configuration("method=tsdf", "fusion.voxel=0.08")
    let report = try TinyTake.pipeline(output, configuration)
      .run(TakeSource(take: url, calibration: calibration))
    #expect(report.skipped == [])
    for frame in FixtureSource.times.indices {
      let mesh = output.appendingPathComponent("export/frame_00000\(frame).ply")
      #expect(AtomicFile.size(of: mesh) ?? 0 > 5000)
    }
  }

  @Test("Without the commands that read video, the message says what is missing")
  func missingFFmpeg() throws {
    let url = try RecordingFixture.written("colour and depth folders") { url in
      let camera = url.appendingPathComponent("cam1")
      try FileManager.default.removeItem(at: camera.appendingPathComponent("color"))
      try Data("a video".utf8).write(to: camera.appendingPathComponent("color.mp4"))
    }
    let command = try Command(
      ["ingest", url.path, "-o", url.path + "/take"], environment: ["PATH": "/nowhere"])
    #expect(command.status == 2)
    #expect(
      command.errors
        == "fieldmesh: \(url.path)/cam1/color.mp4: The colour is a video coded as H.264 or H.265, and the command ffprobe is missing. Install it, as with 'apt-get install ffmpeg', and run the same command again.\n"
    )
  }
}
