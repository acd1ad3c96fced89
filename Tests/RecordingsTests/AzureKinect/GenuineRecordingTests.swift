import CaptureCore
import Foundation
import Matroska
import Recordings
import Testing

/// A recording that a real camera made.
@Suite struct GenuineRecordingTests {
  private let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Genuine/recording.mkv")

  @Test("Everything in it is read")
  func everything() throws {
    let recording = try AzureKinectRecording.open(url)
    #expect(recording.warnings == [])
    #expect(recording.take.framesPerSecond == 5)
    let camera = try #require(recording.take.cameras.first)
    #expect(
      (camera.id, camera.model, camera.serial) == ("recording", "azure-kinect-dk", "001514394512"))
    #expect(camera.firmware == "color 1.6.110, depth 1.6.79")
    #expect(camera.sync == SyncRole(mode: .standalone))
    #expect(camera.depthRange == 0.5...3.86)
    // The cluster of the images begins at 0x071449 us, and the clock at 336277 us.
    let time = Double(0x071449 + 336_277) / 1e6
    #expect(recording.samples(camera: 0, kind: .color).map(\.time) == [time])
    #expect(recording.samples(camera: 0, kind: .depth).map(\.time) == [time])
    let color = try recording.color(camera: 0, index: 0)
    #expect((color.width, color.height) == (1280, 720))
    let depth = try recording.depth(camera: 0, index: 0)
    #expect((depth.width, depth.height) == (640, 576))
    let measured = depth.samples.filter { $0 > 0 }.sorted()
    #expect(measured.count > 100_000 && (300...6000).contains(measured[measured.count / 2]))
  }

  @Test("Its calibration gives lenses that agree with the sensors' fields of view")
  func calibration() throws {
    let camera = try AzureKinectRecording.open(url).take.cameras[0]
    let (depth, color) = (try #require(camera.depth), try #require(camera.color))
    #expect((depth.width, depth.height, color.width, color.height) == (640, 576, 1280, 720))
    #expect((490...520).contains(depth.intrinsics.fx) && (590...620).contains(color.intrinsics.fx))
    // 75 degrees across; a pixel goes out and back.
    let right = try #require(depth.unproject(SIMD2(639, 288)))
    #expect((0.6...0.9).contains(right.x))
    let pixel = try #require(depth.project(right * 2))
    #expect(abs(pixel.x - 639) < 1e-3 && abs(pixel.y - 288) < 1e-3)
    #expect((0.02...0.05).contains(-camera.colorFromDepth.translation.x))
    #expect(depth.radius ?? 0 > 1.5 && color.radius == 1.7)
  }

  @Test("Its checksums hold, and its end is known")
  func container() throws {
    let file = try MatroskaFile(url)
    #expect(file.isFinished && file.damage.isEmpty && file.clusterCount == 2)
    #expect(file.title == "Azure Kinect" && file.writingApp == "k4arecord-1.4.1")
    #expect(file.tracks.map(\.name) == ["COLOR", "DEPTH", "IR", "IMU"])
    #expect(file.attachments.map(\.name) == ["calibration.json"])
    #expect(file.tags.count == 15)
    for track in file.tracks {
      for block in file.blocks(ofTrack: track.number) { _ = try file.frames(of: block) }
    }
  }
}
