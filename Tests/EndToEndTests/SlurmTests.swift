import BatchEngine
import CaptureCore
import CaptureTestSupport
import Foundation
import Synchronization
import Testing

@testable import CapturePipeline

/// Batches on a real Slurm of three simulated nodes; where none can be started, these do not run, and
/// say so.
@Suite(
  .serialized,
  .enabled(
    if: SlurmCluster.shared != nil,
    "no Slurm: 'scripts/setup --with-slurm' installs one, 'scripts/slurm start FOLDER' says why it does not start"
  ))
struct SlurmTests {
  private let jobs = Scratch.unused("jobs")
  // What must reach no shell unquoted: the batch's own folder.
  private let output = Scratch.unused("-out 'put\" $(touch x) \n ü")

  private var arguments: [String] {
    ["batch", jobs.path, "-o", output.path, "-q", "--engine", "slurm"]
      + TinyTake.settings.flatMap { ["--set", $0] }
  }

  private func put(_ names: String...) throws {
    try FileManager.default.createDirectory(at: jobs, withIntermediateDirectories: true)
    for name in names {
      try FileManager.default.copyItem(at: TinyTake.folder, to: jobs.appendingPathComponent(name))
    }
  }

  private func finished(within seconds: Double) throws -> BatchStatus {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
      let status = try BatchStatus(BatchFolder(output))
      if status.isOver || ContinuousClock.now > end { return status }
      Thread.sleep(forTimeInterval: 0.2)
    }
  }

  @Test(
    "Takes of any name are done by arrays, a bad one ends alone and is what a second start does")
  func arrays() throws {
    let cluster = try #require(SlurmCluster.shared)
    let hostile = "-rf '$(touch y)\" \n;ü"
    try put(hostile, "bad")
    try Data("{}".utf8).write(to: jobs.appendingPathComponent("bad/take.json"))
    let profile = try cluster.profile()
    let fusion = arguments + ["--method", "tsdf", "--part-frames", "2", "--profile", profile]
    let first = try cluster.command(fusion)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("the cluster works on 2 takes now"))
    let status = try finished(within: 200)
    #expect(status.takes.map(\.phase) == [.done, .failed], "\(status.text)")
    let good = try #require(status.takes.first)
    #expect(good.units.map(\.tries) == [1, 1, 1, 1, 1])
    let found = try BatchTests.meshes(output.appendingPathComponent("takes/\(good.id)"))
    let expected = try BatchTests.expected("tsdf")
    #expect(found == expected)
    for place in [output, jobs, URL(fileURLWithPath: FileManager.default.currentDirectoryPath)] {
      for name in ["x", "y"] {
        #expect(!FileManager.default.fileExists(atPath: place.appendingPathComponent(name).path))
      }
    }
    cluster.waitUntilIdle()
    let page = output.appendingPathComponent("summary.html")
    #expect(try String(contentsOf: page, encoding: .utf8).contains("1 of 2 takes done"))
    let again = try cluster.command(fusion)
    #expect(again.errors.contains("the cluster works on 1 takes now"), "\(again.errors)")
    // It fails at once; nothing of the other one is in the queue.
    cluster.waitUntilIdle()
    #expect(try BatchStatus(BatchFolder(output)).takes[1].units[0].tries == 2)
    try FileManager.default.removeItem(at: jobs.appendingPathComponent("bad"))
    let last = try cluster.command(fusion)
    #expect(last.status == 0 && !last.errors.contains("works on"), "\(last.errors)")
  }

  @Test(
    "A node that dies in training takes nothing with it; what is in the queue is not submitted again"
  )
  func deadNode() throws {
    let cluster = try #require(SlurmCluster.shared)
    try put("one")
    let steps =
      arguments + [
        "--set", "training.steps=2500", "--profile", try cluster.profile(),
      ]
    #expect(try cluster.command(steps).status == 0)
    let folder = OutputFolder(output.appendingPathComponent("takes/one"))
    let end = ContinuousClock.now + .seconds(60)
    while !folder.results(of: .train).contains(where: { $0.hasPrefix("checkpoint_") }),
      ContinuousClock.now < end
    {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let busy = try cluster.command(steps)
    #expect(busy.status == 75 && busy.errors.contains("All that is to do is in the queue: jobs "))
    #expect(try BatchStatus(BatchFolder(output)).takes.first?.units[2].phase == .running)
    try cluster.killNode(ofJobNamed: "fieldmesh-train")
    let status = try finished(within: 200)
    #expect(status.takes.map(\.phase) == [.done], "\(status.text)")
    #expect((status.takes.first?.units[2].tries ?? 0) > 1)
    let alone = Scratch.unused("alone")
    _ = try TinyTake.pipeline(alone, try TinyTake.configuration("training.steps=2500"))
      .run(TakeSource(take: TinyTake.folder))
    let found = try BatchTests.meshes(folder.url)
    let expected = try BatchTests.meshes(alone)
    #expect(found == expected)
  }
}

