import BatchEngine
import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import CapturePipeline

/// The commands of batches, run as people run them, on takes of the tiny rig.
@Suite struct BatchTests {
  private let jobs = Scratch.unused("jobs")
  private let output = Scratch.unused("batch")
  private var settings: [String] { TinyTake.settings.flatMap { ["--set", $0] } }

  /// Takes by name: copies of the tiny one, by hard links.
  private func put(_ names: String...) throws {
    try FileManager.default.createDirectory(at: jobs, withIntermediateDirectories: true)
    for name in names {
      try FileManager.default.copyItem(at: TinyTake.folder, to: jobs.appendingPathComponent(name))
    }
  }

  private var arguments: [String] {
    ["batch", jobs.path, "-o", output.path, "--cores", "2", "--memory", "4G"] + settings
  }

  private func status() throws -> BatchStatus { try BatchStatus(BatchFolder(output)) }

  /// What a run that nothing disturbs exports of the tiny take, by method.
  private static let alone: [String: [String: Data]] = {
    var found: [String: [String: Data]] = [:]
    for method in ["tsdf", "field"] {
      let folder = Scratch.unused("alone")
      do {
        _ = try TinyTake.pipeline(folder, try TinyTake.configuration("method=\(method)"))
          .run(TakeSource(take: TinyTake.folder))
        found[method] = try meshes(folder)
      } catch {
        Issue.record(error)
      }
    }
    return found
  }()

  /// The files of an export; what names the recording's place is left out.
  static func meshes(_ folder: URL) throws -> [String: Data] {
    try contents(of: folder.appendingPathComponent("export")).filter { $0.key != "inputs.json" }
  }

  /// The files of an undisturbed run's export.
  static func expected(_ method: String) throws -> [String: Data] {
    let expected = try #require(alone[method])
    #expect(expected.count == TinyTake.frames + 1)
    return expected
  }

  private func expectSame(_ id: String, _ method: String) throws {
    let found = try Self.meshes(output.appendingPathComponent("takes/\(id)"))
    let expected = try Self.expected(method)
    #expect(found == expected, "\(id)")
    let left = try FileManager.default.subpathsOfDirectory(atPath: output.path)
    #expect(!left.contains { $0.hasSuffix(".tmp") })
  }

  @Test("A batch makes what runs one by one make; a bad take stops no other, and is told")
  func wholeWay() throws {
    let hostile = "-rf 'a\" $(touch x);\nü"
    try put(hostile, "bad")
    try Data("{}".utf8).write(to: jobs.appendingPathComponent("bad/take.json"))
    let fusion = arguments + ["--method", "tsdf", "--part-frames", "2"]
    let plan = try Command(fusion + ["--dry-run"])
    #expect(plan.status == 0)
    #expect(plan.output.contains("pair observe mesh x 2 export"), "\(plan.output)")
    #expect(plan.output.contains("note: 'bad' cannot be used as it is."))
    #expect(!FileManager.default.fileExists(atPath: output.path))

    let first = try Command(fusion)
    #expect(first.status == 4, "\(first.errors)")
    #expect(first.errors.contains("bad  pair  FAILED  "))
    #expect(first.errors.contains("fieldmesh: 1 of 2 takes is done.\n  bad: pair: "))
    let takes = try status().takes
    #expect(takes.map(\.phase) == [.done, .failed])
    #expect(takes.map(\.name) == [hostile, "bad"])
    for take in takes where take.phase == .done { try expectSame(take.id, "tsdf") }

    let summary = try JSONDecoder().decode(
      BatchSummary.self,
      from: Data(contentsOf: output.appendingPathComponent("summary.json")))
    #expect(summary.takes[0].digest?.meshes == TinyTake.frames)
    #expect(summary.takes[0].picture == "takes/\(takes[0].id)/preview.png")
    #expect(summary.takes[1].errors.count == 1)
    let page = try String(
      contentsOf: output.appendingPathComponent("summary.html"), encoding: .utf8)
    #expect(page.contains("1 of 2 takes done") && page.contains("takes/\(takes[0].id)/preview.png"))
    #expect(!page.contains("touch x);\n"))

    // A second start does what is left alone, and a mended take.
    try FileManager.default.removeItem(at: jobs.appendingPathComponent("bad"))
    try put("bad")
    let second = try Command(["retry", output.path, "--failed", "--cores", "2"])
    #expect(second.status == 0, "\(second.errors)")
    #expect(!second.errors.contains("touch"))
    try expectSame("bad", "tsdf")
    let third = try Command(fusion)
    #expect(third.status == 0)
    #expect(third.output.contains("2 takes, 2 done; 0 units to run."))

    // What has changed is done again, the rest is kept.
    let coarser = try Command(fusion + ["--set", "meshing.voxel=0.08", "--takes-at-once", "1"])
    #expect(coarser.status == 0)
    #expect(coarser.output.contains("pair observe  mesh x 2 export"), "\(coarser.output)")
    #expect(coarser.errors.contains("bad  export  ") && !coarser.errors.contains("  observe  "))
  }

