import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Recordings

@Suite struct TakeWriterTests {
  let folder = Scratch.unused()

  private func expectError(_ text: String, _ body: () throws -> Void) {
    let error = #expect(throws: CaptureError.self) { try body() }
    #expect(error?.description.replacing(folder.path, with: "<take>") == text)
  }

  @Test func aFolderIsNoTakeUntilItIsFinished() throws {
    let writer = try TakeWriter(folder: folder, take: TinyTake.description)
    try writer.write(TinyTake.depth(0), camera: 0, index: 0, time: 1)
    #expect(!NativeTakeReader.recognizes(folder))
    try writer.finish()
    #expect(try NativeTakeReader.open(folder).samples(camera: 0, kind: .depth).count == 1)
  }

  @Test func aTakeNeedsAnImage() throws {
    let writer = try TakeWriter(folder: folder, take: TinyTake.description)
    expectError("<take>: No image was written, and a take needs one.") { try writer.finish() }
  }

  @Test func aTakeIsNeverOverwritten() throws {
    let writer = try TakeWriter(folder: folder, take: TinyTake.description)
    try writer.write(TinyTake.depth(0), camera: 0, index: 0, time: 1)
    try writer.finish()
    expectError("<take>: There is a take already. Choose another folder, or remove this one.") {
      _ = try TakeWriter(folder: folder, take: TinyTake.description)
    }
  }

  @Test func whatAnInterruptedRunLeftIsNotTakenUp() throws {
    try AtomicFile.makeFolder(folder.appendingPathComponent("cam0"))
    try Data("1 cam0/mask/000000.png\n".utf8).write(
      to: folder.appendingPathComponent("cam0/mask.txt"))
    let writer = try TakeWriter(folder: folder, take: TinyTake.description)
    try writer.write(TinyTake.depth(0), camera: 0, index: 0, time: 1)
    try writer.finish()
    #expect(try NativeTakeReader.open(folder).samples(camera: 0, kind: .mask).isEmpty)
  }

  @Test func encodedImagesAreKeptByteForByte() throws {
    let tiny = try TinyTake()
    let writer = try TakeWriter(folder: folder, take: TinyTake.description)
    let jpeg = try Data(contentsOf: tiny.url("cam0/color/000001.jpg"))
    let png = try Data(contentsOf: tiny.url("cam0/depth/000001.png"))
    try writer.write(encoded: jpeg, kind: .color, camera: 0, index: 7, time: 2)
    try writer.write(encoded: png, kind: .depth, camera: 0, index: 3, time: 2)
    try writer.finish()
    let reader = try NativeTakeReader.open(folder)
    #expect(reader.samples(camera: 0, kind: .color).map(\.name) == ["cam0/color/000007.jpg"])
    let copy = try Data(contentsOf: folder.appendingPathComponent("cam0/color/000007.jpg"))
    #expect(copy == jpeg)
    #expect(try reader.depth(camera: 0, index: 0) == TinyTake.depth(1))
  }

  @Test func imagesThatDoNotFitAreRefused() throws {
    let writer = try TakeWriter(folder: folder, take: TinyTake.description)
    let small = try DepthImage(width: 1, height: 1, samples: [1], unit: 0.001)
    expectError("camera cam0: The depth image is 1x1, but the take's are 4x3.") {
      try writer.write(small, camera: 0, index: 0, time: 1)
    }
    expectError("camera cam0: The depth image has steps of 0.0005 m, but the take's are 0.001 m.") {
      try writer.write(TinyTake.depth(0, unit: 0.0005), camera: 0, index: 0, time: 1)
    }
    expectError("camera cam1: The take describes no lens for a colour image.") {
      try writer.write(TinyTake.color(0), camera: 1, index: 0, time: 1)
    }
    expectError("camera cam0, depth frame 0: The time inf is out of range.") {
      try writer.write(TinyTake.depth(0), camera: 0, index: 0, time: .infinity)
    }
    expectError("camera cam0, depth frame 4: The bytes are no PNG image.") {
      try writer.write(
        encoded: Data([0xff, 0xd8, 0xff]), kind: .depth, camera: 0, index: 4, time: 1)
    }
    expectError("camera cam0, color frame 4: The bytes are neither a JPEG nor a PNG image.") {
      try writer.write(encoded: Data("GIF89a".utf8), kind: .color, camera: 0, index: 4, time: 1)
    }
    try writer.write(TinyTake.depth(0), camera: 0, index: 0, time: 2)
    expectError("camera cam0, depth frame 0: The image is written twice.") {
      try writer.write(TinyTake.depth(0), camera: 0, index: 0, time: 2)
    }
    try writer.write(TinyTake.depth(0), camera: 0, index: 1, time: 1.5)
    expectError("camera cam0, depth images: The time goes back from 2.0 to 1.5 s.") {
      try writer.finish()
    }
    #expect(!NativeTakeReader.recognizes(folder))
  }

  @Test func descriptionsThatCouldNotBeReadBackAreRefused() {
    var take = TinyTake.description
    take.cameras[1].id = "cam0"
    expectError("`cameras[1].id` is `cam0`, which stands there before.") {
      _ = try TakeWriter(folder: folder, take: take)
    }
    take.cameras = []
    expectError("`cameras` must have 1 to 64 elements, but has 0.") {
      _ = try TakeWriter(folder: folder, take: take)
    }
  }

  @Test func oneWriterAtATimeWorksInAFolder() throws {
    let folder = Scratch.unused()
    let first = try TakeWriter(folder: folder, take: TinyTake.description)
    let error = #expect(throws: CaptureError.self) {
      try TakeWriter(folder: folder, take: TinyTake.description)
    }
    #expect(error?.code == .tryAgain)
    withExtendedLifetime(first) {}
  }

  @Test func theDiskMustBeWritable() {
    let error = #expect(throws: CaptureError.self) {
      try TakeWriter(folder: URL(fileURLWithPath: "/proc/none"), take: TinyTake.description)
    }
    #expect(error?.place == "/proc/none")
    #expect(error?.remedy == "Choose an output folder that can be written.")
  }

  @Test func manyThreadsWriteTheSameTakeAsOne() throws {
    var texts: [String] = []
    for threads in [1, 4] {
      let url = folder.appendingPathComponent("\(threads)")
      let writer = try TakeWriter(folder: url, take: TinyTake.description)
      concurrently(24, threads: threads) { index, _ in
        do {
          try writer.write(TinyTake.depth(index), camera: 0, index: index, time: Double(index))
        } catch { Issue.record(error) }
      }
      try writer.finish()
      texts.append(
        try String(contentsOf: url.appendingPathComponent("cam0/depth.txt"), encoding: .utf8))
    }
    #expect(texts[0] == texts[1] && texts[0].split(separator: "\n").count == 25)
  }
}
