import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import RecordingFixtures
import Testing

@testable import Recordings

/// Videos of colour images beside depth.
@Suite struct VideoFileTests {
  private static let isInstalled =
    VideoCommand.ffmpeg.url != nil && VideoCommand.ffprobe.url != nil
  private static let (width, height, count) = (64, 48, 90)
  private let folder = Scratch.unused()

  init() throws { try AtomicFile.makeFolder(folder.appendingPathComponent("depth")) }

  /// Brightness that tells one image from another.
  private static func level(_ index: Int) -> Int { 20 + 71 * index % 200 }

  private static func color(_ index: Int) throws -> ColorImage {
    try ColorImage(
      width: width, height: height,
      pixels: [UInt8](repeating: UInt8(level(index)), count: 3 * width * height))
  }

  private func ffmpeg(_ arguments: [String], to url: URL) throws {
    let process = Process()
    process.executableURL = VideoCommand.ffmpeg.url
    process.arguments = ["-nostdin", "-loglevel", "error", "-y"] + arguments + [url.path]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// A video of `count` images; a third of them depend on ones before and after.
  private func encode(
    _ name: String, coding: String = "libx264", count: Int = count, rate: Int = 30
  ) throws -> URL {
    let images = folder.appendingPathComponent("images")
    try AtomicFile.makeFolder(images)
    for i in 0..<count {
      try ImageFile.writePNG(
        Self.color(i), to: images.appendingPathComponent("\(i).png"), isSynced: false)
    }
    let url = folder.appendingPathComponent(name)
    try ffmpeg(
      [
        "-framerate", "\(rate)", "-i", images.path + "/%d.png", "-c:v", coding, "-crf", "5", "-g",
        "20", "-bf", "2", "-pix_fmt", "yuv420p",
      ], to: url)
    try FileManager.default.removeItem(at: images)
    return url
  }

  /// Depth with frame numbers from 10 on, and what else a plain folder has.
  private func writeDepth(
    _ more: String = "", count: Int = count, width: Int = width
  ) throws {
    for i in 0..<count {
      let depth = try DepthImage(
        width: Self.width, height: Self.height,
        samples: [UInt16](repeating: 900, count: Self.width * Self.height), unit: 0.001)
      try ImageFile.writePNG(
        depth, to: folder.appendingPathComponent("depth/\(10 + i).png"), isSynced: false)
    }
    try Data(
      """
      {"color": {"width": \(width), "height": 48,
                 "intrinsics": {"fx": 60, "fy": 60, "cx": 31.5, "cy": 23.5}}\(more)}
      """.utf8
    ).write(to: folder.appendingPathComponent("intrinsics.json"))
  }

  private func expect(_ image: ColorImage, is index: Int) {
    let mean = image.pixels.reduce(0) { $0 + Int($1) } / image.pixels.count
    #expect(abs(mean - Self.level(index)) <= 3, "\(mean) for image \(index)")
  }

  @Test(
    "Colour of a plain folder may be a video, read in any order",
    .enabled(if: isInstalled),
    arguments: [("color.mp4", "libx264"), ("rgb.mkv", "libx265"), ("rgb.mkv", "libx264")])
  func plainFolder(_ name: String, _ coding: String) throws {
    try writeDepth()
    _ = try encode(name, coding: coding)
    let recording = try RecordingFormats.open(folder)
    #expect(recording.format == "colour and depth folders")
    let samples = recording.samples(camera: 0, kind: .color)
    #expect(samples.count == Self.count && samples[3].name == "\(name) 3")
    for (i, sample) in samples.enumerated() {
      #expect(abs(sample.time - Double(10 + i) / 30) < 0.001)
    }
    // On, a little back, far ahead, far back, at key frames and beside them.
    for index in [0, 1, 2, 1, 89, 5, 19, 20, 21, 40, 39, 88] {
      expect(try recording.color(camera: 0, index: index), is: index)
    }
    #expect(try recording.encoded(camera: 0, kind: .color, index: 0) == nil)
    let error = #expect(throws: CaptureError.self) {
      try recording.color(camera: 0, index: Self.count)
    }
    #expect(error?.what == "There is no such image; the stream has 90.")
  }