/// A cluster of three nodes on this host, by `scripts/slurm`, for all tests; it ends with them.
struct SlurmCluster {
  /// Nil where Slurm is not installed, or its daemons do not start: not every sandbox lets them.
  static let shared: SlurmCluster? = {
    guard isInstalled else { return nil }
    do {
      return try SlurmCluster()
    } catch {
      FileHandle.standardError.write(Data("The trial cluster does not start. \(error)\n".utf8))
      return nil
    }
  }()

  private let folder = Scratch.unused("slurm")
  private let configuration: String

  private static let place = Mutex<String?>(nil)

  private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../scripts/slurm").standardizedFileURL

  private static var isInstalled: Bool {
    ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/sbatch"]
      .allSatisfy { (program: String) in access(program, X_OK) == 0 }
  }

  private init() throws {
    let output = try Self.run([Self.program.path, "start", folder.path, "3", "1"])
    let line = try #require(output.split(separator: "=").last)
    configuration = line.trimmingCharacters(in: CharacterSet(charactersIn: "'\n"))
    Self.place.withLock { $0 = folder.path }
    atexit {
      guard let folder = SlurmCluster.place.withLock({ $0 }) else { return }
      _ = try? SlurmCluster.run([SlurmCluster.program.path, "stop", folder])
    }
  }

  /// A profile of jobs that fit the nodes.
  func profile() throws -> String {
    let stages = StageName.allCases.map { stage in
      "\"\(stage.rawValue)\": {\"cores\": 1, \"memory\": \"100M\", \"time\": \"10\"}"
    }
    let url = folder.appendingPathComponent("profile.json")
    let text =
      "{\"format\": \"fieldmesh-slurm\", \"version\": 1, \"throttle\": 8, \"stages\": {\(stages.joined(separator: ", "))}}"
    try Data(text.utf8).write(to: url)
    return url.path
  }

  /// Runs fieldmesh against the cluster.
  func command(_ arguments: [String]) throws -> Command {
    try Command(arguments, environment: ["SLURM_CONF": configuration])
  }

  /// Waits until the queue is empty.
  func waitUntilIdle() {
    for _ in 0..<1200 {
      let queue = try? Self.run(["/usr/bin/squeue", "--noheader"], ["SLURM_CONF": configuration])
      if queue?.allSatisfy(\.isWhitespace) == true { return }
      Thread.sleep(forTimeInterval: 0.1)
    }
  }

  /// Takes away the node on which a job runs, and the job's processes.
  func killNode(ofJobNamed name: String) throws {
    let node = try Self.run(
      ["/usr/bin/squeue", "--noheader", "--name=\(name)", "--states=R", "--format=%N"],
      ["SLURM_CONF": configuration])
    let number = try #require(node.split(whereSeparator: \.isWhitespace).first).dropFirst()
    _ = try Self.run([Self.program.path, "kill-node", folder.path, String(number)])
    // Some seconds earlier than the controller would find out.
    _ = try Self.run(
      [
        "/usr/bin/scontrol", "update", "nodename=n\(number)", "state=down", "reason=dead",
      ], ["SLURM_CONF": configuration])
  }

  private static func run(
    _ words: [String], _ environment: [String: String] = [:]
  ) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(words)")
    return String(decoding: data, as: UTF8.self)
  }
}
