import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Matroska

@Suite struct MatroskaFileTests {
  private let url = Scratch.unused("recording.mkv")

  private static let head = MatroskaHead(
    title: "test", writingApp: "tests", timecodeScale: 1000,
    tracks: [
      MatroskaTrack(
        number: 1, uid: 77, kind: .video, name: "A", codec: "V_TEST", codecPrivate: Data([1, 2]),
        defaultDuration: 33_333_333, width: 640, height: 480),
      MatroskaTrack(number: 2, uid: 78, kind: .subtitle, name: "B", codec: "S_TEST"),
    ],
    tags: [MatroskaTag("NAME", "value", track: 77), MatroskaTag("FILE", "a.txt", attachment: 9)],
    attachments: [("a.txt", "text/plain", 9, Data("hello".utf8))])

  private static func sample(_ track: Int, _ ticks: Int64, _ text: String...) -> MatroskaSample {
    MatroskaSample(
      track: track, ticks: ticks, frames: text.map { Data($0.utf8) },
      duration: track == 2 ? 5 : nil)
  }

  private static let clusters = [
    MatroskaLayout.cluster(
      at: 0, [sample(1, 0, "first"), sample(2, 100, "aaaa", "bbbb", "cccc")]),
    MatroskaLayout.cluster(
      at: 40_000, [sample(1, 40_000, "second"), sample(2, 40_010, "a", "bb", "ccc")]),
    MatroskaLayout.cluster(at: 80_000, [sample(1, 79_990, "third")]),
  ]

  private func open(_ bytes: Data) throws -> MatroskaFile {
    try bytes.write(to: url)
    return try MatroskaFile(url)
  }

