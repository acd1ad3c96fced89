import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import Matroska
import Testing

@testable import Recordings

@Suite struct AzureKinectRecordingTests {
  private let files: KinectFiles

  init() throws { files = try KinectFiles() }

  private func open(_ plan: KinectFiles.Plan) throws -> AzureKinectRecording {
    try AzureKinectRecording.open(files.write("cam.mkv", plan))
  }

  /// A tag of the file that was opened.
  private func tag(_ name: String) throws -> String? {
    try MatroskaFile(files.url("cam.mkv")).tags.last { $0.name == name }?.value
  }

  @Test("What was written comes back: camera, times, images")
  func whole() throws {
    var plan = KinectFiles.Plan()
    plan.settings.infrared = true
    plan.skipped = [1]
    let recording = try open(plan)
    #expect(recording.take.name == "cam" && recording.take.framesPerSecond == 30)
    let camera = try #require(recording.take.cameras.first)
    #expect(camera.firmware == "color 1.6.110, depth 1.6.79" && camera.serial == "000123")
    try expectSame(camera, plan.camera)
    #expect(
      recording.samples(camera: 0, kind: .color).map(\.time)
        == [1.5, 1.5 + 0.066667])
    #expect(recording.samples(camera: 0, kind: .depth).map(\.time) == [1.502, 1.568667])
    #expect(recording.samples(camera: 0, kind: .mask).isEmpty)
    for (index, seed) in [0, 2].enumerated() {
      #expect(try recording.depth(camera: 0, index: index) == KinectFiles.depth(seed))
    }
    #expect(
      try recording.encoded(camera: 0, kind: .color, index: 1) == KinectFiles.jpeg)
    #expect(try recording.encoded(camera: 0, kind: .depth, index: 1) == nil)
    #expect(recording.warnings == [])
  }

  /// Lenses survive the way through shares of the field but for rounding.
  private func expectSame(_ a: CameraDescription, _ b: CameraDescription) throws {
    #expect((a.id, a.model, a.serial) == (b.id, b.model, b.serial))
    #expect(a.sync == b.sync && a.depthRange == b.depthRange && a.depthUnit == 0.001)
    #expect(a.colorFromDepth == b.colorFromDepth)
    for (own, other) in [(a.color, b.color), (a.depth, b.depth)] {
      let (own, other) = (try #require(own), try #require(other))
      #expect((own.width, own.height) == (other.width, other.height))
      #expect(own.distortion == other.distortion && own.radius == other.radius)
      for path in [\Intrinsics.fx, \.fy, \.cx, \.cy] {
        #expect(abs(own.intrinsics[keyPath: path] - other.intrinsics[keyPath: path]) < 1e-9)
      }
    }
  }

  @Test("Every colour coding is read", arguments: AzureKinectWriter.ColorCoding.allCases)
  func codings(_ coding: AzureKinectWriter.ColorCoding) throws {
    var plan = KinectFiles.Plan(frames: 1)
    plan.settings.coding = coding
    plan.settings.motion = false
    let recording = try open(plan)
    let (image, wanted) = (try recording.color(camera: 0, index: 0), KinectFiles.color)
    let worst = zip(image.pixels, wanted.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
    // Exact; chroma at half size and rounded luma; a JPEG of middling quality.
    #expect(worst <= (coding == .bgra ? 0 : coding == .mjpg ? 24 : 4), "off by \(worst)")
    #expect(try tag("K4A_COLOR_MODE") == "\(coding.rawValue)_720P")
    #expect(
      try (recording.encoded(camera: 0, kind: .color, index: 0) != nil) == (coding == .mjpg))
  }

  @Test(
    "A recording whose colour was re-encoded is read through ffmpeg",
    .enabled(if: VideoCommand.ffmpeg.url != nil))
  func reencoded() throws {
    let (source, url) = (try files.write("cam.mkv", .init(frames: 4)), files.url("small.mkv"))
    let process = Process()
    process.executableURL = VideoCommand.ffmpeg.url
    process.arguments = [
      "-nostdin", "-loglevel", "quiet", "-i", source.path, "-map", "0:0", "-map", "0:1", "-map",
      "0:t", "-c:v:1", "copy", "-c:t", "copy", "-c:v:0", "libx264", "-preset", "ultrafast", "-crf",
      "10", "-allow_raw_vfw", "1", url.path,
    ]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let recording = try AzureKinectRecording.open(url)
    // Out of order, as threads ask.
    for index in [1, 0, 3, 2] {
      let image = try recording.color(camera: 0, index: index)
      let difference = zip(image.pixels, KinectFiles.color.pixels).reduce(0) {
        $0 + abs(Int($1.0) - Int($1.1))
      }
      #expect(difference < 6 * image.pixels.count)
      #expect(try recording.depth(camera: 0, index: index) == KinectFiles.depth(index))
    }
    #expect(try recording.encoded(camera: 0, kind: .color, index: 0) == nil)
    #expect(abs(recording.samples(camera: 0, kind: .color)[3].time - 1.6) < 0.001)
  }

  @Test("Early recordings: little-endian depth, old names of track and mode")
  func legacy() throws {
    var plan = KinectFiles.Plan(frames: 1)
    plan.settings.isLegacy = true
    plan.settings.infrared = true
    let recording = try open(plan)
    #expect(try tag("K4A_DEPTH_MODE") == "NFOV_2x2BINNED")
    #expect(try tag("K4A_DEPTH_TRACK") == nil)
    #expect(try recording.depth(camera: 0, index: 0) == KinectFiles.depth(0))
  }

  @Test("Delays and offsets: subordinate, depth before colour, clocks beyond 71 minutes")
  func delays() throws {
    let sync = SyncRole(mode: .subordinate, delay: 0.00016, depthDelay: -0.0005)
    let recording = try open(
      KinectFiles.Plan(camera: KinectFiles.camera(sync), frames: 1, start: 9000.25))
    #expect(recording.take.cameras[0].sync == sync)
    #expect(recording.samples(camera: 0, kind: .color).map(\.time) == [9000.25])
    #expect(try tag("K4A_START_OFFSET_NS") == "9000250000000")
  }

  @Test("A folder of files is a take, with the cameras named after them")
  func folder() throws {
    try files.write("sub 1.mkv", .init(frames: 1))
    try files.write("master.mkv", .init(frames: 1))
    let recording = try RecordingFormats.open(files.folder)
    #expect(recording.format == "Azure Kinect recording")
    #expect(recording.take.cameras.map(\.id) == ["master", "sub-1"])
    let joined = try RecordingFormats.open([files.url("sub 1.mkv"), files.url("master.mkv")])
    #expect(joined.take.cameras.map(\.id) == ["sub-1", "master"])
    #expect(try joined.depth(camera: 1, index: 0) == KinectFiles.depth(0))
    // Files of one name are told apart by their folders.
    for name in ["one", "two"] {
      try AtomicFile.makeFolder(files.url(name))
      try files.write("\(name)/rec.mkv", .init(frames: 1))
    }
    let sources = ["one/rec.mkv", "two/rec.mkv"].map { files.url($0) }
    #expect(try RecordingFormats.open(sources).take.cameras.map(\.id) == ["one-rec", "two-rec"])
    let twice = [sources[0], sources[0]]
    let error = #expect(throws: CaptureError.self) { _ = try RecordingFormats.open(twice) }
    #expect(
      error?.what
        == "Two sources have cameras of one name, and would both be called `one-rec` after their folder."
    )
  }

  @Test("An unfinished recording has its offset rebuilt from the motion sensors")
  func unfinished() throws {
    let recording = try open(.init(start: 77.125, isFinished: false))
    #expect(recording.samples(camera: 0, kind: .color).first?.time == 77.125)
    #expect(recording.samples(camera: 0, kind: .depth).count == 3)
    #expect(
      recording.warnings == [
        "cam.mkv: The recording was not finished; it is read up to its last whole part.",
        "cam.mkv: The start offset is missing; it was rebuilt from the times of the motion sensors.",
      ])
  }

  @Test("Without motion samples the offset is not guessed, and the reader says so")
  func unfinishedWithoutMotion() throws {
    var plan = KinectFiles.Plan(start: 77.125, isFinished: false)
    plan.settings.motion = false
    let recording = try open(plan)
    #expect(recording.samples(camera: 0, kind: .color).first?.time == 0)
    #expect(recording.warnings.last?.contains("cannot be rebuilt") == true)
  }

  @Test("Cut off anywhere, a recording gives its whole parts and never more")
  func truncated() throws {
    let whole = try Data(contentsOf: files.write("cam.mkv", .init(isFinished: false)))
    let cut = files.url("cut.mkv")
    var counts: [Int] = []
    let step = max(1, whole.count / 150)
    for length in Array(stride(from: 0, to: 4000, by: 97))
      + Array(stride(from: 4000, to: whole.count, by: step))
    {
      try whole.prefix(length).write(to: cut)
      do {
        let recording = try AzureKinectRecording.open(cut)
        counts.append(recording.samples(camera: 0, kind: .depth).count)
        for i in 0..<(counts.last ?? 0) {
          #expect(try recording.depth(camera: 0, index: i) == KinectFiles.depth(i))
        }
      } catch let error as CaptureError {
        #expect(error.place.hasPrefix(cut.path) && counts.isEmpty)
      }
    }
    #expect(counts == counts.sorted() && counts.first == 0)
    #expect(Set(counts).isSuperset(of: [0, 1, 2]))
  }

  @Test("A damaged image is named; the others are read, and those beside it warned of")
  func damaged() throws {
    let url = try files.write("cam.mkv")
    var bytes = try Data(contentsOf: url)
    let first = try #require(bytes.range(of: KinectFiles.jpeg))
    let second = try #require(
      bytes.range(of: KinectFiles.jpeg, in: first.upperBound..<bytes.count))
    // Its end, in the middle of it.
    bytes.replaceSubrange(second.lowerBound + 9000..<second.lowerBound + 9002, with: [0xFF, 0xD9])
    try bytes.write(to: url)
    let recording = try AzureKinectRecording.open(url)
    _ = try recording.color(camera: 0, index: 0)
    #expect(recording.warnings == [])
    let error = #expect(throws: CaptureError.self) {
      _ = try recording.color(camera: 0, index: 1)
    }
    #expect(
      error?.description.hasPrefix("camera cam, color frame 1, \(url.path): ") == true
        && error?.what.hasPrefix("The image cannot be decoded: ") == true)
    _ = try recording.color(camera: 0, index: 2)
    // Depth of the same part has kept its bytes.
    #expect(try recording.depth(camera: 0, index: 1) == KinectFiles.depth(1))
    #expect(recording.warnings.count == 1)
    #expect(recording.warnings[0].hasPrefix("cam.mkv: A part fails its checksum, from byte "))
    #expect(
      recording.warnings[0].hasSuffix(
        " on. Of the 2 images there those that can be decoded are used; pixels may be wrong."))
  }

  @Test("Damaged bytes anywhere make an error or a recording, never a crash")
  func mutated() throws {
    let url = try files.write("cam.mkv", .init(frames: 1))
    let whole = try Data(contentsOf: url)
    var random = SeededGenerator(seed: 7)
    var (opened, refused) = (0, 0)
    // Most of the file is one image; its head is what the parser lives on.
    let head = whole.prefix(5200)
    for _ in 0..<300 {
      try (ByteMutator.mutate(head, using: &random) + whole.dropFirst(5200)).write(to: url)
      do {
        let recording = try AzureKinectRecording.open(url)
        opened += 1
        for i in recording.samples(camera: 0, kind: .depth).indices {
          _ = try recording.depth(camera: 0, index: i)
        }
      } catch {
        refused += 1
      }
    }
    #expect(opened > 20 && refused > 20)
  }

  @Test("What is no recording of the camera is refused with a reason")
  func refused() throws {
    let url = files.url("cam.mkv")
    try Data("hello".utf8).write(to: url)
    #expect(throws: CaptureError(.badInput, "This is not a Matroska file.", at: url.path)) {
      try AzureKinectRecording.open(url)
    }
    func expect(_ what: String, _ old: String, _ new: String) throws {
      try files.write("cam.mkv", .init(frames: 1))
      var bytes = try Data(contentsOf: url)
      precondition(old.utf8.count == new.utf8.count)
      let range = try #require(bytes.range(of: Data(old.utf8)))
      bytes.replaceSubrange(range, with: Data(new.utf8))
      try bytes.write(to: url)
      let error = #expect(throws: CaptureError.self) { try AzureKinectRecording.open(url) }
      #expect(error?.what == what && error?.place.hasPrefix(url.path) == true)
    }
    try expect(
      "The track COLOR is coded as V_MS/VFW/FOURCC `H264`, not as MJPG, NV12, YUY2, BGRA or b16g.",
      "MJPG", "H264")
    try expect(
      "`CalibrationInformation.Cameras[0].Intrinsics.ModelType` is `CALIBRATION_LensDistortionModelXrownConrady`; only the Brown-Conrady model of retail devices can be read.",
      "ModelBrown", "ModelXrown")
    try expect("The calibration has no depth camera.", "LocationD0", "LocationD9")
  }
}
