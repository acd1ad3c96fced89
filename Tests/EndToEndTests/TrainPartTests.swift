import CaptureCore
import CaptureTestSupport
import Foundation
import MeshExport
import SyntheticRigs
import Testing

@testable import CapturePipeline

/// A take that is longer than its windows.
@Suite struct TrainPartTests {
  private static let frames = 10
  /// Windows 0..<6 and 3..<10.
  private static let settings =
    TinyTake.settings + [
      "training.window=9", "training.overlap=3", "training.steps=12", "meshing.voxel=0.12",
    ]

  private static let take: URL = {
    let url = Scratch.unused("long")
    var knobs = SyntheticRigConfiguration.tiny
    knobs.frames = frames
    do {
      try SyntheticTake(SyntheticRig(knobs), folder: url, withTruth: false).write()
    } catch {
      fatalError("The take cannot be made: \(error)")
    }
    return url
  }()

  /// What one run leaves that nothing disturbs.
  private static let alone: (folder: OutputFolder, report: RunReport)? = {
    do {
      let pipeline = try TinyTake.pipeline(
        Scratch.unused("alone"), try JobConfiguration().setting(settings))
      return (pipeline.output, try pipeline.run(TakeSource(take: take)))
    } catch {
      Issue.record(error)
      return nil
    }
  }()

  @Test("Windows trained in parts, in any order, leave what one go leaves")
  func parts() throws {
    let (alone, report) = try #require(Self.alone)
    #expect(report.stages[2].summary.hasPrefix("2 windows of up to 7 frames, 12 steps, "))
    let configuration = try JobConfiguration().setting(Self.settings)
    #expect(configuration.windows(frames: Self.frames) == 2)
    let parts = try TinyTake.pipeline(Scratch.unused("parts"), configuration)
    try AtomicFile.makeFolder(parts.output.url)
    for stage in [StageName.pair, .observe] {
      try FileManager.default.copyItem(at: alone.folder(stage), to: parts.output.folder(stage))
    }
    #expect(try parts.train(FramePart(index: 1, of: 2)).frames == 7)
    try parts.joinTraining()
    #expect(StageManifest.find(in: parts.output.folder(.train)) == nil, "a window is missing")
    #expect(try parts.train(FramePart(index: 0, of: 2)).frames == 6)
    try parts.joinTraining()
    #expect(StageManifest.find(in: parts.output.folder(.train)) != nil)
    #expect(try parts.train(FramePart(index: 0, of: 2)).bytes == 0, "nothing left to do")
    let found = try contents(of: parts.output.folder(.train))
    let expected = try contents(of: alone.folder(.train))
    #expect(found == expected && found.count == 3)
  }

  @Test("A batch trains windows as units of their own; all meshes are closed")
  func batch() throws {
    let output = Scratch.unused("batch")
    let command = try Command(
      ["batch", Self.take.path, "-o", output.path, "--cores", "2", "--memory", "4G"]
        + Self.settings.flatMap { ["--set", $0] })
    #expect(command.status == 0, "\(command.errors)")
    #expect(command.output.contains("pair observe train x 2 mesh export"), "\(command.output)")
    #expect(command.errors.contains("  train-1-of-2  "))
    let takes = output.appendingPathComponent("takes")
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: takes.path).first)
    let found = try BatchTests.meshes(takes.appendingPathComponent(name))
    let expected = try BatchTests.meshes(try #require(Self.alone).folder.url)
    #expect(found == expected && found.count == Self.frames + 1)
    for frame in 0..<Self.frames {
      let name = SequenceManifest.meshName(frame: frame, fileExtension: "ply")
      let mesh = try PLYReader.decode(try #require(found[name]))
      #expect(MeshTopology(mesh).isClosedManifold, "frame \(frame)")
    }
  }
}
