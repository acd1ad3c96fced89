import CaptureCore
import Foundation
import Matroska
import Testing

@testable import Recordings

@Suite struct RecordingSalvageTests {
  private let files: KinectFiles

  init() throws { files = try KinectFiles() }

  private var out: URL { files.url("out.mkv") }

  @Test("A cut off recording becomes whole, offset and all")
  func cutOff() throws {
    let url = try files.write("cam.mkv", .init(frames: 4, start: 1234.5, isFinished: false))
    let bytes = try Data(contentsOf: url)
    // In the middle of the last depth image.
    try bytes.prefix(bytes.count - 90_000).write(to: url)
    let report = try RecordingSalvage.salvage(url, to: out)
    #expect(report.startOffset == .rebuilt(microseconds: 1_234_500_000))
    #expect(report.clusters == 3 && report.damagedClusters == 0 && report.skippedBytes > 90_000)
    #expect(report.blocks.map(\.count) == [3, 3, 3])
    try report.checkComplete()
    let file = try MatroskaFile(out)
    #expect(file.isFinished && file.damage.isEmpty)
    let (old, new) = (try AzureKinectRecording.open(url), try AzureKinectRecording.open(out))
    #expect(new.warnings == [])
    #expect(
      new.samples(camera: 0, kind: .depth).map(\.time)
        == old.samples(camera: 0, kind: .depth).map(\.time))
    #expect(new.samples(camera: 0, kind: .color).first?.time == 1234.5)
    for i in 0..<3 {
      #expect(try new.depth(camera: 0, index: i) == KinectFiles.depth(i))
      #expect(try new.encoded(camera: 0, kind: .color, index: i) == KinectFiles.jpeg)
    }
  }

  @Test("Without motion samples the lost offset is told, with status 4")
  func lost() throws {
    var plan = KinectFiles.Plan(isFinished: false)
    plan.settings.motion = false
    let report = try RecordingSalvage.salvage(files.write("cam.mkv", plan), to: out)
    #expect(report.startOffset == .lost)
    #expect(report.description.contains("align this camera with the others by hand"))
    let error = #expect(throws: CaptureError.self) { try report.checkComplete() }
    #expect(error?.code == .partialResult)
  }

  @Test("Damage in the middle costs its own cluster, and no other")
  func middle() throws {
    let url = try files.write("cam.mkv", .init(frames: 4))
    let whole = try Data(contentsOf: url)
    let image = try #require(whole.range(of: KinectFiles.jpeg))
    // A flipped bit in an image: its cluster fails its checksum.
    var flipped = whole
    flipped[image.lowerBound + 5000] ^= 1
    try flipped.write(to: url)
    let first = try RecordingSalvage.salvage(url, to: out)
    #expect((first.clusters, first.damagedClusters) == (3, 1))
    #expect(first.startOffset == .kept)
    // Bytes that are lost: the head of the next cluster is found again.
    try (whole.prefix(image.lowerBound) + whole.dropFirst(image.lowerBound + 777)).write(to: url)
    let second = try RecordingSalvage.salvage(url, to: files.url("again.mkv"))
    #expect((second.clusters, second.damagedClusters) == (3, 0))
    #expect(try AzureKinectRecording.open(out).samples(camera: 0, kind: .depth).count == 3)
  }

  @Test("Cut off at every byte of a cluster's head, the clusters before it are kept")
  func everyByte() throws {
    let url = try files.write("cam.mkv", .init(frames: 3, isFinished: false))
    let bytes = try Data(contentsOf: url)
    let marks = [UInt8]([0x1F, 0x43, 0xB6, 0x75])
    let first = try #require(bytes.range(of: Data(marks)))
    let second = try #require(bytes.range(of: Data(marks), in: first.upperBound..<bytes.count))
    for cut in second.lowerBound..<second.lowerBound + 80 {
      try bytes.prefix(cut).write(to: url)
      #expect(try MatroskaFile(url).clusterCount == 1)
    }
    try bytes.prefix(first.lowerBound + 100).write(to: url)
    #expect(
      throws: CaptureError(
        .badInput, "There is nothing to recover: no whole cluster.", at: url.path)
    ) { try RecordingSalvage.salvage(url, to: out) }
    #expect(!FileManager.default.fileExists(atPath: out.path))
  }

  @Test("Nothing is overwritten")
  func existing() throws {
    let url = try files.write("cam.mkv", .init(frames: 1))
    let error = #expect(throws: CaptureError.self) { try RecordingSalvage.salvage(url, to: url) }
    #expect(error?.what == "The file is there already.")
  }

  @Test("A genuine recording goes through unchanged")
  func genuine() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Genuine/recording.mkv")
    let report = try RecordingSalvage.salvage(url, to: out)
    #expect(report.blocks.map(\.count) == [1, 1, 1, 1] && report.startOffset == .kept)
    let (old, new) = (try AzureKinectRecording.open(url), try AzureKinectRecording.open(out))
    #expect(new.tags(camera: 0) == old.tags(camera: 0))
    #expect(try new.depth(camera: 0, index: 0) == old.depth(camera: 0, index: 0))
    #expect(try new.motion(camera: 0) == old.motion(camera: 0))
  }
}
