import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import CapturePipeline

@Suite struct MeshPartTests {
  @Test("Parts cover all frames once, in sizes that differ by one at most")
  func ranges() throws {
    for frames in 0..<20 {
      for count in 1..<9 {
        let ranges = try (0..<count).map { try FramePart(index: $0, of: count).range(of: frames) }
        #expect(ranges.flatMap { Array($0) } == Array(0..<frames))
        #expect((ranges.map(\.count).max() ?? 0) - (ranges.map(\.count).min() ?? 0) <= 1)
      }
    }
    for text in ["", "3", "0/2", "3/2", "a/b", "1/0", "1/2/3", "-1/2", "1/10001"] {
      #expect(throws: CaptureError.self) { _ = try FramePart(text) }
    }
    #expect(try FramePart("2/3") == FramePart(index: 1, of: 3))
  }

  private func prepared(_ name: String, _ configuration: JobConfiguration) throws -> Pipeline {
    let pipeline = try TinyTake.pipeline(Scratch.unused(name), configuration)
    _ = try pipeline.run(only: .pair, TakeSource(take: TinyTake.folder))
    _ = try pipeline.run(only: .observe)
    return pipeline
  }

  @Test("What is to be known of meshes is told again by whoever joins them, in the frames' order")
  func warnings() throws {
    let configuration = try TinyTake.configuration(
      "method=tsdf", "observations.box=[-0.9, 0.6, -0.9, 0.9, 1.2, 0.9]",
      "observations.cutFloor=false")
    let whole = try TinyTake.pipeline(Scratch.unused("warned"), configuration)
    func told(_ report: RunReport) -> [String] {
      report.stages.first { $0.name == .mesh }?.warnings ?? []
    }
    let first = told(try whole.run(TakeSource(take: TinyTake.folder)))
    #expect(first.count == TinyTake.frames)
    #expect(
      first.enumerated().allSatisfy { $1.hasPrefix("frame \($0): The surface leaves the box") })
    // As after a kill: two frames are there, the stage is not done.
    let folder = whole.output.folder(.mesh)
    for name in [StageManifest.fileName, "frame_000001.json", "frame_000002.ply"] {
      try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
    #expect(told(try whole.run(TakeSource(take: TinyTake.folder))) == first)
  }

  @Test("A box too large for its voxels is refused before the training")
  func largeBox() throws {
    let pipeline = try prepared(
      "large",
      TinyTake.configuration(
        "observations.box=[-40, 0.02, -40, 40, 40, 40]", "meshing.voxel=0.001"))
    let error = #expect(throws: CaptureError.self) { try pipeline.run(only: .train) }
    #expect(error?.code == .limitExceeded)
    #expect(error?.what.contains("is too large for voxels of 0.001 m") == true)
  }

  @Test("Frames meshed in parts, by several at the same time, are those of one go, byte for byte")
  func join() throws {
    let configuration = try TinyTake.configuration("method=tsdf")
    let whole = try TinyTake.pipeline(Scratch.unused("whole"), configuration)
    _ = try whole.run(TakeSource(take: TinyTake.folder))
    let parts = try prepared("parts", configuration)
    var (waiting, results) = (parts, [Result<Int, any Error>?](repeating: nil, count: 6))
    waiting.patience = .seconds(60)
    let patient = waiting
    results.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let buffer = buffer
      // Three parts, each twice: an orphan beside its replacement.
      concurrently(6, threads: 6) { i, _ in
        buffer[i] = Result { try patient.mesh(FramePart(index: i % 3, of: 3)).frames }
      }
    }
    for result in results {
      let frames = try #require(result).get()
      #expect((1...2).contains(frames))
    }
    #expect(StageManifest.find(in: parts.output.folder(.mesh)) == nil, "not joined yet")
    let observer = RecordingObserver()
    let joining = try TinyTake.pipeline(parts.output.url, configuration, observer: observer)
    _ = try joining.run(TakeSource(take: TinyTake.folder))
    #expect(observer.take() == ["kept pair", "kept observe", "ran mesh", "ran export"])
    for stage in [StageName.mesh, .export] {
      let expected = try contents(of: whole.output.folder(stage))
      #expect(expected.count > TinyTake.frames)
      #expect(
        try contents(of: parts.output.folder(stage)).mapValues(\.count)
          == expected.mapValues(\.count))
      #expect(try contents(of: parts.output.folder(stage)) == expected)
    }
    #expect(try joining.mesh(FramePart(index: 0, of: 3)).bytes == 0, "nothing left to do")
  }

  @Test("What the frames beside a frame tell of it does not depend on the part or the order")
  func steadied() throws {
    let output = Scratch.unused("steadied")
    func meshes(_ setting: String, inParts: Bool = false) throws -> [String: Data] {
      let pipeline = try TinyTake.pipeline(output, TinyTake.configuration(setting))
      if inParts {
        try FileManager.default.removeItem(at: pipeline.output.folder(.mesh))
        for i in (0..<3).reversed() { _ = try pipeline.mesh(FramePart(index: i, of: 3)) }
      }
      _ = try pipeline.run(TakeSource(take: TinyTake.folder))
      return try contents(of: pipeline.output.folder(.export)).filter { $0.key.hasSuffix(".ply") }
    }
    let plain = try meshes("meshing.steadyFrames=0")
    let steady = try meshes("meshing.steadyFrames=1")
    #expect(plain.count == TinyTake.frames)
    #expect(plain.keys == steady.keys && plain != steady)
    #expect(plain.mapValues(\.count) == steady.mapValues(\.count))
    #expect(try meshes("meshing.steadyFrames=1", inParts: true) == steady)
  }

  @Test("Other settings replace what parts of earlier ones have left")
  func changed() throws {
    let pipeline = try prepared("changed", try TinyTake.configuration("method=tsdf"))
    _ = try pipeline.mesh(FramePart(index: 0, of: 2))
    var other = pipeline
    other.configuration = try TinyTake.configuration("method=tsdf", "meshing.voxel=0.07")
    _ = try other.mesh(FramePart(index: 1, of: 2))
    let names = pipeline.output.names(in: pipeline.output.folder(.mesh))
    #expect(!names.contains(MeshRecord.fileName(0)) && names.contains(MeshRecord.fileName(3)))
  }

  @Test("A part needs the stages before it")
  func early() throws {
    let url = try Scratch.folder()
    let pipeline = try TinyTake.pipeline(url, try TinyTake.configuration("method=tsdf"))
    let error = #expect(throws: CaptureError.self) {
      _ = try pipeline.mesh(FramePart(index: 0, of: 2))
    }
    #expect(error?.code == .usage)
  }
}
