import CaptureCore
import CaptureTestSupport
import Foundation
import MeshExport
import RayObservations
import SurfaceMetrics
import Testing

@testable import CapturePipeline

@Suite struct PipelineTests {
  private let output = Scratch.unused("out")
  private let observer = RecordingObserver()

  @discardableResult
  private func run(_ more: String..., take: URL = TinyTake.folder) throws -> RunReport {
    let configuration = try TinyTake.configuration().setting(more)
    return try TinyTake.pipeline(output, configuration, observer: observer)
      .run(TakeSource(take: take))
  }

  private func exported(_ name: String) -> URL {
    output.appendingPathComponent("export").appendingPathComponent(name)
  }

  @Test(
    "Each method leaves one closed mesh a frame, its contents listed",
    arguments: [
      JobConfiguration.Method.field, .tsdf,
    ])
  func wholeWay(_ method: JobConfiguration.Method) throws {
    let report = try run("method=\(method.rawValue)")
    #expect(report.skipped == [])
    #expect(report.stages.map(\.name.rawValue).contains("train") == (method == .field))
    let sequence = try SequenceManifest.read(fromFolder: output.appendingPathComponent("export"))
    #expect(sequence.frames.map(\.index) == Array(0..<TinyTake.frames))
    #expect(abs(sequence.framesPerSecond - 15) < 0.1)
    for frame in sequence.frames {
      let mesh = try PLYReader.read(exported(frame.file))
      #expect(mesh.isWatertight)
      #expect(mesh.triangles.count == frame.faces)
      #expect(try SHA256.hexDigest(ofFile: exported(frame.file)) == frame.sha256)
    }
    #expect(AtomicFile.size(of: output.appendingPathComponent("preview.png")) ?? 0 > 1000)
  }

  @Test("A recording that goes away after the meshes were made costs no more than the preview")
  func recordingGone() throws {
    let take = try TinyTake.copy()
    let report = try TinyTake.pipeline(
      output, TinyTake.configuration("method=tsdf"), observer: LeavingObserver(take)
    ).run(TakeSource(take: take))
    #expect(report.stages.last?.summary == "4 files (ply)")
    #expect(AtomicFile.size(of: output.appendingPathComponent("report.json")) != nil)
    #expect(AtomicFile.size(of: output.appendingPathComponent("preview.png")) == nil)
  }

