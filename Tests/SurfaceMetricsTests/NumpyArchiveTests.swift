import CaptureCore
import CaptureTestSupport
import Foundation
import NumpyFiles
import Testing

@Suite struct NumpyArchiveTests {
  let folder: URL

  init() throws { folder = try Scratch.folder() }

  /// Written by `numpy.savez_compressed` of NumPy 2: deflated members with zip64 local headers.
  let madeByNumPy = Data(
    base64Encoded: """
      UEsDBC0AAAAIAAAAIQBLiDDA//////////8KABQAcG9pbnRzLm5weQEAEADgAAAAAAAAAIkAAAAAAAAAm+wX6hsQychQ
      xlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKJjoKxpo6CrUK5AEuBgiwZ2Bo
      AOIDQMzgwMCgAMQOQJwAxA1APAGIFwDxBiA+AMQXgPgBEH8AYgZHBgYOIBYAYgkgVgBiDSA2AGILRwBQSwMELQAAAAgA
      AAAhAHn96F7//////////wsAFABub3JtYWxzLm5weQEAEACIAAAAAAAAAE4AAAAAAAAAm+wX6hsQychQxlCtnpJanFyk
      bqWgbpNmpK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkahjoKJpo6CrUKZAMuBhuGHYwMDDUAUEsDBC0AAAAI
      AAAAIQAWk4y7//////////8IABQAc2Vlbi5ucHkBABAAgwAAAAAAAABHAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l
      oF6TZKiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC5GBkYAUEsDBC0AAAAIAAAAIQD3O3gU
      //////////8LABQAZm9ydHJhbi5ucHkBABAAsAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGu
      o6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK5AMuBihghtKMUJoFSjNBaVYoDQBQSwMELQAAAAgA
      AAAhADW0OpP//////////wkAFABzY2FsZS5ucHkBABAAiAAAAAAAAABHAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6l
      oG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5Gpo6CrUKFAEuBjBgcQAAUEsBAi0DLQAAAAgAAAAhAEuI
      MMCJAAAA4AAAAAoAAAAAAAAAAAAAAIABAAAAAHBvaW50cy5ucHlQSwECLQMtAAAACAAAACEAef3oXk4AAACIAAAACwAA
      AAAAAAAAAAAAgAHFAAAAbm9ybWFscy5ucHlQSwECLQMtAAAACAAAACEAFpOMu0cAAACDAAAACAAAAAAAAAAAAAAAgAFQ
      AQAAc2Vlbi5ucHlQSwECLQMtAAAACAAAACEA9zt4FFUAAACwAAAACwAAAAAAAAAAAAAAgAHRAQAAZm9ydHJhbi5ucHlQ
      SwECLQMtAAAACAAAACEANbQ6k0cAAACIAAAACQAAAAAAAAAAAAAAgAFjAgAAc2NhbGUubnB5UEsFBgAAAAAFAAUAFwEA
      AOUCAAAAAA==
      """, options: .ignoreUnknownCharacters)!

  func file(_ bytes: Data, _ name: String = "arrays.npz") throws -> URL {
    let url = folder.appendingPathComponent(name)
    try bytes.write(to: url)
    return url
  }

  func sample() throws -> [(name: String, array: NumpyArray)] {
    [
      ("points", try NumpyArray(shape: [2, 1, 2], elements: .float32([1, -2.5, .infinity, 0]))),
      ("seen", try NumpyArray(shape: [3], elements: .bool([true, false, true]))),
      ("bytes", try NumpyArray(shape: [0, 7], elements: .uint8([]))),
      ("one", try NumpyArray(shape: [], elements: .float64([.pi]))),
      ("u2", try NumpyArray(shape: [2], elements: .uint16([0, 65535]))),
      ("i2", try NumpyArray(shape: [2], elements: .int16([-32768, 7]))),
      ("u4", try NumpyArray(shape: [1, 1], elements: .uint32([4_000_000_000]))),
      ("i4", try NumpyArray(shape: [2], elements: .int32([.min, .max]))),
      ("i8", try NumpyArray(shape: [2], elements: .int64([.min, .max]))),
    ]
  }

