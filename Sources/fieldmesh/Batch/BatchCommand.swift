import ArgumentParser
import BatchEngine
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh batch`: many takes.
struct Batch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reconstruct many takes, on this machine or a cluster; nothing done is done again.",
    discussion: """
      JOBS is a folder of recordings, a text file with a path a line (several files of one rig \
      between tabs), or a batch.json. A plan is printed first. Each take has its folder, OUT/takes/<name>, as \
      'fieldmesh run' leaves it; OUT/summary.html shows all. A take that fails does not stop the others. \
      Ctrl-C lets what runs finish, a second one stops it with a checkpoint; the same command continues.
      """)

  @Argument(
    help: ArgumentHelp(
      "Folder of recordings, list of paths, or batch.json.", valueName: "jobs"))
  var jobs: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for all results.", valueName: "out"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Calibration of takes that batch.json gives none, instead of their own.", valueName: "file"))
  var calibration: String?

  @Option(help: ArgumentHelp("How surfaces are made: field or tsdf.", valueName: "name"))
  var method: String?

  @Flag(help: "Print the plan and stop.")
  var dryRun = false

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var engine: EngineOptions

  func run() throws {
    let settings = BatchSettings(
      preset: configuration.preset,
      config: configuration.config.map { URL(fileURLWithPath: $0) },
      settings: configuration.settings + (method.map { ["method=\($0)"] } ?? []),
      calibration: calibration.map { URL(fileURLWithPath: $0) })
    // What is wrong on the command line is said before takes are looked at.
    _ = try engine.chosen()
    let list = try BatchJobs(URL(fileURLWithPath: jobs), settings: settings)
    let folder = BatchFolder(URL(fileURLWithPath: output))
    let engine = engine
    guard !dryRun else {
      return print(try engine.plan(list, folder).text(cores: try engine.limits().cores))
    }
    try engine.run(in: folder) { () throws(CaptureError) in try engine.plan(list, folder) }
  }
}

/// `fieldmesh retry`: what a batch has left undone.
struct Retry: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go on with a batch that was begun, without naming its takes again.",
    discussion: """
      Everything is tried that is not done; with --failed only takes of which something failed. \
      Takes, configurations and engine are those of the batch.
      """)

  @Argument(help: ArgumentHelp("The batch's folder.", valueName: "out"))
  var output: String

  @Flag(help: "Try only takes of which something has failed.")
  var failed = false

  @OptionGroup var engine: EngineOptions

  func run() throws {
    let folder = BatchFolder(URL(fileURLWithPath: output))
    let old = try folder.readPlan()
    var engine = engine
    if engine.engine == nil { engine.engine = old.engine }
    if engine.partFrames == nil { engine.partFrames = old.framesPerPart }
    let chosen = engine
    try engine.run(in: folder, onlyFailed: failed) { () throws(CaptureError) in
      try chosen.plan(try BatchJobs(continuing: folder), folder)
    }
  }
}

/// `fieldmesh cancel`: a batch stops.
struct Cancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stop a batch wherever it runs, with checkpoints; 'fieldmesh retry OUT' continues.")

  @Argument(help: ArgumentHelp("The batch's folder.", valueName: "out"))
  var output: String

  func run() throws {
    let folder = BatchFolder(URL(fileURLWithPath: output))
    try BatchRun.cancel(folder)
    print("What runs stops within seconds; 'fieldmesh status \(output)' shows it.")
  }
}

/// `fieldmesh status`: where a batch stands.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how every stage of every take of a batch stands, its tries, errors and logs.",
    discussion: """
      Reads the files in the batch's folder alone: it works while the batch runs, wherever it runs, \
      and when the cluster is down.
      """)

  @Argument(help: ArgumentHelp("The batch's folder.", valueName: "out"))
  var output: String

  @Flag(help: "Show it again every two seconds, until nothing is left to be done.")
  var watch = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let folder = BatchFolder(URL(fileURLWithPath: output))
    let isTerminal = isatty(STDOUT_FILENO) == 1
    while true {
      let status = try BatchStatus(folder)
      let text = json ? try status.json() : status.text
      print((watch && isTerminal ? "\u{1b}[H\u{1b}[2J" : "") + text)
      guard watch, !status.isOver else { return }
      fflush(nil)
      Thread.sleep(forTimeInterval: 2)
    }
  }
}

/// `fieldmesh work`: one unit, as engines start it.
struct Work: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Do one unit of a batch: a stage of a take, or a part of one.",
    discussion: """
      Engines call this. What it says goes to the unit's log, how it stands to the unit's state. Exit \
      status 75: stopped with a checkpoint, or a passing condition: run it again.
      """)

  @Argument(help: ArgumentHelp("The batch's folder.", valueName: "out"))
  var output: String

  @Option(help: ArgumentHelp("Name of the take's folder.", valueName: "name"))
  var take: String?

  @Option(help: ArgumentHelp("The unit, such as train or mesh-3-of-8.", valueName: "name"))
  var unit: String?

  @Option(
    help: ArgumentHelp(
      "File with a take and a unit a line, relative to OUT, instead of --take and --unit.",
      valueName: "file"))
  var array: String?

  @Option(help: ArgumentHelp("The line of that file, from 0.", valueName: "n"))
  var index: Int?

  @Option(help: ArgumentHelp("Threads to use; all cores if left out.", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp("Stop when this is no longer the parent process.", valueName: "process"))
  var parent: Int32?

  @Option(
    help: ArgumentHelp(
      "In a job of Slurm: have it queued again this often when it is not done for want of time or for a passing condition.",
      valueName: "n"))
  var requeues = 0

  @Flag(help: "Write the batch's summary instead of doing a unit.")
  var summary = false

  func run() throws {
    // Slurm warns with SIGUSR1 before the time limit.
    Interruption.listen(others: [SIGUSR1])
    let folder = BatchFolder(URL(fileURLWithPath: output))
    guard !summary else {
      folder.sweep(try folder.readPlan())
      return try BatchSummary(folder).write(to: folder)
    }
    guard let task = try task(folder) else { return }
    do {
      try work(folder, task.take, task.unit)
    } catch let error as CaptureError where error.code == .tryAgain {
      throw SlurmJob.answer(
        to: error, isCancelled: folder.isCancelled, signal: Interruption.lastSignal,
        requeues: requeues)
    }
  }

  private func task(_ folder: BatchFolder) throws -> (take: String, unit: BatchUnit)? {
    if let take, let unit, array == nil, index == nil { return (take, try BatchUnit(named: unit)) }
    if let array, let index, take == nil, unit == nil {
      return try folder.task(in: array, at: index)
    }
    throw CaptureError(
      .usage, "There is no unit to do.", remedy: "Name --take and --unit, or --array and --index.")
  }

  private func work(_ folder: BatchFolder, _ take: String, _ unit: BatchUnit) throws {
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    try UnitWorker(
      folder: folder, take: take, unit: unit,
      threads: threads, parent: parent, isInterrupted: { Interruption.isPending },
      pipeline: {
        output, configuration, observer, isCancelled throws(CaptureError) in
        try RuntimeOptions.pipeline(
          in: output, configuration, threads: threads, observer: observer,
          isCancelled: isCancelled)
      }
    ).run()
  }
}