  private func texts(_ file: MatroskaFile, _ track: Int) throws -> [[String]] {
    try file.blocks(ofTrack: track).map { block in
      try file.frames(of: block).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test("What is written whole is read whole")
  func roundTrip() throws {
    let writer = try MatroskaWriter(url, head: Self.head)
    try writer.write(
      clusterAt: 0, [Self.sample(1, 0, "first"), Self.sample(2, 100, "aaaa", "bbbb", "cccc")])
    try writer.write(
      clusterAt: 2_000_000,
      [Self.sample(1, 1_999_990, "second"), Self.sample(2, 2_000_000, "a", "bb", "ccc")])
    #expect(!FileManager.default.fileExists(atPath: url.path))
    try writer.finish(tags: [MatroskaTag("LATE", "more")])
    let file = try MatroskaFile(url)
    #expect(file.isFinished && file.damage.isEmpty && file.title == "test")
    #expect(file.tracks == Self.head.tracks)
    #expect(file.tags == Self.head.tags + [MatroskaTag("LATE", "more")])
    #expect(try file.data(of: file.attachments[0]) == Data("hello".utf8))
    #expect(file.blocks(ofTrack: 1).map(\.time) == [0, 1_999_990_000])
    #expect(try texts(file, 1) == [["first"], ["second"]])
    #expect(try texts(file, 2) == [["aaaa", "bbbb", "cccc"], ["a", "bb", "ccc"]])
    #expect(file.blocks(ofTrack: 3).isEmpty)
  }

  @Test("Every prefix of a file gives its whole clusters")
  func prefixes() throws {
    let head = MatroskaLayout.head(Self.head)
    let whole = Self.clusters.reduce(head, +)
    let ends = Self.clusters.indices.map {
      head.count + Self.clusters[0...$0].reduce(0) { $0 + $1.count }
    }
    for length in stride(from: 0, through: whole.count, by: 1)
    where length > head.count - 30 || length % 61 == 0 {
      do {
        let file = try open(whole.prefix(length))
        #expect(file.clusterCount == ends.count { $0 <= length }, "\(length) bytes")
        #expect(!file.isFinished)
      } catch let error as CaptureError {
        #expect(length < 60 && error.code == .badInput)
      }
    }
  }

  @Test("Clusters and a segment of unknown size end where the next begins")
  func unknownSizes() throws {
    var bytes = MatroskaLayout.head(Self.head)
    for (number, text) in ["one", "two"].enumerated() {
      // Without a size there is no checksum.
      bytes += EBMLEncoder.openHead(ElementID.cluster)
      bytes += EBMLEncoder.element(ElementID.timecode, unsigned: UInt64(number * 1000))
      bytes += EBMLEncoder.element(
        ElementID.simpleBlock, Data([0x81, 0, 7, 0x80]) + Data(text.utf8))
    }
    let file = try open(bytes + EBMLEncoder.element(ElementID.cues, Data()))
    #expect(file.clusterCount == 2 && file.damage.isEmpty)
    #expect(file.blocks(ofTrack: 1).map(\.time) == [7000, 1_007_000])
    #expect(try texts(file, 1) == [["one"], ["two"]])
  }

  @Test("Sizes of frames by differences, as other writers lace")
  func lacing() throws {
    let payload: [UInt8] = [2, 0x84, 0xBE] + [UInt8](repeating: 7, count: 4 + 3 + 2)
    // 4 bytes; 1 less than that (0xBE is -1); the rest.
    #expect(
      BlockLacing.frames(flags: 0x06, payload[...], count: payload.count) == [
        3..<7, 7..<10, 10..<12,
      ])
    #expect(BlockLacing.frames(flags: 0x04, [1, 0, 0, 0], count: 4) == nil)
    #expect(BlockLacing.frames(flags: 0x02, [3, 255, 255], count: 3) == nil)
    #expect(BlockLacing.frames(flags: 0x06, [1, 0x40], count: 2) == nil)
    #expect(BlockLacing.frames(flags: 0, [], count: 9) == [0..<9])
  }

  @Test("Damage is skipped and told, and so is a checksum that fails")
  func damage() throws {
    let head = MatroskaLayout.head(Self.head)
    let junk = Data([UInt8](repeating: 0x5A, count: 333))
    let file = try open(head + Self.clusters[0] + junk + Self.clusters[1] + Self.clusters[2])
    #expect(file.clusterCount == 3)
    let start = head.count + Self.clusters[0].count
    #expect(file.damage == [MatroskaDamage(bytes: start..<start + 333)])
    var flipped = head + Self.clusters[0] + Self.clusters[1]
    let at = try #require(flipped.range(of: Data("first".utf8))).lowerBound
    flipped[at] ^= 1
    let second = try open(flipped)
    let blocks = second.blocks(ofTrack: 1)
    #expect(try second.frames(of: blocks[1]) == [Data("second".utf8)])
    #expect(second.wrongChecksums == nil && !second.hasWrongChecksum(blocks[0]))
    #expect(try second.frames(of: blocks[0]) == [Data("girst".utf8)])
    #expect(second.wrongChecksums?.count == 1)
    #expect(second.wrongChecksums.map { (head.count..<at).contains($0.firstByte) } == true)
    #expect(second.hasWrongChecksum(blocks[0]) && !second.hasWrongChecksum(blocks[1]))
  }

  @Test("Sizes that lie beyond the file are refused before anything is allocated")
  func hugeSizes() throws {
    let head = MatroskaLayout.head(Self.head)
    let huge = EBMLEncoder.head(ElementID.cluster, size: 1 << 50, sizeLength: 8)
    #expect(try open(head + huge + Data(count: 100)).clusterCount == 0)
    let tracks = EBMLEncoder.head(ElementID.tracks, size: 1 << 40, sizeLength: 8)
    let file = try open(head + tracks + Data(count: 100) + Self.clusters[0])
    #expect(file.clusterCount == 1 && file.tracks.count == 2)
  }

  @Test("Damaged bytes anywhere make an error or a file, never a crash")
  func mutated() throws {
    let whole = Self.clusters.reduce(MatroskaLayout.head(Self.head), +)
    var random = SeededGenerator(seed: 3)
    var (opened, refused) = (0, 0)
    for _ in 0..<1500 {
      do {
        let file = try open(ByteMutator.mutate(whole, using: &random))
        opened += 1
        for track in 1...2 {
          for block in file.blocks(ofTrack: track) {
            if (try? file.frames(of: block)) == nil { refused += 1 }
          }
        }
      } catch is CaptureError {
        refused += 1
      }
    }
    #expect(opened > 500 && refused > 20)
  }

  @Test("A file of nothing but beginnings of clusters ends soon")
  func beginnings() throws {
    let id = Data([0x1F, 0x43, 0xB6, 0x75])
    var bytes = MatroskaLayout.head(Self.head)
    for _ in 0..<20_000 { bytes += id }
    #expect(try open(bytes + Self.clusters[0]).clusterCount == 1)
  }

  @Test("Other files are refused with the reason")
  func others() throws {
    func expect(_ what: String, _ bytes: Data) {
      let error = #expect(throws: CaptureError.self) { try open(bytes) }
      #expect(error?.what == what)
    }
    expect("This is not a Matroska file.", Data())
    let head = MatroskaLayout.head(Self.head)
    var other = head
    other.replaceSubrange(
      try #require(other.range(of: Data("matroska".utf8))), with: Data("whatever".utf8))
    expect("The file is of the EBML type `whatever`, not matroska.", other)
    var newer = head
    newer[try #require(newer.range(of: Data([0x42, 0x85, 0x81]))).upperBound] = 4
    expect("The file needs a reader of Matroska version 4; this one reads 2.", newer)
    expect("The Matroska file has no segment.", head.prefix(40))
  }
}
