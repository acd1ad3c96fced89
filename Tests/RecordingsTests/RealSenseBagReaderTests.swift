import CaptureCore
import CaptureTestSupport
import Foundation
import RecordingFixtures
import Testing

@testable import Recordings

@Suite struct RealSenseBagReaderTests {
  private func inFile(_ bytes: some Sequence<UInt8>, _ body: (URL) throws -> Void) throws {
    let url = Scratch.unused("recording.bag")
    try Data(bytes).write(to: url)
    try body(url)
  }

  private static let lens = CameraModel(
    width: 4, height: 2, intrinsics: Intrinsics(fx: 5, fy: 5, cx: 1.5, cy: 0.5))
  private static let depth = ROSBytes.image(
    7, 1.5, (4, 2), "16UC1", step: 8, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0, 1])

  /// A bag of the topics of the ROS node: depth, colour, their lenses.
  private func node(
    color: [UInt8], type: String = "sensor_msgs/Image", topic: String = "image_raw",
    registered: Bool = true, info: [UInt8] = ROSBytes.cameraInfo(lens),
    extrinsics: [UInt8]? = nil, packing: BagWriter.Compression = .none
  ) -> [UInt8] {
    var writer = BagWriter(packing, messagesAChunk: 2)
    let depth = registered ? "/camera/aligned_depth_to_color" : "/camera/depth"
    for base in [depth, "/camera/color"] {
      writer.add("\(base)/camera_info", "sensor_msgs/CameraInfo", time: 1, info)
    }
    if let extrinsics {
      writer.add(
        "/camera/extrinsics/depth_to_color", "realsense2_camera/Extrinsics", time: 1, extrinsics)
    }
    writer.add("\(depth)/image_raw", "sensor_msgs/Image", time: 2, Self.depth)
    writer.add("/camera/color/\(topic)", type, time: 2, color)
    writer.add("/rosout", "rosgraph_msgs/Log", time: 2, [1, 2, 3])
    return writer.bytes()
  }

  private func color(_ encoding: String, step: Int, _ data: [UInt8]) -> [UInt8] {
    ROSBytes.image(3, 1.4, (4, 2), encoding, step: step, data)
  }

  @Test func theTopicsOfTheROSNodeAreRead() throws {
    let grey = color("mono8", step: 4, Array(10..<18))
    try inFile(node(color: grey)) { url in
      let reader = try RecordingFormats.open(url)
      let camera = reader.take.cameras[0]
      #expect(camera.id == url.deletingPathExtension().lastPathComponent)
      #expect(
        camera.color == Self.lens && camera.depth == Self.lens && camera.sync.mode == .standalone)
      #expect(reader.samples(camera: 0, kind: .depth).map(\.time) == [1.5])
      #expect(reader.samples(camera: 0, kind: .color)[0].name == "/camera/color/image_raw 3")
      #expect(try reader.depth(camera: 0, index: 0).samples == [1, 2, 3, 4, 5, 6, 7, 256])
      #expect(try reader.color(camera: 0, index: 0).pixels[3...5] == [11, 11, 11])
      #expect(try reader.encoded(camera: 0, kind: .color, index: 0) == nil)
    }
  }

  /// Each has a clock of its own, in one folder or named one by one.
  @Test func bagsOfARigShareNoClock() throws {
    let folder = try Scratch.folder()
    let bags = ["left.bag", "right.bag"].map { folder.appendingPathComponent($0) }
    for bag in bags { try Data(node(color: color("mono8", step: 4, Array(0..<8)))).write(to: bag) }
    for sources in [[folder], bags] {
      let cameras = try RecordingFormats.open(sources).take.cameras
      #expect(cameras.map(\.id) == ["left", "right"])
      #expect(cameras.allSatisfy { $0.sync.mode == .standalone })
    }
  }

  @Test(arguments: ["none", "bz2", "lz4"])
  func bagsOfAnotherWriterAreRead(_ packing: String) throws {
    let url = SampleTests.root.appendingPathComponent(
      "Tests/RecordingsTests/Genuine/rosbags-\(packing).bag")
    let reader = try RecordingFormats.open(url)
    #expect(reader.warnings == [] && reader.take.framesPerSecond == 30)
    let lens = CameraModel(
      width: 16, height: 12, intrinsics: Intrinsics(fx: 15, fy: 16, cx: 7, cy: 5),
      distortion: Distortion(k1: 0.1))
    #expect(reader.take.cameras[0].color == lens && reader.take.cameras[0].depth == lens)
    for kind in [StreamKind.depth, .color] {
      let times = reader.samples(camera: 0, kind: kind).map(\.time)
      #expect(times.count == 2 && times[0] == 100 && abs(times[1] - 100 - 1.0 / 30) < 1e-6)
    }
    for frame in 0..<2 {
      let (depth, color) = (
        try reader.depth(camera: 0, index: frame), try reader.color(camera: 0, index: frame)
      )
      #expect(depth.samples == [UInt16](repeating: UInt16(1000 + frame), count: 192))
      #expect(color.pixels == [UInt8](repeating: UInt8(frame), count: 576))
    }
  }

  @Test func depthThatIsNotRegisteredNeedsItsTransform() throws {
    let grey = color("mono8", step: 4, Array(10..<18))
    // Column by column: x becomes y.
    let turn = ROSBytes.doubles([0, 1, 0, -1, 0, 0, 0, 0, 1, 0.1, 0.2, 0.3])
    try inFile(node(color: grey, registered: false, extrinsics: ROSBytes.header(0, 0) + turn)) {
      let transform = try RecordingFormats.open($0).take.cameras[0].colorFromDepth
      #expect(transform.apply(SIMD3(1, 0, 0)) == SIMD3(0.1, 1.2, 0.3))
    }
    try inFile(node(color: grey, registered: false)) { url in
      let error = #expect(throws: CaptureError.self) { try RecordingFormats.open(url) }
      #expect(
        error?.description
          == "\(url.path): The bag does not say where the depth lens is as seen from the colour lens. Record with librealsense, or with depth aligned to colour."
      )
    }
  }

  /// Red and grey pixels, in each way of storing them.
  @Test(arguments: [
    ("YUYV", 8, [82, 90, 82, 240, 126, 128, 126, 128]),
    ("yuv422", 8, [90, 82, 240, 82, 128, 126, 128, 126]),
  ]) func pairsOfPixelsShareColour(_ encoding: String, _ step: Int, _ row: [Int]) throws {
    let data = (row + row).map { UInt8($0) }
    try inFile(node(color: color(encoding, step: step, data))) { url in
      let image = try RecordingFormats.open(url).color(camera: 0, index: 0)
      for (value, wanted) in zip(image.pixels, [255, 1, 0, 255, 1, 0, 128, 128, 128]) {
        #expect(abs(Int(value) - wanted) <= 1)
      }
    }
  }

  @Test func jpegIsDecodedAndHandedOn() throws {
    let file = SampleTests.root.appendingPathComponent("samples/knight/cam0/color/000000.jpg")
    let jpeg = [UInt8](try Data(contentsOf: file))
    let lens = CameraModel(
      width: 640, height: 360, intrinsics: Intrinsics(fx: 500, fy: 500, cx: 320, cy: 180))
    let message =
      ROSBytes.header(0, 1) + ROSBytes.string("rgb8; jpeg compressed bgr8")
      + BagWriter.word(jpeg.count) + jpeg
    try inFile(
      node(
        color: message, type: "sensor_msgs/CompressedImage", topic: "image_raw/compressed",
        info: ROSBytes.cameraInfo(lens), packing: .lz4)
    ) { url in
      let reader = try RecordingFormats.open(url)
      #expect(try reader.color(camera: 0, index: 0).width == 640)
      #expect(try reader.encoded(camera: 0, kind: .color, index: 0) == Data(jpeg))
    }
  }

  @Test func imagesThatCannotBeAreRefused() throws {
    func expect(_ color: [UInt8], _ text: String) throws {
      try inFile(node(color: color)) { url in
        let reader = try RecordingFormats.open(url)
        let error = #expect(throws: CaptureError.self) { try reader.color(camera: 0, index: 0) }
        #expect(error?.what == text)
      }
    }
    try expect(
      color("rgb8", step: 12, [1, 2, 3]),
      "An image of 4x2, rgb8, cannot have 3 bytes in rows of 12.")
    try expect(
      color("rgb8", step: 1, [UInt8](repeating: 0, count: 24)),
      "An image of 4x2, rgb8, cannot have 24 bytes in rows of 1.")
    try expect(
      color("bayer", step: 4, [UInt8](repeating: 0, count: 8)),
      "Colour is stored as `bayer`; rgb8, bgr8, rgba8, bgra8, mono8, YUYV, UYVY and JPEG are read.")
    try expect(
      ROSBytes.image(0, 1, (2, 2), "mono8", step: 2, [1, 2, 3, 4]),
      "The colour image is 2x2, but the camera is described as 4x2.")
  }

  @Test func aBagThatWasCutOffIsReadAsFarAsItGoes() throws {
    let source = FixtureSource.twoLenses
    for (number, packing) in BagWriter.Compression.allCases.enumerated() {
      let whole = RecordingFixture.bag(source, number, withIndex: false)
      try inFile(whole) { url in
        let reader = try RecordingFormats.open(url)
        #expect(
          reader.warnings == [
            "The bag has no index, as one that was cut off; what is whole of it is read."
          ])
        #expect(reader.samples(camera: 0, kind: .depth).count == 3, "\(packing)")
        #expect(try reader.depth(camera: 0, index: 2) == source.cameras[number].depths[2])
      }
      // Half of the last third is gone.
      try inFile(whole.prefix(whole.count * 5 / 6)) { url in
        let reader = try RecordingFormats.open(url)
        let count = reader.samples(camera: 0, kind: .depth).count
        #expect((1...3).contains(count), "\(packing)")
        _ = try reader.depth(camera: 0, index: count - 1)
      }
    }
  }

  @Test func damageWithinAChunkOfABagThatWasCutOffCostsThatChunk() throws {
    var bag = [UInt8](RecordingFixture.bag(.twoLenses, 0, withIndex: false))
    let marks = Array("compression=none".utf8)
    let chunks = bag.indices.dropLast(marks.count).filter {
      bag[$0] == marks[0] && bag[$0..<$0 + marks.count].elementsEqual(marks)
    }
    // The second one of images; the first one says what topics there are. Behind the mark are the field `size` and the length of the data: the first record's header.
    let header = chunks[3] + marks.count + 4 + 9 + 4
    for byte in 0..<4 { bag[header + byte] = 0x7f }
    try inFile(bag) { url in
      let reader = try RecordingFormats.open(url)
      #expect(reader.warnings.contains("1 of the bag's \(chunks.count) chunks are damaged."))
      #expect(reader.samples(camera: 0, kind: .depth).count == 2)
    }
  }

  @Test(arguments: [1, 2]) func damageCostsTheImagesThatItHits(_ camera: Int) throws {
    let source = FixtureSource.twoLenses
    let whole = [UInt8](RecordingFixture.bag(source, camera))
    // In packed images, in headers, in the index of a chunk.
    for share in stride(from: 0.35, to: 0.95, by: 0.06) {
      var bag = whole
      let middle = Int(Double(bag.count) * share)
      for at in middle..<middle + 60 { bag[at] ^= 0x5a }
      try inFile(bag) { url in
        let reader = try RecordingFormats.open(url)
        let kinds = [StreamKind.depth, .color]
        let left = kinds.map { reader.samples(camera: 0, kind: $0).count }.reduce(0, +)
        #expect(left >= 2)
        #expect(left == 6 || !reader.warnings.isEmpty)
        for kind in kinds {
          for (index, sample) in reader.samples(camera: 0, kind: kind).enumerated() {
            let frame = try #require(
              FixtureSource.times.firstIndex { abs($0 - sample.time) < 1e-6 })
            if kind == .depth {
              let found = try reader.depth(camera: 0, index: index)
              #expect(found == source.cameras[camera].depths[frame])
            } else {
              let found = try reader.color(camera: 0, index: index)
              #expect(found == source.cameras[camera].colors[frame])
            }
          }
        }
      }
    }
  }

  @Test func whatABagSaysOfSizesIsNotBelieved() throws {
    let magic = Array("#ROSBAG V2.0\n".utf8)
    func record(_ fields: [[UInt8]], _ length: Int) -> [UInt8] {
      let header = fields.flatMap { BagWriter.word($0.count) + $0 }
      return BagWriter.word(header.count) + header + BagWriter.word(length)
    }
    let chunk =
      record(
        [
          Array("op=".utf8) + [5], Array("compression=lz4".utf8),
          Array("size=".utf8) + BagWriter.word(0x7fff_ffff),
        ], 4) + [1, 2, 3, 4]
    for (bytes, text) in [
      (
        magic + chunk,
        "A chunk of 4 bytes says that it unpacks to 2147483647; at most 67108864 are unpacked."
      ),
      (
        magic + BagWriter.word(0x7fff_ffff) + [0, 0, 0, 0],
        "A header of 2147483647 bytes; at most 65536 are read."
      ),
      (
        magic,
        "The bag has no depth images under a topic that is known."
      ),
    ] {
      try inFile(bytes) { url in
        let error = #expect(throws: CaptureError.self) { try RecordingFormats.open(url) }
        #expect(error?.what == text)
      }
    }
  }

  @Test func whatIsNoFileIsNoBag() throws {
    let url = Scratch.unused("recording.bag")
    try #require(mkfifo(url.path, 0o600) == 0)
    #expect(!RealSenseBagReader.recognizes(url))
    #expect(throws: CaptureError.self) { try RecordingFormats.open(url) }
  }

  @Test func framesOutOfOrderArePutInOrder() throws {
    var writer = BagWriter()
    for (base, lens) in [("/device_0/sensor_0/Depth_0", Self.lens)] {
      writer.add(
        "\(base)/info/camera_info", "sensor_msgs/CameraInfo", time: 0, ROSBytes.cameraInfo(lens))
    }
    for (i, time) in [1.0, 1.2, 1.1].enumerated() {
      writer.add(
        "/device_0/sensor_0/Depth_0/image/data", "sensor_msgs/Image", time: Double(i),
        ROSBytes.image(i, time, (4, 2), "mono16", step: 8, [UInt8](repeating: UInt8(i), count: 16)))
    }
    try inFile(writer.bytes()) { url in
      let reader = try RecordingFormats.open(url)
      #expect(reader.samples(camera: 0, kind: .depth).map(\.time) == [1.0, 1.1, 1.2])
      #expect(try reader.depth(camera: 0, index: 1).samples[0] == 0x0202)
      #expect(reader.take.cameras[0].color == nil)
      #expect(
        reader.warnings == [
          "camera \(reader.take.cameras[0].id), depth: the times go backwards; the images are put in order."
        ])
    }
  }

  @Test func timesOfDifferentClocksAreNotMixed() throws {
    var writer = BagWriter()
    for (number, base) in ["Depth_0", "Color_0"].enumerated() {
      let base = "/device_0/sensor_\(number)/\(base)"
      writer.add(
        "\(base)/info/camera_info", "sensor_msgs/CameraInfo", time: 0,
        ROSBytes.cameraInfo(Self.lens))
      writer.add(
        "\(base)/tf/0", "geometry_msgs/Transform", time: 0, ROSBytes.transform(.identity))
      let domain = number == 0 ? "Hardware Clock" : "System Time"
      for (key, value) in [("system_time", "5"), ("timestamp_domain", domain)] {
        writer.add(
          "\(base)/image/metadata", "diagnostic_msgs/KeyValue", time: 7,
          ROSBytes.string(key) + ROSBytes.string(value))
      }
      let encoding = number == 0 ? "mono16" : "mono8"
      writer.add(
        "\(base)/image/data", "sensor_msgs/Image", time: 7 + Double(number) / 100,
        ROSBytes.image(
          0, number == 0 ? 3 : 1.7e9, (4, 2), encoding, step: 8, [UInt8](repeating: 1, count: 16)))
    }
    try inFile(writer.bytes()) { url in
      let reader = try RecordingFormats.open(url)
      #expect(reader.samples(camera: 0, kind: .depth).map(\.time) == [7])
      #expect(reader.samples(camera: 0, kind: .color).map(\.time) == [7.01])
      #expect(
        reader.warnings == [
          "Camera \(reader.take.cameras[0].id): depth and colour are on different clocks; the times of recording are used."
        ])
    }
  }

  /// Both are, as the SDK projects points, the ordinary lens but for the tangential part.
  @Test(arguments: ["Inverse Brown Conrady", "Modified Brown Conrady"])
  func otherDistortionsAreFitted(_ model: String) throws {
    let lens = CameraModel(
      width: 640, height: 480, intrinsics: Intrinsics(fx: 610, fy: 611, cx: 322, cy: 238))
    let d = [0.11, -0.23, 0.0006, -0.0004, 0.05]
    var cursor = ROSBytes.cameraInfo(lens, model, d)[...]
    let found = try BagLens.model(ROSCameraInfo(cursor))
    cursor = []
    let poly = Distortion(k1: d[0], k2: d[1], k3: d[4], p1: d[2], p2: d[3])
    for pixel in [SIMD2(0.0, 0), SIMD2(639, 479), SIMD2(100, 400), SIMD2(320, 240)] {
      let q = (pixel - SIMD2(322, 238)) / SIMD2(610, 611)
      let seen = found.distortion.distort(q) - poly.distort(q)
      #expect(abs(seen.x) * 610 < 0.5 && abs(seen.y) * 610 < 0.5)
    }
  }

  @Test func lensesThatAreNotReadAreNamed() throws {
    let info = ROSBytes.cameraInfo(Self.lens, "Kannala Brandt4", [0.1, 0, 0, 0, 0])
    try inFile(node(color: color("mono8", step: 4, Array(0..<8)), info: info)) { url in
      let error = #expect(throws: CaptureError.self) { try RecordingFormats.open(url) }
      #expect(
        error?.what == "The lens's distortion `Kannala Brandt4` is not read.")
    }
  }
}