  @Test("Killed at any moments, a batch continues and leaves the same bytes")
  func killed() throws {
    try put("one")
    let sink = Scratch.unused("sink")
    for delay in [0.1, 0.5, 1.0] {
      let process = try Command.start(arguments, sink, sink)
      Thread.sleep(forTimeInterval: delay)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let last = try Command(arguments)
    #expect(last.status == 0, "\(last.errors)")
    try expectSame("one", "field")

    // Killed after the last manifest, before the picture.
    let take = output.appendingPathComponent("takes/one")
    let state = take.appendingPathComponent("units/export.json")
    let text = try String(contentsOf: state, encoding: .utf8)
    try Data(text.replacing("\"done\",", with: "\"running\",").utf8).write(to: state)
    try FileManager.default.removeItem(at: take.appendingPathComponent("preview.png"))
    #expect(try Command(arguments).status == 0)
    #expect(AtomicFile.size(of: take.appendingPathComponent("preview.png")) != nil)
  }

  @Test(
    "Ctrl-C twice stops with a checkpoint, another is refused meanwhile, a retry goes on until it is cancelled"
  )
  func interrupted() throws {
    try put("one")
    let endless = arguments + ["--set", "training.steps=1000000"]
    let errors = Scratch.unused("errors")
    let process = try Command.start(endless, Scratch.unused("output"), errors)
    let claim = output.appendingPathComponent("takes/one/train/inputs.json")
    for _ in 0..<600 where AtomicFile.size(of: claim) == nil && process.isRunning {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let other = try Command(endless + ["-q"])
    #expect(other.status == 75)
    #expect(other.errors.contains("Another batch works in this folder (process "))
    #expect(try status().takes[0].phase == .running)
    Thread.sleep(forTimeInterval: 0.5)
    process.interrupt()
    Thread.sleep(forTimeInterval: 0.8)
    #expect(process.isRunning, "the first one lets the unit finish")
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 75)
    let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    #expect(text.contains("1 units that run are let finish") && text.contains("stopping 1 units"))
    let train = try status().takes[0].units[2]
    #expect(train.phase == .stopped && train.tries == 1)
    let table = try Command("status", output.path)
    #expect(table.status == 0 && table.output.contains("stopped"), "\(table.output)")
    let names = OutputFolder(output.appendingPathComponent("takes/one")).results(of: .train)
    #expect(names.contains { $0.hasPrefix("checkpoint_") })

    // It goes on from there, until somebody anywhere cancels it.
    let second = try Command.start(
      ["retry", output.path, "-q"], Scratch.unused("output"), Scratch.unused("errors"))
    for _ in 0..<600 where try status().takes[0].phase != .running && second.isRunning {
      Thread.sleep(forTimeInterval: 0.05)
    }
    #expect(try Command("cancel", output.path).status == 0)
    second.waitUntilExit()
    #expect(second.terminationStatus == 75)
    #expect(try status().isCancelled)
    #expect(try status().takes[0].units[2].phase == .stopped)
    #expect(try status().takes[0].units[2].tries == 2)
  }

  @Test(
    "Wrong usage ends with status 2 or 3 and says what to write",
    arguments: [
      (["batch", "/nowhere/x", "-o", "/tmp/y"], 3, "/nowhere/x: There is no such file or folder."),
      (["status", "/nowhere/x"], 2, "Begin with 'fieldmesh batch JOBS -o OUT'."),
      (["retry", "/nowhere/x"], 2, "Begin with 'fieldmesh batch JOBS -o OUT'."),
      (["cancel", "/nowhere/x"], 2, "Begin with 'fieldmesh batch JOBS -o OUT'."),
      (
        ["batch", "/", "-o", "/tmp/y", "--memory", "3X"], 2,
        "--memory: '3X' is not a size. Write for example 800M or 24G."
      ),
    ])
  func usage(_ arguments: [String], _ status: Int32, _ text: String) throws {
    let command = try Command(arguments)
    #expect(command.status == status)
    #expect(command.errors.contains(text), "\(command.errors)")
  }
}
