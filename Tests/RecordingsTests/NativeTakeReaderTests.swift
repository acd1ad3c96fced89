import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import Testing

@testable import Recordings

@Suite struct NativeTakeReaderTests {
  /// Opens the tiny take after `damage` and expects the error, with the take's folder as `<take>`.
  private func expectError(
    _ text: String, code: CaptureError.Code = .badInput,
    after damage: (TinyTake) throws -> Void = { _ in },
    reading: (any RecordingReader) throws -> Void = { _ in }
  ) throws {
    let tiny = try TinyTake()
    try damage(tiny)
    let error = #expect(throws: CaptureError.self) {
      try reading(try NativeTakeReader.open(tiny.folder))
    }
    #expect(error?.description.replacing(tiny.folder.path, with: "<take>") == text)
    #expect(error?.code == code)
  }

  @Test func whatIsWrittenIsRead() throws {
    let tiny = try TinyTake()
    let reader = try NativeTakeReader.open(tiny.folder)
    #expect(reader.take == TinyTake.description)
    #expect(reader.calibration == TinyTake.calibration)
    #expect(reader.samples(camera: 0, kind: .depth).map(\.time) == [1, 1 + 1.0 / 15])
    #expect(reader.samples(camera: 1, kind: .depth).count == 3)
    #expect(reader.samples(camera: 1, kind: .color).isEmpty)
    #expect(reader.samples(camera: 0, kind: .mask)[1].name == "cam0/mask/000001.png")
    #expect(try reader.depth(camera: 0, index: 1) == TinyTake.depth(1))
    #expect(try reader.depth(camera: 1, index: 2) == TinyTake.depth(2, unit: 0.0005))
    #expect(try reader.color(camera: 0, index: 0) == TinyTake.color(0))
    #expect(try reader.mask(camera: 0, index: 0).samples == TinyTake.mask)
  }

  @Test func commentsBlankLinesAndWideSpacingAreRead() throws {
    let tiny = try TinyTake()
    let list = "# a comment\r\n\r\n 1.5 \t cam0/color/a file.jpg \r\n1.5 cam0/color/b.jpg"
    try Data(list.utf8).write(to: tiny.url("cam0/color.txt"))
    let reader = try NativeTakeReader.open(tiny.folder)
    #expect(
      reader.samples(camera: 0, kind: .color) == [
        StreamSample(time: 1.5, name: "cam0/color/a file.jpg"),
        StreamSample(time: 1.5, name: "cam0/color/b.jpg"),
      ])
  }

  @Test(arguments: [
    (
      #""version": 1"#, #""version": 2"#,
      "`version` is 2, but only version 1 can be read. Use a newer Fieldmesh."
    ),
    (#""version": 1"#, #""version": 0"#, "`version` is 0, but only version 1 can be read."),
    (#""fieldmesh-take""#, #""bag""#, #"`format` must be "fieldmesh-take", but is "bag"."#),
    (#""id": "cam1""#, #""id": "cam0""#, "`cameras[1].id` is `cam0`, which stands there before."),
    (
      #""id": "cam1""#, #""id": "../x""#,
      "`cameras[1].id` must be made of letters, digits, `-`, `_` and `.`, and not begin with `.`."
    ),
    (
      #""width": 6"#, #""width": 0"#,
      "`cameras[0].color.width` must be a whole number from 1 to 16384, but is 0."
    ),
    (
      #""height": 3"#, #""height": 16385"#,
      "`cameras[0].depth.height` must be a whole number from 1 to 16384, but is 16385."
    ),
    (
      #""width": 6"#, #""width": 6.5"#,
      "`cameras[0].color.width` must be a whole number from 1 to 16384, but is 6.5."
    ),
    (
      #""fx": 5"#, #""fx": NaN"#,
      "This is not valid JSON: NaN and Infinity are not numbers in line 19, column 17."
    ),
    (
      #""fx": 5"#, #""fx": 0"#,
      "`cameras[0].color.intrinsics.fx` must be a number from 0.001 to 1000000, but is 0."
    ),
    (
      #""k1": 0.4"#, #""k9": 0.4"#,
      "`cameras[0].color.distortion` has an unknown key `k9`; known are model, k1, k2, k3, k4, k5, k6, p1, p2."
    ),
    (
      #""model": "rational""#, #""model": "fisheye""#,
      #"`cameras[0].color.distortion.model` must be none or rational, but is "fisheye"."#
    ),
    (
      #""unit": 0.001"#, #""unit": 0"#,
      "`cameras[0].depth.unit` must be a number from 1e-06 to 1, but is 0."
    ),
    (
      #""range": [0.25, 5.5]"#, #""range": [5.5, 0.25]"#,
      "`cameras[0].depth.range` must rise, but is 5.5 to 0.25."
    ),
    (
      #""mode": "master""#, #""mode": "leader""#,
      #"`cameras[0].sync.mode` must be master or subordinate or standalone, but is "leader"."#
    ),
    (
      #""delay": 0.00016"#, #""delay": 11"#,
      "`cameras[1].sync.delay` must be a number from -10 to 10, but is 11."
    ),
    (
      #""framesPerSecond": 15"#, #""framesPerSecond": 0"#,
      "`framesPerSecond` must be a number from 0.001 to 1000, but is 0."
    ),
    (
      #""name": "tiny""#, #""title": "tiny""#,
      "The document has an unknown key `title`; known are format, version, name, framesPerSecond, cameras."
    ),
    (
      #""rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1]"#, #""rotation": [2, 0, 0, 0, 1, 0, 0, 0, 1]"#,
      "`cameras[0].colorFromDepth`: A rotation matrix is not orthonormal (off by 3.0). Rotations are row-major 3x3 without scale."
    ),
    (
      #""colorFromDepth""#, #""color_from_depth""#,
      "`cameras[0]` has an unknown key `color_from_depth`; known are id, model, serial, firmware, sync, color, depth, colorFromDepth."
    ),
  ]) func everyErrorInTheDescriptionIsNamed(_ old: String, _ new: String, _ text: String) throws {
    let separator = text.hasPrefix("`cameras[0].colorFromDepth`:") ? ", " : ": "
    try expectError(
      "<take>/take.json\(separator)\(text)",
      after: { try $0.replace(old, with: new, in: "take.json") })
  }

  @Test func lensesMustBeThere() throws {
    let camera = #"{"id": "a", "sync": {"mode": "master"}}"#
    let text =
      #"{"format": "fieldmesh-take", "version": 1, "name": "", "framesPerSecond": 1, "cameras": ["#
      + camera + "]}"
    try expectError(
      "<take>/take.json: `cameras[0]` has neither a colour nor a depth lens.",
      after: { try Data(text.utf8).write(to: $0.url("take.json")) })
  }

  @Test(arguments: [
    ("1.0 /etc/passwd", "/etc/passwd"), ("1.0 ../other/a.png", "../other/a.png"),
    ("1.0 cam0/../../a.png", "cam0/../../a.png"), ("1.0 cam0//a.png", "cam0//a.png"),
    ("1.0 link/a.png", "link/a.png"), ("1.0 cam0/passwd.png", "cam0/passwd.png"),
  ]) func pathsThatLeaveTheTakeAreRefused(_ line: String, _ path: String) throws {
    try expectError(
      "<take>/cam0/depth.txt, line 1: The file `\(path)` is not inside the take's folder. "
        + "Paths are relative to the take, without `.` and `..`.",
      after: {
        try FileManager.default.createSymbolicLink(
          atPath: $0.url("link").path, withDestinationPath: "/etc")
        try FileManager.default.createSymbolicLink(
          atPath: $0.url("cam0/passwd.png").path, withDestinationPath: "/etc/passwd")
        try Data(line.utf8).write(to: $0.url("cam0/depth.txt"))
      })
  }

  @Test func linksInsideTheTakeAreFollowed() throws {
    let tiny = try TinyTake()
    try FileManager.default.createSymbolicLink(
      atPath: tiny.url("again.png").path, withDestinationPath: "cam0/depth/000000.png")
    try Data("1 again.png\n".utf8).write(to: tiny.url("cam0/depth.txt"))
    let reader = try NativeTakeReader.open(tiny.folder)
    #expect(try reader.depth(camera: 0, index: 0) == TinyTake.depth(0))
  }

  @Test(arguments: [
    ("1.0", "The line is not `<time in seconds> <file>`: `1.0`."),
    ("nan cam0/a.png", "The line is not `<time in seconds> <file>`: `nan cam0/a.png`."),
    ("0x1p3 cam0/a.png", "The line is not `<time in seconds> <file>`: `0x1p3 cam0/a.png`."),
    ("1e99 cam0/a.png", "The time 1e99 is out of range."),
    ("1e999 cam0/a.png", "The time 1e999 is out of range."),
  ]) func malformedLinesAreNamed(_ line: String, _ text: String) throws {
    try expectError(
      "<take>/cam0/depth.txt, line 2: \(text)",
      after: { try Data("# list\n\(line)\n".utf8).write(to: $0.url("cam0/depth.txt")) })
  }

  @Test func timesThatGoBackwardsAreRefused() throws {
    try expectError(
      "<take>/cam0/depth.txt, line 2: The time goes back from 2.0 to 1.5 s. Lists are in the order of recording.",
      after: { try Data("2.0 a.png\n1.5 b.png\n".utf8).write(to: $0.url("cam0/depth.txt")) })
  }

  @Test func missingListsAreNamed() throws {
    try expectError(
      "<take>/cam1/depth.txt: Reading failed: No such file or directory.",
      after: { try FileManager.default.removeItem(at: $0.url("cam1/depth.txt")) })
  }

  @Test func listsThatLieOutsideAreRefused() throws {
    try expectError(
      "<take>/cam1/depth.txt: The list lies outside the take's folder.",
      after: {
        try FileManager.default.removeItem(at: $0.url("cam1/depth.txt"))
        try FileManager.default.createSymbolicLink(
          atPath: $0.url("cam1/depth.txt").path, withDestinationPath: "/etc/hostname")
      })
  }

  @Test func listsOfUndescribedLensesAreRefused() throws {
    try expectError(
      "<take>/cam1/color.txt: There is a list, but take.json describes no such lens of `cam1`.",
      after: { try Data().write(to: $0.url("cam1/color.txt")) })
  }

  @Test func takesWithoutFramesAreRefused() throws {
    try expectError(
      "<take>: The take has no frames: all its lists are empty.",
      after: {
        for list in ["cam0/depth", "cam0/color", "cam0/mask", "cam1/depth"] {
          try Data("# nothing\n".utf8).write(to: $0.url(list + ".txt"))
        }
      })
  }

  @Test func missingImagesAreNamedWhenTheyAreRead() throws {
    try expectError(
      "camera cam0, depth frame 1, <take>/cam0/depth/000001.png: Reading failed: No such file or directory.",
      after: { try FileManager.default.removeItem(at: $0.url("cam0/depth/000001.png")) },
      reading: {
        #expect(try $0.depth(camera: 0, index: 0) == TinyTake.depth(0))
        _ = try $0.depth(camera: 0, index: 1)
      })
  }

  @Test func imagesOfAnotherSizeAreRefused() throws {
    try expectError(
      "camera cam0, color frame 0, <take>/cam0/color/000000.png: The colour image is 4x2, but the camera is described as 6x4.",
      code: .sizeMismatch,
      after: {
        try ImageFile.writePNG(
          ColorImage(width: 4, height: 2, pixels: [UInt8](repeating: 0, count: 24)),
          to: $0.url("cam0/color/000000.png"))
      }, reading: { _ = try $0.color(camera: 0, index: 0) })
  }

  @Test func eightBitDepthIsRefused() throws {
    try expectError(
      "camera cam1, depth frame 0, <take>/cam1/depth/000000.png: A depth image must be a 16-bit grey PNG; this is 8-bit grey PNG. Record or convert depth without loss, in steps of the take's `unit`.",
      after: {
        try ImageFile.writePNG(
          MaskImage(width: 4, height: 3, samples: [UInt8](repeating: 9, count: 12)),
          to: $0.url("cam1/depth/000000.png"))
      }, reading: { _ = try $0.depth(camera: 1, index: 0) })
  }

  @Test func imagesThatAreNotThereAreNamed() throws {
    try expectError(
      "camera cam0, depth frame 2: There is no such image; the stream has 2.",
      reading: { _ = try $0.depth(camera: 0, index: 2) })
    try expectError(
      "There is no camera number 2; the recording has 2.",
      reading: { _ = try $0.depth(camera: 2, index: 0) })
  }

  @Test func aNamedPipeInPlaceOfAnImageDoesNotHang() throws {
    try expectError(
      "camera cam0, depth frame 0, <take>/cam0/depth/000000.png: This is not a plain file.",
      after: {
        try FileManager.default.removeItem(at: $0.url("cam0/depth/000000.png"))
        #expect(mkfifo($0.url("cam0/depth/000000.png").path, 0o644) == 0)
      }, reading: { _ = try $0.depth(camera: 0, index: 0) })
  }

  @Test(arguments: ["take.json", "calibration.json"])
  func everyTruncatedPrefixIsRefused(_ name: String) throws {
    let tiny = try TinyTake()
    let data = try Data(contentsOf: tiny.url(name))
    // The last byte is the line's end.
    for length in 0..<data.count - 1 {
      try data.prefix(length).write(to: tiny.url(name))
      #expect(throws: CaptureError.self, "\(length)") { try NativeTakeReader.open(tiny.folder) }
    }
  }

  @Test func truncatedListsGiveNoOtherFrames() throws {
    let tiny = try TinyTake()
    let whole = try NativeTakeReader.open(tiny.folder).samples(camera: 1, kind: .depth)
    let data = try Data(contentsOf: tiny.url("cam1/depth.txt"))
    for length in 0..<data.count {
      try data.prefix(length).write(to: tiny.url("cam1/depth.txt"))
      do {
        let samples = try NativeTakeReader.open(tiny.folder).samples(camera: 1, kind: .depth)
        // The last name may be cut off; reading that image then tells.
        #expect(samples.dropLast() == whole.prefix(max(0, samples.count - 1)))
      } catch { #expect(error.place.hasPrefix(tiny.url("cam1/depth.txt").path), "\(error)") }
    }
  }

  @Test(arguments: ["take.json", "calibration.json", "cam0/color.txt", "cam1/depth.txt"])
  func damagedFilesAreRefusedOrReadCleanly(_ name: String) throws {
    let tiny = try TinyTake()
    let data = try Data(contentsOf: tiny.url(name))
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<400 {
      try ByteMutator.mutate(data, using: &generator).write(to: tiny.url(name))
      do {
        let reader = try NativeTakeReader.open(tiny.folder)
        for camera in reader.take.cameras.indices {
          let times = reader.samples(camera: camera, kind: .depth).map(\.time)
          #expect(times == times.sorted() && times.allSatisfy(\.isFinite))
        }
      } catch { #expect(error.place.hasPrefix(tiny.folder.path), "\(error)") }
    }
  }
}