  @Test("A second run does only what changed")
  func onlyWhatChanged() throws {
    try run()
    #expect(
      observer.take() == ["ran pair", "ran observe", "ran train", "ran mesh", "ran export"])
    let before = try contents(of: output)
    try run()
    #expect(
      observer.take() == ["kept pair", "kept observe", "kept train", "kept mesh", "kept export"])
    var after = try contents(of: output)
    after["report.json"] = before["report.json"]
    #expect(after == before)
    try run("export.formats=ply,obj")
    #expect(observer.take().suffix(2) == ["kept mesh", "ran export"])
    #expect(AtomicFile.size(of: exported("frame_000003.obj")) != nil)
    try run("meshing.voxel=0.08")
    #expect(observer.take().suffix(3) == ["kept train", "ran mesh", "ran export"])
    #expect(
      AtomicFile.size(of: exported("frame_000003.obj")) == nil, "what is no longer asked for goes")
    try run("training.checkpointSteps=5", "meshing.voxel=0.08")
    #expect(observer.take().suffix(3) == ["kept train", "kept mesh", "kept export"])
    try run("frames.end=2")
    #expect(
      observer.take() == ["ran pair", "ran observe", "ran train", "ran mesh", "ran export"])
    #expect(AtomicFile.size(of: exported("frame_000003.ply")) == nil)
  }

  @Test("A mesh that is lost is made again, and only that one")
  func lostMesh() throws {
    try run("method=tsdf")
    let mesh = output.appendingPathComponent("mesh")
    let before = try contents(of: mesh)
    unlink(mesh.appendingPathComponent("frame_000002.ply").path)
    func changed(_ name: String) throws -> Date? {
      try FileManager.default.attributesOfItem(atPath: mesh.appendingPathComponent(name).path)[
        .modificationDate] as? Date
    }
    let first = try changed("frame_000001.ply")
    _ = observer.take()
    try run("method=tsdf")
    #expect(observer.take() == ["kept pair", "kept observe", "ran mesh", "kept export"])
    #expect(try changed("frame_000001.ply") == first)
    #expect(try contents(of: mesh) == before)
  }

  @Test(
    "Damaged observations are no frame without a mesh: they are named, and once removed all is as it was"
  )
  func damagedObservations() throws {
    try run("method=tsdf")
    let before = try contents(of: output)
    let file = output.appendingPathComponent("observe/frame_000002.obs")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 100] ^= 1
    try bytes.write(to: file)
    unlink(output.appendingPathComponent("mesh/frame_000002.json").path)
    unlink(output.appendingPathComponent("mesh/manifest.json").path)
    let error = #expect(throws: CaptureError.self) { try run("method=tsdf") }
    #expect(
      error?.description
        == "frame 2, \(file.path): The observation file has a wrong checksum. Remove it and run `fieldmesh observe` again, which writes what is missing."
    )
    unlink(file.path)
    _ = observer.take()
    try run("method=tsdf")
    #expect(observer.take() == ["kept pair", "ran observe", "ran mesh", "kept export"])
    var after = try contents(of: output)
    for changing in ["report.json", "observe/manifest.json", "mesh/manifest.json"] {
      after[changing] = before[changing]
    }
    #expect(after == before)
  }

  @Test("A field or a mesh that is damaged is named, and made again once it is removed")
  func damagedResults() throws {
    try run()
    let whole = try contents(of: output.appendingPathComponent("export"))
    for (name, complaint) in [
      ("train/field.fmf", "The file is damaged: its checksum is wrong."),
      ("mesh/frame_000001.ply", "The mesh is damaged: A face has a corner that is no index."),
    ] {
      let file = output.appendingPathComponent(name)
      var bytes = try Data(contentsOf: file)
      for i in 1...40 { bytes[bytes.count - i] = 0xee }
      try bytes.write(to: file)
      let configuration = name.hasPrefix("train") ? "meshing.voxel=0.07" : "export.formats=ply,obj"
      let error = #expect(throws: CaptureError.self) { try run(configuration) }
      #expect(
        error?.description.hasSuffix(
          "\(file.path): \(complaint) Remove it and run the same command again.") == true,
        "\(error?.description ?? "")")
      unlink(file.path)
      try run()
      #expect(try contents(of: output.appendingPathComponent("export")) == whole)
    }
  }

  @Test("An exported mesh that is edited in place changes nothing but itself")
  func editedExport() throws {
    try run("method=tsdf")
    let mesh = try contents(of: output.appendingPathComponent("mesh"))
    let file = try FileHandle(forWritingTo: exported("frame_000001.ply"))
    try file.write(contentsOf: Data("edited".utf8))
    try file.close()
    #expect(try contents(of: output.appendingPathComponent("mesh")) == mesh)
  }

  @Test("A choice of frames that fails costs nothing: results and configuration stay")
  func mistyped() throws {
    try run("method=tsdf")
    let before = try contents(of: output)
    #expect(throws: CaptureError.self) { try run("method=tsdf", "frames.first=9") }
    #expect(try contents(of: output) == before)
    _ = observer.take()
    let pipeline = try TinyTake.pipeline(
      output, JobConfiguration().reading(OutputFolder(output).configuration), observer: observer)
    _ = try pipeline.run(only: .export)
    #expect(observer.take() == ["kept export"])
  }

  @Test("A training that other settings began to replace is there again with its own")
  func triedTraining() throws {
    try run()
    let before = try contents(of: output)
    let watcher = StoppingObserver(in: .train, after: 9)
    #expect(throws: CaptureError.self) {
      _ = try TinyTake.pipeline(
        output, TinyTake.configuration("training.steps=400"), observer: watcher,
        isCancelled: { watcher.isCancelled() }
      ).run(TakeSource(take: TinyTake.folder))
    }
    #expect(try contents(of: output)["train/field.fmf"] == nil)
    _ = observer.take()
    try run()
    #expect(observer.take().allSatisfy { $0.hasPrefix("kept ") })
    var after = try contents(of: output)
    after["report.json"] = before["report.json"]
    #expect(after == before)
  }

  @Test("A configuration that somebody else put there is refused, and stays")
  func foreignConfiguration() throws {
    let folder = OutputFolder(output)
    for text in ["{\"training\": {\"steps\": 9}}", "x", ""] {
      try Scratch.put(text, folder.configuration)
      #expect(
        throws: CaptureError(
          .badInput, "The folder holds a config.json that fieldmesh did not write.",
          at: folder.url.path, remedy: "Choose another output folder.")
      ) { try run("method=tsdf") }
      #expect(try String(contentsOf: folder.configuration, encoding: .utf8) == text)
    }
  }

  @Test("What is kept is told with its warnings, and the memory that it took")
  func keptWarnings() throws {
    let settings = ["method=tsdf", "observations.box=[-0.9, 0.6, -0.9, 0.9, 1.2, 0.9]"]
    let configuration = try TinyTake.configuration().setting(
      settings + ["observations.cutFloor=false"])
    func warnings() throws -> (told: [String], report: RunReport) {
      let observer = RecordingObserver()
      let report = try TinyTake.pipeline(output, configuration, observer: observer)
        .run(TakeSource(take: TinyTake.folder))
      return (observer.warnings, report)
    }
    let first = try warnings()
    #expect(first.told.count >= TinyTake.frames)
    let folder = OutputFolder(output).folder(.mesh)
    var manifest = try #require(StageManifest.find(in: folder))
    manifest.peakMemory = 1 << 50
    try AtomicFile.writeJSON(manifest, to: folder.appendingPathComponent("manifest.json"))
    let second = try warnings()
    #expect(second.told == first.told)
    #expect(second.report.peakMemory == 1 << 50)
  }

  @Test("The picture shows the meshes that are there")
  func preview() throws {
    try run("method=tsdf")
    let picture = output.appendingPathComponent("preview.png")
    let first = try Data(contentsOf: picture)
    let pipeline = try TinyTake.pipeline(
      output, TinyTake.configuration("method=tsdf", "fusion.voxel=0.09"))
    _ = try pipeline.run(only: .mesh)
    #expect(AtomicFile.size(of: picture) == nil)
    try run("method=tsdf", "fusion.voxel=0.09")
    #expect(try Data(contentsOf: picture) != first)
  }

  @Test("Frame sets are chosen by number, and meshes keep their numbers")
  func selection() throws {
    try run("method=tsdf", "frames.first=1", "frames.every=2")
    let sequence = try SequenceManifest.read(fromFolder: output.appendingPathComponent("export"))
    #expect(sequence.frames.map(\.file) == ["frame_000001.ply", "frame_000003.ply"])
  }

  @Test("Stopping and going on gives the same bytes, for any number of threads")
  func stopped() throws {
    try run()
    let whole = try contents(of: output.appendingPathComponent("export"))
    let other = Scratch.unused("stopped")
    let source = TakeSource(take: TinyTake.folder)
    let configuration = try TinyTake.configuration()
    for (stage, questions) in [(StageName.train, 9), (.train, 4), (.mesh, 30)] {
      let watcher = StoppingObserver(in: stage, after: questions)
      #expect(
        throws: CaptureError(
          .tryAgain, "Stopped on request.",
          remedy: "Run the same command again to continue; finished work is kept.")
      ) {
        _ = try TinyTake.pipeline(
          other, configuration, threads: 1, observer: watcher,
          isCancelled: { watcher.isCancelled() }
        ).run(source)
      }
    }
    _ = try TinyTake.pipeline(other, configuration, threads: 3).run(source)
    var resumed = try contents(of: other.appendingPathComponent("export"))
    resumed["inputs.json"] = whole["inputs.json"]
    #expect(resumed == whole)
  }

  @Test("The stages run one by one, each on what the ones before it left")
  func oneByOne() throws {
    let pipeline = try TinyTake.pipeline(output, TinyTake.configuration(), observer: observer)
    let missing = CaptureError(
      .usage, "The stage 'observe' has not run for this configuration.", at: output.path,
      remedy: "Run 'fieldmesh observe' first, or 'fieldmesh run' for all stages.")
    _ = try pipeline.run(only: .pair, TakeSource(take: TinyTake.folder))
    #expect(throws: missing) { _ = try pipeline.run(only: .train) }
    for stage in [StageName.observe, .train, .mesh, .export] { _ = try pipeline.run(only: stage) }
    #expect(observer.take() == StageName.allCases.map { "ran \($0.rawValue)" })
    var changed = pipeline
    changed.configuration.observations.boxMargin = 0.1
    #expect(throws: missing) { _ = try changed.run(only: .mesh) }
    changed.configuration.method = .tsdf
    #expect(
      throws: CaptureError(
        .usage, "The method 'tsdf' has no stage 'train'.", at: output.path,
        remedy: "Set another method, or go on with the next stage.")
    ) { _ = try changed.run(only: .train) }
  }

  @Test("A trained field has meshes between frames, fusion has none")
  func betweenFrames() throws {
    // So short a pause is bridged, and no longer one.
    let setting = "observations.bridge=0.01"
    try run(setting)
    let list = try FrameList.read(OutputFolder(output))
    let (first, second) = (list.frames[1].time, list.frames[2].time)
    let middle = (first + second) / 2
    let between = RecordingObserver()
    let pipeline = try TinyTake.pipeline(
      output, TinyTake.configuration(setting), observer: between)
    #expect(throws: CaptureError.self) { _ = try pipeline.meshes(at: [first, 1e3]) }
    #expect(pipeline.output.names(in: pipeline.output.between) == [], "all times come first")
    let files = try pipeline.meshes(at: [first, middle])
    #expect(
      files.map(\.lastPathComponent)
        == [first, middle].map { String(format: "time_%.6f.ply", $0) })
    for file in files { #expect(try PLYReader.read(file).isWatertight) }
    #expect(
      between.warnings.filter { $0.hasPrefix("No frame") } == [
        String(
          format: "No frame lies between %.2f s and %.2f s: the mesh at %.2f s is a guess.", first,
          second, middle)
      ])
    let trimmed = try TinyTake.pipeline(output, TinyTake.configuration("meshing.trim=unseen"))
    #expect(
      throws: CaptureError(
        .usage, "Between frames no camera looked: there is nothing to trim by.", at: "meshing.trim",
        remedy: "Leave --trim or --time out.")
    ) { _ = try trimmed.meshes(at: [middle]) }
    let fused = try TinyTake.pipeline(output, TinyTake.configuration("method=tsdf"))
    #expect(
      throws: CaptureError(
        .usage, "Fusion has no surface between frames.", at: "--time",
        remedy: "Use the method 'field'.")
    ) { _ = try fused.meshes(at: [middle]) }
  }

  @Test("An image that cannot be read is left out and named; strict runs end there")
  func brokenImage() throws {
    let take = try TinyTake.copy()
    let image = take.appendingPathComponent("cam1/depth/000002.png")
    try Data(contentsOf: image).prefix(200).write(to: image)
    let report = try run("method=tsdf", take: take)
    #expect(report.skipped.count == 1)
    #expect(report.skipped[0].hasPrefix("camera cam1, depth frame 2, \(image.path): "))
    let list = try FrameList.read(OutputFolder(output))
    #expect(list.frames[2].depth == [2, nil, 2, 2])
    do throws(CaptureError) {
      try RunReport.checkComplete(report.skipped)
      Issue.record("no error")
    } catch {
      #expect(error.code == .partialResult)
      #expect(
        error.description
          == "1 image or frame could not be used; the rest is written.\n  \(report.skipped[0])")
    }
    #expect(throws: CaptureError.self) { try run("method=tsdf", "strict=true", take: take) }
  }

  @Test("A calibration that was given counts as it was then, whatever becomes of its file")
  func givenCalibration() throws {
    let take = try TinyTake.copy()
    let file = Scratch.unused("given.json")
    try FileManager.default.moveItem(at: take.appendingPathComponent("calibration.json"), to: file)
    func paired(_ output: URL) throws -> Pipeline {
      let pipeline = try TinyTake.pipeline(output, TinyTake.configuration("method=tsdf"))
      _ = try pipeline.run(only: .pair, TakeSource(take: take, calibration: file))
      return pipeline
    }
    let undisturbed = try paired(Scratch.unused("undisturbed"))
    _ = try undisturbed.run(only: .observe)
    let pipeline = try paired(output)
    try FileManager.default.removeItem(at: file)
    _ = try pipeline.run(only: .observe)
    #expect(
      try contents(of: pipeline.output.folder(.observe))
        == contents(of: undisturbed.output.folder(.observe)))
  }

  @Test("A frame set whose images are all broken is left out and named")
  func brokenFrame() throws {
    let take = try TinyTake.copy()
    for camera in 0..<4 {
      try Data("x".utf8).write(to: take.appendingPathComponent("cam\(camera)/depth/000001.png"))
    }
    let report = try run("method=tsdf", take: take)
    #expect(report.skipped.last == "frame set 1: No camera's depth can be read.")
    let sequence = try SequenceManifest.read(fromFolder: output.appendingPathComponent("export"))
    #expect(sequence.frames.map(\.index) == [0, 2, 3])
    #expect(sequence.missing == [1])
    #expect(
      observer.warnings.last == "There is no mesh of frame 1: the sequence has a gap there.")
  }

  @Test("What is missing is said with its remedy")
  func missing() throws {
    let take = try TinyTake.copy()
    unlink(take.appendingPathComponent("calibration.json").path)
    #expect(
      throws: CaptureError(
        .badInput, "The take has no calibration.", at: take.path,
        remedy: "Name one with --calibration, such as calibration/<rig>/<date>.json.")
    ) { try run(take: take) }
    #expect(
      throws: CaptureError(
        .badInput, "None of the take's 4 frame sets is used.", at: TinyTake.folder.path,
        remedy: "Choose other --frames or --cameras, or a smaller --every.")
    ) { try run("frames.first=9") }
    #expect(
      throws: CaptureError(
        .usage, "The output folder is the recording itself.", at: take.path,
        remedy: "Choose another folder with -o.")
    ) { _ = try TinyTake.pipeline(take, JobConfiguration()).run(TakeSource(take: take)) }
  }
}
