public import CaptureCore
public import CapturePipeline
internal import Foundation

/// Does one unit of a batch in this process, and keeps its state and its log.
public struct UnitWorker: Sendable {
  /// The batch.
  public var folder: BatchFolder
  /// Safe name of the take.
  public var take: String
  /// What to do.
  public var unit: BatchUnit
  /// Threads to use.
  public var threads: Int
  /// The process that started this one, and without which it stops; nil where it stands alone.
  public var parent: Int32?
  /// True once a signal asked to stop.
  public var isInterrupted: @Sendable () -> Bool
  /// Makes the pipeline for an output folder.
  public var pipeline:
    @Sendable (
      OutputFolder, JobConfiguration, any PipelineObserver, @escaping @Sendable () -> Bool
    ) throws(CaptureError) -> Pipeline

  /// How long to wait for another process that has the take in its hands.
  static let patience = Duration.seconds(600)

  /// A worker.
  public init(
    folder: BatchFolder, take: String, unit: BatchUnit, threads: Int, parent: Int32?,
    isInterrupted: @escaping @Sendable () -> Bool,
    pipeline:
      @escaping @Sendable (
        OutputFolder, JobConfiguration, any PipelineObserver, @escaping @Sendable () -> Bool
      ) throws(CaptureError) -> Pipeline
  ) {
    (self.folder, self.take, self.unit) = (folder, take, unit)
    (self.threads, self.parent, self.isInterrupted) = (threads, parent, isInterrupted)
    self.pipeline = pipeline
  }

  /// Does the unit. Standard output and standard error go to its log from here on.
  ///
  /// Images and frames that had to be left out are in the state and are no error.
  /// - Throws: ``CaptureError`` of the stage, which is in the state as well; `tryAgain` when stopped.
  public func run() throws(CaptureError) {
    let home = folder.take(take)
    guard access(home.job.path, F_OK) == 0 else {
      throw CaptureError(
        .usage, "The batch has no take '\(take)'.", at: folder.url.path,
        remedy: "Name a folder that is there with a job.json.")
    }
    try home.make()
    try redirect(to: home.log(unit))
    let job = try folder.job(of: take)
    let pulse = Pulse(self, home)
    let observer = UnitObserver(pulse, unit.stage)
    do throws(CaptureError) {
      var pipeline = try pipeline(
        home.output, job.configuration, observer, { pulse.isStopping })
      pipeline.patience = Self.patience
      try pulse.begin()
      let result = try perform(pipeline, job)
      if unit.part != nil, result.bytes == 0 { pulse.kept() }
      try pulse.end(result)
    } catch {
      let failure = explained(error, isStopping: pulse.isStopping)
      // What keeps a state from being written keeps this one too; the log has the error.
      try? pulse.fail(failure)
      throw failure
    }
  }

  private func perform(
    _ pipeline: Pipeline, _ job: TakeJob
  ) throws(CaptureError) -> UnitResult {
    if let part = unit.part {
      let report: Pipeline.PartReport
      if unit.stage == .train {
        report = try pipeline.train(part)
        // Meshing needs the whole stage: who trains the last window joins them.
        try pipeline.joinTraining()
      } else {
        report = try pipeline.mesh(part)
      }
      return UnitResult(
        summary: "\(report.frames) frames", skipped: report.skipped.count, bytes: report.bytes)
    }
    // The last stage is a whole run, which finds all the rest done: it joins, reports and draws.
    if unit.stage == .export {
      let report = try pipeline.run(try job.source())
      let own = report.stages.first { $0.name == .export }
      let outputs = StageManifest.find(in: pipeline.output.folder(.export))?.outputs ?? []
      return UnitResult(
        summary: own?.summary ?? "", skipped: report.skipped.count,
        bytes: outputs.reduce(AtomicFile.size(of: pipeline.output.preview) ?? 0) { $0 + $1.bytes })
    }
    let manifest = try pipeline.run(
      only: unit.stage, unit.stage == .pair ? try job.source() : nil)
    return UnitResult(
      summary: manifest.summary, skipped: manifest.skipped.count,
      bytes: manifest.outputs.reduce(0) { $0 + $1.bytes })
  }

  /// A full disk is said with the stage and what it needs, as far as that is known.
  private func explained(_ error: CaptureError, isStopping: Bool) -> CaptureError {
    guard error.code == .tryAgain, !isStopping, let free = freeBytes(at: folder.url),
      let plan = try? folder.readPlan(), let entry = plan.takes.first(where: { $0.id == take })
    else { return error }
    let needed = Planner.measured(plan.takes, folder).estimate(unit, of: entry).bytes
    guard Double(free) < max(needed, 1e6) else { return error }
    var error = error
    error.what +=
      " Stage '\(unit.stage.rawValue)' of take '\(take)' needs about \(byteCount(max(needed, 1e3))); "
      + "\(byteCount(Double(free))) are free."
    return error
  }

  private func redirect(to log: URL) throws(CaptureError) {
    let file = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw CaptureError(
        .badInput, "The log cannot be written: \(String(cString: strerror(errno))).", at: log.path,
        remedy: "Choose an output folder that can be written.")
    }
    dup2(file, STDOUT_FILENO)
    dup2(file, STDERR_FILENO)
    close(file)
  }
}

/// What a unit did.
struct UnitResult {
  var summary: String
  var skipped: Int
  var bytes: Int
}