  @Test func everyTypeSurvivesARoundTrip() throws {
    let url = folder.appendingPathComponent("all.npz")
    try NumpyArchive.write(sample(), to: url)
    let read = try NumpyArchive.read(url, limit: 1 << 20)
    #expect(read == Dictionary(uniqueKeysWithValues: try sample().map { ($0.name, $0.array) }))
  }

  @Test func theSameArraysGiveTheSameBytes() throws {
    let (a, b) = (folder.appendingPathComponent("a.npz"), folder.appendingPathComponent("b.npz"))
    try NumpyArchive.write(sample(), to: a)
    try NumpyArchive.write(sample(), to: b)
    #expect(try Data(contentsOf: a) == Data(contentsOf: b))
  }

  @Test func anArchiveOfNumPyIsRead() throws {
    let read = try NumpyArchive.read(file(madeByNumPy), limit: 1 << 20)
    #expect(read.keys.sorted() == ["fortran", "normals", "points", "scale", "seen"])
    #expect(read["points"]?.shape == [2, 4, 3])
    #expect(read["points"]?.elements == .float32((0..<24).map { Float($0) * 0.5 }))
    #expect(read["normals"]?.elements == .float32([1, -0.5, 0x1p-24, .infinity]))
    #expect(read["seen"]?.flags() == [true, false, true])
    #expect(read["fortran"]?.elements == .int64([0, 1, 2, 3, 4, 5]))
    #expect(read["scale"]?.shape == [])
    #expect(read["scale"]?.doubles() == [2.5])
  }

  @Test func everyTruncatedPrefixIsRefused() throws {
    for length in 0..<madeByNumPy.count {
      let url = try file(madeByNumPy.prefix(length))
      #expect(throws: CaptureError.self, "\(length) bytes") {
        try NumpyArchive.read(url, limit: 1 << 20)
      }
    }
  }

  @Test func aChangedByteIsRefusedOrHarmless() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<3000 {
      var bytes = madeByNumPy
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      let url = try file(bytes)
      do {
        for (_, array) in try NumpyArchive.read(url, limit: 1 << 20) {
          #expect(array.shape.reduce(1, *) == array.elements.count)
        }
      } catch {
        #expect(error.code == .badInput || error.code == .limitExceeded)
      }
    }
  }

  /// The archive with the first member's inflated size overwritten in the directory.
  func claiming(_ size: UInt32) throws -> Data {
    var bytes = madeByNumPy
    let entry = try #require(bytes.range(of: Data([0x50, 0x4b, 1, 2]))).lowerBound
    for byte in 0..<4 { bytes[entry + 24 + byte] = UInt8(size >> UInt32(8 * byte) & 255) }
    return bytes
  }

  @Test func moreThanTheLimitIsRefusedBeforeItIsInflated() throws {
    let url = try file(claiming(90_000))
    let error = #expect(throws: CaptureError.self) { try NumpyArchive.read(url, limit: 80_000) }
    #expect(
      error?.description
        == "\(url.path): The archive inflates to more than 80000 bytes, the most that is read.")
  }

  @Test func aSizeThatDeflateCannotReachIsRefused() throws {
    let url = try file(claiming(0x3fff_fff0))
    let error = #expect(throws: CaptureError.self) { try NumpyArchive.read(url, limit: .max) }
    #expect(error?.what == "The zip archive is damaged: a member's sizes cannot be true.")
  }

  @Test func aNameUsedTwiceIsRefused() throws {
    let one = try NumpyArray(shape: [1], elements: .uint8([1]))
    let url = folder.appendingPathComponent("twice.npz")
    let error = #expect(throws: CaptureError.self) {
      try NumpyArchive.write([("a", one), ("a", one)], to: url)
    }
    #expect(error?.what == "Arrays of one file need different names that are not empty.")
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }

  @Test func elementsThatDoNotFitTheShapeAreRefused() {
    let error = #expect(throws: CaptureError.self) {
      try NumpyArray(shape: [2, 3], elements: .uint8([1]))
    }
    #expect(error?.what == "An array of shape [2, 3] cannot have 1 elements.")
  }
}
