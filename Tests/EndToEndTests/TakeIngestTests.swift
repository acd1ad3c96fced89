import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import RecordingFixtures
import Recordings
import Testing

@testable import CapturePipeline

@Suite struct TakeIngestTests {
  private let folder: URL

  init() throws { folder = try Scratch.folder() }

  private var output: URL { folder.appendingPathComponent("take") }

  private static let jpeg: Data = {
    guard
      let image = try? ColorImage(
        width: 1280, height: 720, pixels: [UInt8](repeating: 90, count: 3 * 1280 * 720)),
      let data = try? ImageFile.jpeg(image, quality: 80)
    else { fatalError("the image can be encoded") }
    return data
  }()

  /// A sphere of 30 cm, 1.5 m in front of a lens without distortion.
  private static func depth(_ lens: CameraModel) throws -> DepthImage {
    var samples = [UInt16](repeating: 0, count: lens.width * lens.height)
    let i = lens.intrinsics
    for v in 0..<lens.height {
      for u in 0..<lens.width {
        let ray = SIMD3((Double(u) - i.cx) / i.fx, (Double(v) - i.cy) / i.fy, 1).normalized
        let b = ray.z * 1.5
        let d = b * b - 1.5 * 1.5 + 0.3 * 0.3
        if d > 0 { samples[v * lens.width + u] = UInt16((b - d.squareRoot()) * ray.z * 1000) }
      }
    }
    return try DepthImage(width: lens.width, height: lens.height, samples: samples, unit: 0.001)
  }

  private static let camera = CameraDescription(
    id: "cam", serial: "1", sync: SyncRole(mode: .master),
    color: CameraModel(
      width: 1280, height: 720, intrinsics: Intrinsics(fx: 600, fy: 600, cx: 639.5, cy: 359.5)),
    depth: CameraModel(
      width: 320, height: 288, intrinsics: Intrinsics(fx: 250, fy: 250, cx: 159.5, cy: 143.5)))

