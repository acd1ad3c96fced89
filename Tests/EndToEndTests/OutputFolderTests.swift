import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import CapturePipeline

@Suite struct OutputFolderTests {
  private let output: OutputFolder

  init() throws {
    let url = try Scratch.folder()
    output = OutputFolder(url)
  }

  private func put(_ name: String, _ text: String = "x") throws {
    try Scratch.put(text, output.url.appendingPathComponent(name))
  }

  private func manifest(_ inputs: [String: String], bytes: Int = 1) -> StageManifest {
    StageManifest(
      stage: .mesh, inputs: inputs, outputs: [.init(file: "a.ply", bytes: bytes)], summary: "",
      warnings: [], skipped: [], seconds: 1, finished: "")
  }

  @Test("A second process is told who holds the folder, and may try again later")
  func lock() throws {
    let first = try FolderLock(output.url)
    let host = Host.name
    _ = withExtendedLifetime(first) {
      #expect(
        throws: CaptureError(
          .tryAgain, "Another fieldmesh works in this folder (process \(getpid()) on \(host)).",
          at: output.url.path, remedy: "Wait until it ends, or choose another output folder.")
      ) { _ = try FolderLock(output.url) }
    }
  }

  @Test("The lock goes with its holder")
  func unlock() throws {
    do { _ = try FolderLock(output.url) }
    #expect(throws: Never.self) { _ = try FolderLock(output.url) }
  }

  @Test("A sweep removes what dead writers left, and nothing else")
  func sweep() throws {
    for name in [
      ".config.json.123.tmp", "mesh/.frame_000001.ply.9.tmp", "mesh/frame_000001.ply",
      ".notes.tmp", "mesh/.hidden", "other/.a.ply.1.tmp", "between/.time_0.5.ply.7.tmp",
    ] { try put(name) }
    output.sweep()
    let left = try FileManager.default.subpathsOfDirectory(atPath: output.url.path).sorted()
    #expect(
      left == [
        ".notes.tmp", "between", "mesh", "mesh/.hidden", "mesh/frame_000001.ply", "other",
        "other/.a.ply.1.tmp",
      ])
  }

  @Test("A manifest stands for its inputs while its files have their sizes")
  func current() throws {
    try put("mesh/a.ply")
    let folder = output.folder(.mesh)
    #expect(manifest(["a": "1"]).isCurrent(for: ["a": "1"], in: folder))
    #expect(!manifest(["a": "1"]).isCurrent(for: ["a": "2"], in: folder))
    #expect(!manifest(["a": "1"]).isCurrent(for: ["a": "1", "b": "1"], in: folder))
    #expect(!manifest(["a": "1"], bytes: 2).isCurrent(for: ["a": "1"], in: folder))
    var old = manifest(["a": "1"])
    old.program = "0.0.0"
    #expect(!old.isCurrent(for: ["a": "1"], in: folder))
  }

  @Test("A fingerprint changes with inputs and outputs, not with times")
  func fingerprint() {
    let one = manifest(["a": "1"])
    var later = one
    (later.seconds, later.finished, later.warnings) = (9, "2026", ["w"])
    #expect(later.fingerprint == one.fingerprint)
    #expect(manifest(["a": "2"]).fingerprint != one.fingerprint)
    #expect(manifest(["a": "1"], bytes: 2).fingerprint != one.fingerprint)
  }

  @Test("A manifest that is cut off, or of another make, counts as none")
  func damagedManifest() throws {
    let folder = output.folder(.mesh)
    let url = folder.appendingPathComponent(StageManifest.fileName)
    try AtomicFile.makeFolder(folder)
    try AtomicFile.writeJSON(manifest(["a": "1"]), to: url)
    #expect(StageManifest.find(in: folder) == manifest(["a": "1"]))
    let data = try Data(contentsOf: url)
    for length in stride(from: 0, to: data.count - 2, by: 7) {
      try data.prefix(length).write(to: url)
      #expect(StageManifest.find(in: folder) == nil)
    }
    let text = String(decoding: data, as: UTF8.self)
    try put("mesh/manifest.json", text.replacingOccurrences(of: "fieldmesh-stage", with: "other"))
    #expect(StageManifest.find(in: folder) == nil)
  }

  @Test("A claim of the same inputs keeps unfinished work, any other removes it")
  func claims() throws {
    try output.claim(.mesh, for: ["a": "1"])
    try put("mesh/frame_000001.ply")
    try put("mesh/manifest.json")
    try output.claim(.mesh, for: ["a": "1"])
    #expect(output.names(in: output.folder(.mesh)) == ["frame_000001.ply", "inputs.json"])
    try output.claim(.mesh, for: ["a": "2"])
    #expect(output.names(in: output.folder(.mesh)) == ["inputs.json"])
  }

  @Test("Other inputs remove what the stage wrote, and nothing that somebody put beside it")
  func ownFiles() throws {
    let names: [(stage: StageName, own: [String], others: [String])] = [
      (.pair, ["frames.json", "sync.json", "calibration.json"], ["notes.json"]),
      (.observe, ["observations.json", "frame_000001.obs"], ["frame_000001.obs.bak"]),
      (
        .train,
        [
          "field.fmf", "field_0003.fmf", "checkpoint_00000040.fmc",
          "checkpoint_0003_00000040.fmc", "poses.json", "calibration.json",
        ], ["field_old.fmf"]
      ),
      (
        .mesh, ["frame_000001.ply", "frame_1234567.json"],
        ["frame_000001_cleaned.ply", "frame_1.ply", "walk.blend"]
      ),
      (
        .export, ["sequence.json", "frame_000001.ply", "frame_000001.obj"],
        ["frame_000001.blend", "walk/a.png"]
      ),
    ]
    for (stage, own, others) in names {
      try output.claim(stage, for: ["a": "1"])
      for name in own + others { try put("\(stage.rawValue)/\(name)") }
      #expect(output.results(of: stage) == own.sorted())
      try output.claim(stage, for: ["a": "2"])
      let left = try FileManager.default.subpathsOfDirectory(atPath: output.folder(stage).path)
      #expect(Set(left).isSuperset(of: others) && Set(left).isDisjoint(with: own))
    }
  }

  @Test("A finished training steps aside for other inputs, and comes back unless they finish")
  func setAside() throws {
    let folder = output.folder(.train)
    func finish(_ inputs: [String: String]) throws -> StageManifest {
      try output.claim(.train, for: inputs)
      try put("train/field.fmf")
      var manifest = manifest(inputs)
      (manifest.stage, manifest.outputs) = (.train, [.init(file: "field.fmf", bytes: 1)])
      try AtomicFile.writeJSON(manifest, to: folder.appendingPathComponent("manifest.json"))
      output.removeEarlierTraining()
      return manifest
    }
    let first = try finish(["a": "1"])
    let whole = output.names(in: folder)
    for other in ["2", "3"] {
      try output.claim(.train, for: ["a": other])
      try put("train/checkpoint_00000040.fmc")
      #expect(output.results(of: .train) == ["checkpoint_00000040.fmc"])
      #expect(StageManifest.find(in: folder) == nil)
      #expect(try output.restore(.train, for: ["a": other]) == nil)
    }
    #expect(try output.restore(.train, for: ["a": "1"]) == first)
    #expect(output.names(in: folder) == whole)
    #expect(output.isClaimed(.train, for: ["a": "1"]))
    _ = try finish(["a": "2"])
    #expect(output.names(in: folder) == whole)
    #expect(try output.restore(.train, for: ["a": "1"]) == nil)
  }

  @Test("Files of somebody else are never removed")
  func foreignFiles() throws {
    for name in ["mesh/holiday.jpg", "mesh/manifest.json", "preview.png"] { try put(name) }
    #expect(
      throws: CaptureError(
        .badInput, "The folder holds files that fieldmesh did not write.",
        at: output.folder(.mesh).path, remedy: "Choose another output folder.")
    ) { try output.claim(.mesh, for: ["a": "1"]) }
    #expect(output.names(in: output.folder(.mesh)) == ["holiday.jpg", "manifest.json"])
    #expect(output.names(in: output.url).contains("preview.png"))
  }

  @Test("A recording's fingerprint follows names, sizes, times, and the text of its lists")
  func sources() throws {
    try put("take/take.json", "{}")
    try put("take/cam0/depth/a.png", "12")
    let take = output.url.appendingPathComponent("take")
    func print() throws -> String { try SourceFiles.fingerprint(of: [take], excluding: output.url) }
    let first = try print()
    #expect(try print() == first)
    try put("take/take.json", "{}")
    #expect(try print() == first, "the same text at another time")
    try put("take/take.json", "[]")
    #expect(try print() != first)
    try put("take/take.json", "{}")
    try put("take/cam0/depth/a.png", "123")
    #expect(try print() != first)
    let inside = OutputFolder(take.appendingPathComponent("out"))
    let second = try SourceFiles.fingerprint(of: [take], excluding: inside.url)
    try put("take/out/mesh/b.ply")
    #expect(try SourceFiles.fingerprint(of: [take], excluding: inside.url) == second)
  }

  @Test("A recording's fingerprint follows links: that to the take, and those to its cameras")
  func linkedSources() throws {
    for name in ["first/cam0/a.png", "second/cam0/b.png", "store/c.png"] { try put(name) }
    func link(_ name: String, to target: String) throws {
      let url = output.url.appendingPathComponent(name)
      unlink(url.path)
      try FileManager.default.createSymbolicLink(
        at: url, withDestinationURL: output.url.appendingPathComponent(target))
    }
    let take = output.url.appendingPathComponent("latest")
    func print() throws -> String {
      try SourceFiles.fingerprint(
        of: [take], excluding: output.url.appendingPathComponent("first/out"))
    }
    try link("latest", to: "first")
    let first = try print()
    try link("latest", to: "second")
    #expect(try print() != first)
    try link("latest", to: "first")
    #expect(try print() == first)
    try link("first/cam1", to: "store")
    let two = try print()
    #expect(two != first)
    try put("store/c.png", "longer")
    let changed = try print()
    #expect(changed != two)
    try put("first/out/mesh/a.ply")
    #expect(try print() == changed, "what the run itself writes")
    // A link to a folder that it stands in.
    try link("store/again", to: "first")
    #expect(try print() == changed)
  }

  @Test("A recording that is not there is said so")
  func missingSource() {
    let take = output.url.appendingPathComponent("none")
    #expect(
      throws: CaptureError(
        .badInput, "There is no such recording.", at: take.path,
        remedy: "Name the folder of a take, the one that holds take.json.")
    ) { _ = try SourceFiles.fingerprint(of: [take], excluding: output.url) }
  }

  @Test(
    "Times read as people write them",
    arguments: [
      (0.04, "0.0 s"), (9.94, "9.9 s"), (37.4, "37 s"), (59.6, "1:00"), (245, "4:05"),
      (7445, "2:04:05"), (.infinity, "?"),
    ])
  func times(_ seconds: Double, _ text: String) {
    #expect(RunReport.time(seconds) == text)
  }
}