  @Test("A declared rate and start count more than the video's times", .enabled(if: isInstalled))
  func declaredTimes() throws {
    try writeDepth(#", "colorVideo": {"framesPerSecond": 15, "start": 2.5}"#, count: 3)
    _ = try encode("color.mp4", count: 4)
    let recording = try RecordingFormats.open(folder)
    let times = recording.samples(camera: 0, kind: .color).map(\.time)
    #expect(times == (0..<4).map { 2.5 + Double($0) / 15 })
    expect(try recording.color(camera: 0, index: 3), is: 3)
  }

  private func expectRefusal(
    _ what: String, _ remedy: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: CaptureError.self, sourceLocation: sourceLocation) {
      try RecordingFormats.open(folder)
    }
    #expect(error?.what == what, sourceLocation: sourceLocation)
    #expect(
      remedy.isEmpty || error?.remedy.contains(remedy) == true, sourceLocation: sourceLocation)
    #expect(error?.place.hasPrefix(folder.path) == true, sourceLocation: sourceLocation)
  }

  @Test("A video that does not fit is refused with what to do", .enabled(if: isInstalled))
  func misfits() throws {
    try writeDepth()
    let url = try encode("color.mp4", rate: 25)
    expectRefusal(
      "The video has 90 images from 0.33 to 3.89 s, but depth 90 from 0.33 to 3.30 s.",
      "Declare `colorVideo` in the file of intrinsics")
    try writeDepth(width: 60)
    expectRefusal("The images of the video are 64x48, but the camera is described as 60x48.")
    try Data("ffconcat version 1.0\nfile other.mp4\n".utf8).write(to: url)
    expectRefusal("The file holds no video that ffmpeg can read.")
    try FileManager.default.removeItem(at: url)
    let old = folder.appendingPathComponent("rgb.mkv")
    try ffmpeg(
      ["-f", "lavfi", "-i", "color=size=64x48", "-frames:v", "3", "-c:v", "mpeg4"], to: old)
    expectRefusal(
      "The video is coded as mpeg4, not as h264, hevc, mjpeg, ffv1.", "-c:v libx264")
  }

  @Test("Behind damage in a video no image is taken for another one", .enabled(if: isInstalled))
  func damagedVideo() throws {
    try writeDepth()
    let url = try encode("color.mp4")
    var bytes = try Data(contentsOf: url)
    // The images' data stands before the tables; its middle is spoiled.
    let media = try #require(bytes.range(of: Data("mdat".utf8))).upperBound
    let tables = try #require(bytes.range(of: Data("moov".utf8))).lowerBound
    try #require(media < tables)
    let middle = (media + tables) / 2
    for i in middle..<middle + 30 { bytes[i] = 0xFF }
    try bytes.write(to: url)
    let recording = try RecordingFormats.open(folder)
    #expect(recording.samples(camera: 0, kind: .color).count == Self.count)
    var refused: [Int] = []
    for index in 0..<Self.count {
      do {
        expect(try recording.color(camera: 0, index: index), is: index)
      } catch {
        refused.append(index)
        #expect(
          error.description.hasPrefix(
            "camera \(recording.take.cameras[0].id), color frame \(index), "))
        #expect(error.what.hasPrefix("ffmpeg cannot decode the image"))
      }
    }
    #expect(!refused.isEmpty && refused.count <= 40, "\(refused)")
  }

  @Test(
    "Colour of an Azure Kinect may be an .mp4 of its name beside depth", .enabled(if: isInstalled))
  func besideKinect() throws {
    let files = try KinectFiles()
    let source = try files.write("whole.mkv", .init(frames: 4))
    // A folder of its own, or the whole file would be a second camera.
    let (depth, color) = (
      folder.appendingPathComponent("cam.mkv"), folder.appendingPathComponent("cam.mp4")
    )
    try ffmpeg(
      [
        "-i", source.path, "-map", "0:1", "-map", "0:t", "-c", "copy", "-allow_raw_vfw", "1",
      ], to: depth)
    #expect(try AzureKinectRecording.open(depth).take.cameras[0].color == nil)
    try ffmpeg(
      ["-i", source.path, "-map", "0:0", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"],
      to: color)
    let recording = try AzureKinectRecording.open(depth)
    #expect(AzureKinectRecording.video(beside: depth) == color)
    #expect(recording.take.cameras[0].color?.width == 1280)
    let (wanted, found) = (
      try AzureKinectRecording.open(source).samples(camera: 0, kind: .color),
      recording.samples(camera: 0, kind: .color)
    )
    #expect(found.count == 4 && found[2].name == "cam.mp4 2")
    for (a, b) in zip(wanted, found) { #expect(abs(a.time - b.time) < 0.002) }
    let image = try recording.color(camera: 0, index: 3)
    let difference = zip(image.pixels, KinectFiles.color.pixels).reduce(0) {
      $0 + abs(Int($1.0) - Int($1.1))
    }
    #expect(difference < 6 * image.pixels.count)
    #expect(try recording.depth(camera: 0, index: 3) == KinectFiles.depth(3))
    // A video of another recording.
    _ = try encode("cam.mp4", count: 90)
    let error = #expect(throws: CaptureError.self) { try AzureKinectRecording.open(depth) }
    #expect(
      error?.what.hasPrefix("The video has 90 images from 0.00 to 2.97 s, but depth 4") == true)
  }

  @Test("NeuS folders may have a video as well", .enabled(if: isInstalled))
  func cameraFolders() throws {
    let url = try RecordingFixture.written("NeuS camera folders")
    let camera = url.appendingPathComponent("cam1")
    let old = try RecordingFormats.open(url)
    let images = camera.appendingPathComponent("rgb")
    // Numbers 30, 32, 34 are a rate of 15.
    for i in 0..<3 {
      try FileManager.default.moveItem(
        at: images.appendingPathComponent("frame_\(30 + 2 * i).png"),
        to: images.appendingPathComponent("\(i).png"))
    }
    try ffmpeg(
      [
        "-framerate", "15", "-i", images.path + "/%d.png", "-c:v", "libx264", "-crf", "1",
        "-pix_fmt", "yuv444p",
      ], to: camera.appendingPathComponent("rgb.mp4"))
    try FileManager.default.removeItem(at: images)
    let new = try RecordingFormats.open(url)
    #expect(new.take.cameras == old.take.cameras)
    for i in 0..<3 {
      let time = new.samples(camera: 1, kind: .color)[i].time
      #expect(abs(time - FixtureSource.times[i]) < 0.001)
    }
    #expect(
      try new.color(camera: 1, index: 2).width == FixtureSource.oneLens.cameras[1].color.width)
  }

  @Test("What ffprobe writes is read or refused, whatever it is")
  func listing() throws {
    let text = """
      packet|pts_time=0.066667|flags=K_
      packet|pts_time=0.000000|flags=__
      packet|pts_time=-0.1|flags=_D
      packet|pts_time=0.033333|flags=__
      stream|index=2|codec_name=hevc|width=640|height=480

      """
    let whole = try VideoListing(Array(text.utf8))
    #expect(whole.times == [0, 0.033333, 0.066667] && whole.count == 3)
    #expect((whole.track, whole.coding, whole.width, whole.height) == (2, "hevc", 640, 480))
    let untimed = text.replacing("0.033333", with: "N/A")
    #expect(try VideoListing(Array(untimed.utf8)).times == nil)
    func expect(_ what: String, _ text: String) {
      #expect(throws: CaptureError(.badInput, what)) { try VideoListing(Array(text.utf8)) }
    }
    expect("The file holds no video that ffmpeg can read.", "")
    expect("The video has no image.", "stream|index=0|codec_name=h264|width=64|height=64\n")
    expect(
      "The video's width is 9999999, which cannot be.", text.replacing("=640", with: "=9999999"))
    expect("The video's height is not told, which cannot be.", text.replacing("height", with: "h"))
    var random = SeededGenerator(seed: 3)
    var refused = 0
    for _ in 0..<500 {
      let data = ByteMutator.mutate(Data(text.utf8), using: &random)
      do {
        let listing = try VideoListing([UInt8](data))
        #expect(listing.times?.count ?? listing.count == listing.count && listing.width <= 16384)
      } catch { refused += 1 }
    }
    #expect((10...490).contains(refused))
  }
}
