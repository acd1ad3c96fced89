import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import CapturePipeline

/// Runs the command that was built beside the tests.
struct Command {
  var status: Int32
  var output: String
  var errors: String

  static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("fieldmesh")

  static func start(
    _ arguments: [String], _ output: URL, _ errors: URL, _ environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["COLUMNS": "80"]) { $1 }
      .merging(environment) { $1 }
    for url in [output, errors] { try Data().write(to: url) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
  }

  init(_ arguments: String...) throws { try self.init(arguments) }

  /// Runs the command, with changes of its environment.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    let (out, err) = (Scratch.unused("stdout"), Scratch.unused("stderr"))
    let process = try Self.start(arguments, out, err, environment)
    process.waitUntilExit()
    status = process.terminationStatus
    output = String(decoding: try Data(contentsOf: out), as: UTF8.self)
    errors = String(decoding: try Data(contentsOf: err), as: UTF8.self)
    for url in [out, err] { unlink(url.path) }
  }
}

@Suite struct CommandTests {
  private let output = Scratch.unused("command")

  private var settings: [String] { TinyTake.settings.flatMap { ["--set", $0] } }

  private func run(_ more: String..., take: URL = TinyTake.folder) throws -> Command {
    try Command(["run", take.path, "-o", output.path] + settings + more)
  }

  @Test(
    "Wrong usage ends with status 2 and one line that says what to write",
    arguments: [
      (
        ["config", "--set", "training.stepz=1"],
        "fieldmesh: training.stepz: unknown key. Did you mean 'training.steps'?\n"
      ),
      (
        ["evaluate", "meshes"],
        "fieldmesh: There is nothing to compare the meshes with. Name a folder of true meshes, or a recording with --images.\n"
      ),
      (
        ["evaluate", "meshes", "truth", "--images", "take"],
        "fieldmesh: Meshes are compared with true ones or with --images. Leave one out.\n"
      ),
      (
        ["evaluate", "meshes", "truth", "--cameras", "cam0"],
        "fieldmesh: --calibration, --cameras, --within and --picture speak of a recording. Name it with --images in place of the true meshes.\n"
      ),
      (
        ["evaluate", "meshes", "truth", "--within", "0"],
        "fieldmesh: --calibration, --cameras, --within and --picture speak of a recording. Name it with --images in place of the true meshes.\n"
      ),
      (
        ["synth", "/nowhere/b", "--set", "zzzzzzzzzzzz=1"],
        "fieldmesh: zzzzzzzzzzzz: unknown key. 'fieldmesh synth --list' lists every key.\n"
      ),
      (
        ["work", "/nowhere/b", "--take", "../..", "--unit", "train"],
        "fieldmesh: /nowhere/b: The batch has no take '../..'. Name a folder that is there with a job.json.\n"
      ),
      (
        ["config", "--preset", "best"],
        "fieldmesh: --preset: There is no preset 'best'. Choose one of: preview, standard, fine.\n"
      ),
      (
        ["run", "a", "-o", "/nowhere/b", "--frames", "3"],
        "fieldmesh: --frames: '3' is not a range of frames. Write for example '10..<20', in quotes, the last one not included.\n"
      ),
      (
        ["inspect", "a", "--picture", "a.jpg"],
        "fieldmesh: --picture: Pictures are PNG files, but the name is 'a.jpg'. Let it end in .png.\n"
      ),
      (
        ["run", "a", "-o", "/nowhere/b", "--threads", "0"],
        "fieldmesh: --threads: 0 is out of range. Choose a value from 1 to 1024.\n"
      ),
      (
        ["calibrate", "rig", "a", "-o", "/nowhere/b", "--target", "c", "--threads", "0"],
        "fieldmesh: --threads: 0 is out of range. Choose a value from 1 to 1024.\n"
      ),
      (
        ["mesh", "/nowhere/b"],
        "fieldmesh: /nowhere/b: This is not the output folder of a run. Begin with 'fieldmesh pair TAKE -o OUT'.\n"
      ),
      (
        ["run", "a"],
        "fieldmesh: Missing expected argument '--output <out>'\nHelp:  --output <out>  Folder for all results.\nUsage: fieldmesh run [<options>] <source> ... --output <out>\n  See 'fieldmesh run --help' for more information.\n"
      ),
      (
        ["pair", "a", "-o", ""],
        "fieldmesh: An argument is empty. Was a variable in it not set?\n"
      ),
      (
        ["paint"],
        "fieldmesh: Unexpected argument 'paint'\nUsage: fieldmesh <subcommand>\n  See 'fieldmesh --help' for more information.\n"
      ),
    ])
  func usage(_ arguments: [String], _ expected: String) throws {
    let command = try Command(arguments)
    #expect(command.status == 2)
    #expect(command.errors == expected)
    #expect(command.output == "")
  }