  /// Two cameras that look at a sphere from two sides.
  private func record(frames: Int) throws -> [URL] {
    let depth = try Self.depth(try #require(Self.camera.depth))
    return try ["left", "right"].map { name in
      let url = folder.appendingPathComponent("\(name).mkv")
      var settings = AzureKinectWriter.Settings()
      settings.startOffset = 2
      let writer = try AzureKinectWriter(
        url, camera: Self.camera, framesPerSecond: 30, settings: settings)
      for frame in 0..<frames {
        try writer.write(color: Self.jpeg, time: 2 + Double(frame) / 30)
        try writer.write(depth, time: 2.001 + Double(frame) / 30)
      }
      try writer.finish()
      return url
    }
  }

  private func calibration() throws -> URL {
    let url = folder.appendingPathComponent("rig.json")
    let turned = RigidTransform(
      rows: (SIMD3(-1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, -1)), translation: SIMD3(0, 0, 3))
    let world = RigidTransform(
      rows: (SIMD3(1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)), translation: SIMD3(0, 1, 1.5))
    let rig = RigCalibration(
      rig: "two", reference: "left", rigFromColor: ["left": .identity, "right": turned],
      worldFromRig: world)
    try Data(rig.json.text.utf8).write(to: url)
    return url
  }

  @Test("A take holds what the sources hold: the same JPEGs, depth and times, for any threads")
  func withoutLoss() throws {
    let sources = try record(frames: 3)
    for threads in [1, 2] {
      let output = folder.appendingPathComponent("take\(threads)")
      let outcome = try TakeIngest(
        sources: sources, calibration: try calibration(), output: output, threads: threads
      ).write()
      #expect((outcome.cameras, outcome.images, outcome.skipped) == (2, 12, []))
    }
    let output = folder.appendingPathComponent("take1")
    #expect(
      try contents(of: output) == contents(of: folder.appendingPathComponent("take2")))
    let (old, new) = (try RecordingFormats.open(sources), try RecordingFormats.open(output))
    #expect(new.take.cameras == old.take.cameras && new.calibration?.rig == "two")
    for camera in 0..<2 {
      for kind in StreamKind.allCases {
        #expect(
          new.samples(camera: camera, kind: kind).map(\.time)
            == old.samples(camera: camera, kind: kind).map(\.time))
      }
      #expect(try new.depth(camera: camera, index: 2) == old.depth(camera: camera, index: 2))
      #expect(try new.encoded(camera: camera, kind: .color, index: 1) == Self.jpeg)
    }
  }

  @Test("Sources can be run, observed and inspected as they are, and linked")
  func direct() throws {
    let sources = try record(frames: 1).map(\.path)
    let rig = try calibration().path
    let settings = [
      "--set", "observations.box=[-0.5, 0.5, -0.5, 0.5, 1.5, 0.5]", "--set", "meshing.voxel=0.05",
      "--set", "fusion.voxel=0.05",
    ]
    let observed = try Command(
      ["observe"] + sources + ["-o", folder.path + "/a", "--calibration", rig, "-q"] + settings)
    #expect((observed.status, observed.errors) == (0, ""))
    let linked = try Command(
      ["ingest"] + sources + ["-o", output.path, "--calibration", rig, "--link"])
    #expect((linked.status, linked.output) == (0, "4 images of 2 cameras in \(output.path)\n"))
    let run = try Command(
      ["run", output.path, "-o", folder.path + "/b", "--method", "tsdf", "-q"] + settings)
    #expect((run.status, run.errors) == (0, ""))
    #expect(
      AtomicFile.size(of: folder.appendingPathComponent("b/export/frame_000000.ply")) ?? 0 > 1000)
    let inspected = try Command(["inspect"] + sources + ["--calibration", rig])
    // Both were made from one device's file.
    #expect(inspected.status == 3)
    #expect(inspected.errors.contains("have the same serial number"), "\(inspected.errors)")
    #expect(inspected.output.contains("left: Azure Kinect recording, 2 cameras\n"))
    #expect(inspected.output.contains("calibration: of the rig `two`"))
  }

  @Test("An image that is damaged is left out, counted and named, with status 4")
  func damaged() throws {
    let sources = try record(frames: 3)
    var bytes = try Data(contentsOf: sources[1])
    let first = try #require(bytes.range(of: Self.jpeg))
    let second = try #require(bytes.range(of: Self.jpeg, in: first.upperBound..<bytes.count))
    // An end in its middle.
    bytes.replaceSubrange(second.lowerBound + 2000..<second.lowerBound + 2002, with: [0xFF, 0xD9])
    try bytes.write(to: sources[1])
    let command = try Command(["ingest"] + sources.map(\.path) + ["-o", output.path, "-q"])
    #expect(command.status == 4)
    // Colour and depth share the part of the file whose checksum fails; depth is used.
    #expect(
      command.errors.hasPrefix(
        "fieldmesh: warning: right.mkv: A part fails its checksum, from byte "))
    #expect(
      command.errors.contains(
        " on. Of the 2 images there those that can be decoded are used; pixels may be wrong.\nfieldmesh: 1 image or frame could not be used; the rest is written.\n  camera right, color frame 1"
      ), "\(command.errors)")
    let take = try RecordingFormats.open(output)
    #expect(take.samples(camera: 0, kind: .color).count == 3)
    #expect(take.samples(camera: 1, kind: .color).count == 2)
    #expect(take.samples(camera: 1, kind: .depth).count == 3)
    let strict = try Command(
      ["ingest"] + sources.map(\.path) + ["-o", output.path + "2", "-q", "--strict"])
    #expect(strict.status == 3)
    #expect(!RecordingFormats.recognizes(URL(fileURLWithPath: output.path + "2")))
  }

  @Test("Colour that is no JPEG becomes one where that is asked for; nothing else changes")
  func packed() throws {
    let source = try TinyTake.copy()
    let recording = try RecordingFormats.open(source)
    // One camera's colour is PNG.
    let color = source.appendingPathComponent("cam1/color")
    for name in try FileManager.default.contentsOfDirectory(atPath: color.path) {
      let file = color.appendingPathComponent(name)
      let image = try ImageFile.color(at: file)
      try ImageFile.writePNG(image, to: file)
    }
    let command = try Command(
      "ingest", source.path, "-o", output.path, "-q", "--jpeg-quality", "90")
    #expect((command.status, command.errors) == (0, ""))
    let take = try RecordingFormats.open(output)
    for camera in [0, 1] {
      #expect(take.samples(camera: camera, kind: .color)[0].name.hasSuffix("000000.jpg"))
      let packed = try take.color(camera: camera, index: 1)
      let before = try RecordingFormats.open(source).color(camera: camera, index: 1)
      let error = zip(packed.pixels, before.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      #expect(camera == 0 ? error == 0 : (1..<6 * packed.pixels.count).contains(error))
      #expect(
        try take.encoded(camera: camera, kind: .depth, index: 1)
          == recording.encoded(camera: camera, kind: .depth, index: 1))
    }
    let wrong = try Command("ingest", source.path, "-o", output.path, "--jpeg-quality", "0")
    #expect(wrong.status == 2)
    #expect(
      wrong.errors
        == "fieldmesh: --jpeg-quality: 0 is out of range. Choose a value from 1 to 100.\n")
  }

  @Test("A recording is not written over by its own take")
  func inPlace() throws {
    let rig = try RecordingFixture.written("colour and depth folders")
    for arguments in [[], ["--link"]] {
      let command = try Command(["ingest", rig.path, "-o", rig.path + "/."] + arguments)
      #expect(
        command.status == 2
          && command.errors.contains("which it is made from. Choose another folder."))
    }
    let around = try Command("ingest", rig.path, "-o", rig.deletingLastPathComponent().path)
    #expect(around.status == 2)
    let both = try Command("ingest", rig.path, "-o", rig.path + "-take", "--link", "--strict")
    #expect(both.status == 2 && both.errors.contains("--strict: --link copies no images."))
  }

  @Test("A linked take tells when its source is gone or another one")
  func linkedSourceChanged() throws {
    let sources = try record(frames: 1)
    _ = try TakeIngest(sources: sources, output: output).link()
    #expect(try RecordingFormats.open(output).take.cameras.map(\.id) == ["left", "right"])
    let old = try SourceFiles.fingerprint(of: [output], excluding: folder)
    let time = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1)]
    try FileManager.default.setAttributes(time, ofItemAtPath: sources[0].path)
    #expect(try SourceFiles.fingerprint(of: [output], excluding: folder) != old)
    let relative = folder.appendingPathComponent("relative")
    try AtomicFile.makeFolder(relative)
    let document = #"""
      {"format": "fieldmesh-linked-take", "version": 1, "name": "r", "sources": [{"path": "../right.mkv"}]}
      """#
    try Data(document.utf8).write(to: relative.appendingPathComponent("take.json"))
    #expect(try RecordingFormats.open(relative).take.cameras.map(\.id) == ["right"])
    let bytes = try Data(contentsOf: sources[0])
    try bytes.dropLast().write(to: sources[0])
    #expect(
      throws: CaptureError(
        .badInput,
        "The linked recording has \(bytes.count - 1) bytes, but had \(bytes.count) when it was linked.",
        at: sources[0].path, remedy: "Link it again if that is right.")
    ) { _ = try RecordingFormats.open(output) }
    try FileManager.default.removeItem(at: sources[0])
    let error = #expect(throws: CaptureError.self) { _ = try RecordingFormats.open(output) }
    #expect(error?.what == "The linked recording is not there.")
    // A link to a link could go round in circles.
    let loop = folder.appendingPathComponent("loop")
    try LinkedTakeReader.write(loop, sources: [output], name: "x", calibration: nil)
    #expect(throws: CaptureError.self) { _ = try RecordingFormats.open(loop) }
  }

  @Test("A cut off file is recovered by salvage, which says what it did")
  func salvage() throws {
    let source = try record(frames: 3)[0]
    let bytes = try Data(contentsOf: source)
    try bytes.dropLast(1000).write(to: source)
    // The new file's folder is made on the way.
    let out = folder.appendingPathComponent("new/whole.mkv")
    let command = try Command("salvage", source.path, "-o", out.path)
    #expect(command.status == 0)
    #expect(command.output.hasPrefix("2 clusters recovered, 0 of them with wrong checksums, "))
    #expect(command.output.contains("COLOR: 2, DEPTH: 2, IMU: 0\nstart offset: in the file"))
    let again = try Command("salvage", source.path, "-o", out.path)
    #expect(again.status == 3)
    #expect(
      again.errors
        == "fieldmesh: \(out.path): The file is there already. Choose another name; nothing is overwritten.\n"
    )
  }
}
