import ArgumentParser
import BatchEngine
import CaptureCore
import CapturePipeline
import Foundation

/// What does the work of a batch, and how much of it at a time.
struct EngineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What does the work: local, or slurm.", valueName: "name"))
  var engine: String?

  @Option(help: ArgumentHelp("Cores to use; all if left out.", valueName: "n"))
  var cores: Int?

  @Option(
    help: ArgumentHelp(
      "Memory of all workers, such as 24G; four fifths of what is free if left out.",
      valueName: "size"))
  var memory: String?

  @Option(help: ArgumentHelp("Takes that are worked on at the same time.", valueName: "n"))
  var takesAtOnce: Int?

  @Option(
    help: ArgumentHelp(
      "Cut meshing into parts of this many frames at most; 0, as if left out, cuts nothing.",
      valueName: "n"))
  var partFrames: Int?

  @Option(
    help: ArgumentHelp(
      "What the jobs of each stage ask Slurm for; see docs/batch.md.", valueName: "file"))
  var profile: String?

  @Flag(help: "Wait for another batch that works in the folder.")
  var wait = false

  @Flag(name: .shortAndLong, help: "Show no plan and no progress.")
  var quiet = false

  /// What of this machine may be taken.
  /// - Throws: ``CaptureError`` `usage` for a value out of range.
  func limits() throws(CaptureError) -> MachineLimits {
    var limits = MachineLimits.ofThisMachine()
    if let cores { limits.cores = try cores.checked("--cores", 1...1024) }
    if let takesAtOnce { limits.takes = try takesAtOnce.checked("--takes-at-once", 1...1024) }
    if let memory { limits.memory = try Self.bytes(memory) }
    return limits
  }

  /// Bytes of a text such as `800M`, `24G` or `1.5T`.
  static func bytes(_ text: String) throws(CaptureError) -> Double {
    let units: [Character: Double] = ["M": 0x1p20, "G": 0x1p30, "T": 0x1p40]
    guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()),
      number > 0, number * unit < 1e15
    else {
      throw CaptureError(
        .usage, "'\(text)' is not a size.", at: "--memory", remedy: "Write for example 800M or 24G."
      )
    }
    return number * unit
  }

  /// What would be done, and what is done already.
  func plan(_ jobs: BatchJobs, _ folder: BatchFolder) throws(CaptureError) -> Planner {
    let parts = try (partFrames ?? 0).checked("--part-frames", 0...1_000_000)
    return try Planner(
      jobs, folder: folder, engine: engine ?? LocalEngine.name, framesPerPart: parts
    ) { output, configuration throws(CaptureError) in
      try RuntimeOptions.pipeline(in: output, configuration, threads: 1)
    }
  }

  private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()

  /// The engine that was asked for.
  func chosen() throws(CaptureError) -> any BatchEngine {
    switch engine ?? LocalEngine.name {
    case LocalEngine.name:
      return LocalEngine(
        program: Self.program, limits: try limits())
    case SlurmEngine.name:
      let profile = try profile.map { file throws(CaptureError) in
        try SlurmProfile(reading: URL(fileURLWithPath: file))
      }
      return SlurmEngine(program: Self.program, profile: profile ?? SlurmProfile())
    default:
      throw CaptureError(
        .usage, "There is no engine '\(engine ?? "")'.", at: "--engine",
        remedy: "Choose one of: \(LocalEngine.name), \(SlurmEngine.name).")
    }
  }

  /// Plans, does it all, and says how it went.
  func run(
    in folder: BatchFolder, onlyFailed: Bool = false,
    _ makePlan: () throws(CaptureError) -> Planner
  ) throws(CaptureError) {
    let chosen = try chosen()
    Interruption.listen(steps: 2)
    let printer = BatchPrinter(quiet: quiet)
    var batch = BatchRun(folder: folder, observer: printer) {
      StopRequest(rawValue: min(2, Interruption.count)) ?? .stop
    }
    batch.waits = wait
    let cores = try limits().cores
    let isQuiet = quiet
    defer {
      printer.clear()
      if !isQuiet, AtomicFile.size(of: folder.page) != nil {
        print("\nsummary  \(folder.page.path)")
      }
    }
    try batch.run(
      by: chosen, onlyFailed: onlyFailed,
      show: { if !isQuiet { print($0.text(cores: cores) + "\n") } }, makePlan)
  }
}