  @Test("What cannot be written to the standard output is not taken for written")
  func fullOutput() throws {
    let errors = Scratch.unused("stderr")
    let process = try Command.start(
      ["config", "--json"], URL(fileURLWithPath: "/dev/full"), errors)
    process.waitUntilExit()
    #expect(process.terminationStatus == 3)
    #expect(
      try String(contentsOf: errors, encoding: .utf8)
        == "fieldmesh: The standard output cannot be written. Is there room where it goes to?\n")
  }

  @Test("Bad input ends with status 3 and names the place")
  func badInput() throws {
    let command = try Command("run", "/nowhere/take", "-o", output.path, "-q")
    #expect(command.status == 3)
    #expect(
      command.errors
        == "fieldmesh: /nowhere/take: There is no such recording. Name the folder of a take, the one that holds take.json.\n"
    )
    let file = Scratch.unused("file")
    try Data("x".utf8).write(to: file)
    let blocked = try Command("run", TinyTake.folder.path, "-o", file.path, "-q")
    #expect(blocked.status == 3)
    #expect(blocked.errors.hasPrefix("fieldmesh: \(file.path): The folder cannot be made: "))
  }

  @Test("A run says what each stage did; a quiet one says nothing")
  func talk() throws {
    let loud = try run("--method", "tsdf")
    #expect(loud.status == 0)
    #expect(loud.output.contains("\npair "))
    #expect(loud.output.contains("4 frame sets of 4 cameras"))
    #expect(loud.output.hasSuffix("\n\nmeshes   \(output.path)/export\n"))
    #expect(loud.errors.contains("\nmesh "))
    let quiet = try run("--method", "tsdf", "--quiet")
    #expect((quiet.status, quiet.output, quiet.errors) == (0, "", ""))
  }

  @Test("A run that had to leave something out ends with status 4 and names it")
  func partial() throws {
    let take = try TinyTake.copy()
    let image = take.appendingPathComponent("cam2/depth/000000.png")
    try Data().write(to: image)
    for _ in 0..<2 {
      let command = try run("--method", "tsdf", "-q", take: take)
      #expect(command.status == 4)
      #expect(
        command.errors.hasPrefix(
          "fieldmesh: 1 image or frame could not be used; the rest is written.\n  camera cam2, depth frame 0, \(image.path): "
        ))
    }
    let strict = try run("--method", "tsdf", "-q", "--strict", take: take)
    #expect(strict.status == 3)
  }

  @Test("A folder at work refuses a second process with status 75")
  func busy() throws {
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let lock = try FolderLock(output)
    let command = try run("-q")
    withExtendedLifetime(lock) { #expect(command.status == 75) }
    #expect(
      command.errors.contains("Another fieldmesh works in this folder (process \(getpid()) on "))
  }

  @Test("Killed at any moment, a run goes on and leaves the same bytes")
  func killed() throws {
    let whole = try run("--quiet", "--set", "training.steps=120")
    #expect(whole.status == 0)
    let expected = try contents(of: output.appendingPathComponent("export"))
    let other = Scratch.unused("killed")
    let arguments =
      ["run", TinyTake.folder.path, "-o", other.path] + settings
      + ["--set", "training.steps=120"]
    let sink = Scratch.unused("sink")
    // Moments from before the lock to the meshes; where they fall differs from machine to machine.
    for delay in [0.05, 0.3, 0.6, 0.9, 1.2] {
      let process = try Command.start(arguments, sink, sink)
      Thread.sleep(forTimeInterval: delay)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(try Command(arguments).status == 0)
    #expect(try contents(of: other.appendingPathComponent("export")) == expected)
    let left = try FileManager.default.subpathsOfDirectory(atPath: other.path)
    #expect(!left.contains { $0.hasSuffix(".tmp") })
  }

  @Test("Ctrl-C leaves a checkpoint and ends with status 75")
  func interrupted() throws {
    let errors = Scratch.unused("errors")
    let arguments =
      ["run", TinyTake.folder.path, "-o", output.path, "-q"] + settings
      + ["--set", "training.steps=1000000"]
    let process = try Command.start(arguments, Scratch.unused("output"), errors)
    let claim = output.appendingPathComponent("train/inputs.json")
    for _ in 0..<600 where AtomicFile.size(of: claim) == nil && process.isRunning {
      Thread.sleep(forTimeInterval: 0.05)
    }
    Thread.sleep(forTimeInterval: 0.3)
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 75)
    #expect(
      String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        == "fieldmesh: Stopped on request. Run the same command again to continue; finished work is kept.\n"
    )
    #expect(OutputFolder(output).results(of: .train) != [])
  }

  @Test("The configuration can be printed, and read back")
  func config() throws {
    let json = try Command("config", "--preset", "fine", "--json")
    #expect(json.output == (try JobPreset.named("fine").configuration.text()))
    let listing = try Command("config", "--defaults", "--set", "training.steps=1")
    #expect(listing.output == (try JobConfiguration().listing()))
    #expect(try Command("--version").output == programVersion + "\n")
  }

  @Test("The help of every command is as written down")
  func help() throws {
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens/help.txt")
    let overview = try Command("--help").output
    let list = overview.components(separatedBy: "SUBCOMMANDS:\n").last ?? ""
    let names = list.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" }
    #expect(names.contains("run") && names.contains("config"))
    var text = overview
    for name in names { text += "\n---- \(name)\n" + (try Command(name, "--help").output) }
    if ProcessInfo.processInfo.environment["FIELDMESH_UPDATE_GOLDENS"] == "1" {
      try Data(text.utf8).write(to: golden)
    }
    #expect(text == String(decoding: try Data(contentsOf: golden), as: UTF8.self))
  }
}
