import CaptureCore
import CapturePipeline
import CaptureTestSupport
import Foundation
import Testing

@testable import BatchEngine

@Suite struct BatchJobsTests {
  private let home: URL

  init() throws {
    home = try Scratch.folder()
    // A look at names tells a take; its cameras are not asked before the plan.
    for name in ["walk-2026-11-03", "b/jump", "-rf \"x\n$(y)"] {
      try Scratch.put("{}", home.appendingPathComponent("takes/\(name)/take.json"))
    }
    try Scratch.put("hello", home.appendingPathComponent("takes/notes.txt"))
    for day in ["2026-11-01", "2026-11-03", "2026-11-09"] {
      try Scratch.put("{}", home.appendingPathComponent("calibration/stage/\(day).json"))
    }
  }

  private func url(_ name: String) -> URL { home.appendingPathComponent(name) }

  private func batch(_ text: String) throws -> BatchJobs {
    try Scratch.put(text, url("batch.json"))
    return try BatchJobs(url("batch.json"))
  }

  @Test("A folder's recordings are takes, whatever they are called; the rest is named")
  func folder() throws {
    let jobs = try BatchJobs(url("takes"))
    #expect(jobs.takes.map(\.name) == ["-rf \"x\n$(y)", "walk-2026-11-03"])
    #expect(
      jobs.notes == [
        "'b' is no recording and is left out.", "'notes.txt' is no recording and is left out.",
      ])
    let one = try BatchJobs(url("takes/walk-2026-11-03"))
    #expect(one.takes.map(\.name) == ["walk-2026-11-03"])
  }

  @Test("A list has a path a line, relative to itself, several files between tabs")
  func list() throws {
    try Scratch.put("# mine\ntakes/walk-2026-11-03\n\n/a/x.mkv\t/a/y.mkv\n", url("list.txt"))
    let jobs = try BatchJobs(url("list.txt"), settings: BatchSettings(calibration: url("c.json")))
    #expect(
      jobs.takes.map { $0.source.takes.map(\.path) } == [
        [url("takes/walk-2026-11-03").path], ["/a/x.mkv", "/a/y.mkv"],
      ])
    #expect(jobs.takes.allSatisfy { $0.source.calibration == url("c.json") })
  }

  @Test("Each take of a batch.json has its configuration, the later the stronger")
  func configurations() throws {
    try Scratch.put("{\"meshing\": {\"voxel\": 0.007}}", url("job.json"))
    let text = """
      {"format": "fieldmesh-batch", "version": 1, "preset": "preview", "set": ["training.steps=7"],
       "takes": ["takes/b/jump",
        {"take": ["a.mkv", "b.mkv"], "name": "two", "preset": "standard", "config": "job.json",
         "set": ["training.steps=8"], "frames": "10..<20", "every": 2}]}
      """
    try Scratch.put(text, url("batch.json"))
    let jobs = try BatchJobs(
      url("batch.json"), settings: BatchSettings(preset: "fine", settings: ["strict=true"]))
    #expect(
      try jobs.takes[0].configuration
        == JobPreset.named("preview").configuration.setting(["training.steps=7", "strict=true"]))
    #expect(
      try jobs.takes[1].configuration
        == JobPreset.named("standard").configuration.setting([
          "meshing.voxel=0.007", "training.steps=8", "frames.first=10", "frames.end=20",
          "frames.every=2", "strict=true",
        ]))
    #expect(jobs.takes[1].source.takes == [url("a.mkv"), url("b.mkv")])
    #expect(jobs.takes.map(\.name) == ["jump", "two"])
  }

  @Test("A take has the newest calibration of its rig that is not of a later day")
  func calibrations() throws {
    let jobs = try batch(
      """
      {"format": "fieldmesh-batch", "version": 1, "rig": "stage", "calibrations": "calibration",
       "takes": ["takes/walk-2026-11-03", {"take": "x", "date": "2026-11-08"},
        {"take": "late_20261224_3", "calibration": "own.json"}, "20261224/x"]}
      """)
    #expect(
      jobs.takes.map { $0.source.calibration?.lastPathComponent } == [
        "2026-11-03.json", "2026-11-03.json", "own.json", "2026-11-09.json",
      ])
  }

  @Test(
    "What is wrong in a batch.json is said with its place",
    arguments: [
      (
        "{\"format\": \"fieldmesh-batch\", \"version\": 1, \"takes\": []}",
        ": `takes` must have 1 to 100000 elements, but has 0."
      ),
      (
        "{\"format\": \"fieldmesh-batch\", \"version\": 1, \"takes\": [{\"take\": \"a\", \"seet\": 1}]}",
        ", takes[0]: `takes[0]` has an unknown key `seet`; known are take, name, calibration, rig, date, preset, config, set, frames, every."
      ),
      (
        "{\"format\": \"fieldmesh-batch\", \"version\": 1, \"takes\": [{\"take\": \"a\", \"set\": [\"x=1\"]}]}",
        ", takes[0], x: unknown key. 'fieldmesh config' lists every key."
      ),
      (
        "{\"format\": \"fieldmesh-batch\", \"version\": 1, \"rig\": \"stage\", \"calibrations\": \"calibration\", \"takes\": [{\"take\": \"a\", \"date\": \"2026-10-01\"}]}",
        "/calibration/stage: The rig has no calibration of 2026-10-01 or before. The first one is 2026-11-01.json."
      ),
      (
        "{\"format\": \"fieldmesh-batch\", \"version\": 1, \"rig\": \"../x\", \"calibrations\": \"calibration\", \"takes\": [\"a-2026-11-03\"]}",
        "/a-2026-11-03: The take has no rig to choose a calibration for. Name 'rig', a folder of "
      ),
      (
        "{\"format\": \"fieldmesh-batch\", \"version\": 2, \"takes\": []}",
        "only version 1 can be read. Use a newer Fieldmesh."
      ),
      ("[", "line 1"),
    ])
  func broken(_ text: String, _ expected: String) throws {
    let error = #expect(throws: CaptureError.self) { _ = try batch(text) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    #expect(error?.description.hasPrefix(url("batch.json").path) == true)
  }

  @Test("Names of takes become safe and stay different")
  func names() {
    #expect(BatchPlan.safeName("walk-01", sources: ["/a"], taken: []) == "walk-01")
    let again = BatchPlan.safeName("walk-01", sources: ["/b"], taken: ["walk-01"])
    #expect(again.hasPrefix("walk-01-") && again.count == 16)
    for name in [
      "", "..", "-rf", "a b", "ä", "x\n$(reboot)", "日本", "'\"`", String(repeating: "x", count: 300),
    ] {
      let safe = BatchPlan.safeName(name, sources: ["/a"], taken: [])
      #expect(safe.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]*/) != nil, "\(safe)")
      #expect(safe.count <= 69)
      #expect(safe != BatchPlan.safeName(name, sources: ["/b"], taken: []))
      #expect(safe != BatchPlan.safeName(name, sources: ["/a"], taken: [safe]))
    }
  }

  @Test("Days are found in paths, the last one counts, and nothing else is taken for one")
  func days() {
    #expect(CalibrationArchive.day("/d/20261101/walk-2026-11-03_2") == "2026-11-03")
    #expect(CalibrationArchive.day("/d/walk20261103") == "2026-11-03")
    #expect(CalibrationArchive.day("/d/120261103") == nil)
    #expect(CalibrationArchive.day("/d/2026-1103") == nil)
  }
}
