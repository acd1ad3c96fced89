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

  @Test("Damage in the middle costs no image that can be read without the new file")
  func middle() throws {
    let url = try files.write("cam.mkv", .init(frames: 4))
    let whole = try Data(contentsOf: url)
    let image = try #require(whole.range(of: KinectFiles.jpeg))
    // A flipped bit in an image: its cluster fails its checksum.
    var flipped = whole
    flipped[image.lowerBound + 5000] ^= 1
    try flipped.write(to: url)
    let first = try RecordingSalvage.salvage(url, to: out)
    #expect((first.clusters, first.damagedClusters) == (4, 1))
    #expect(first.startOffset == .kept)
    #expect(throws: CaptureError.self) { try first.checkComplete() }
    let recovered = try AzureKinectRecording.open(out)
    #expect(recovered.samples(camera: 0, kind: .color).count == 4)
    for index in 0..<4 {
      #expect(try recovered.depth(camera: 0, index: index) == KinectFiles.depth(index))
    }
    #expect(recovered.warnings.contains { $0.contains("A part fails its checksum") })
    // Bytes that are lost: the head of the next cluster is found again.
    try (whole.prefix(image.lowerBound) + whole.dropFirst(image.lowerBound + 777)).write(to: url)
    let second = try RecordingSalvage.salvage(url, to: files.url("again.mkv"))
    #expect((second.clusters, second.damagedClusters) == (3, 0))
    let rest = try AzureKinectRecording.open(files.url("again.mkv"))
    #expect(rest.samples(camera: 0, kind: .depth).count == 3)
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
    let (old, new) = (try MatroskaFile(url), try MatroskaFile(out))
    #expect(new.tags.map { [$0.name, $0.value] } == old.tags.map { [$0.name, $0.value] })
    for track in old.tracks {
      let blocks = zip(old.blocks(ofTrack: track.number), new.blocks(ofTrack: track.number))
      for (own, copy) in blocks { #expect(try new.frames(of: copy) == old.frames(of: own)) }
    }
  }
}
