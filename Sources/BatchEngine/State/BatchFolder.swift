public import CaptureCore
public import CapturePipeline
public import Foundation

/// Where a batch's files stand.
public struct BatchFolder: Sendable {
  /// The folder that `-o` names.
  public let url: URL

  /// A folder that may not exist yet.
  public init(_ url: URL) { self.url = url.standardizedFileURL }

  /// The takes and their units.
  var plan: URL { url.appendingPathComponent("plan.json") }
  /// There while a batch is to stop.
  var cancel: URL { url.appendingPathComponent("cancel") }
  /// What became of every take, for programs and for people.
  public var summary: URL { url.appendingPathComponent("summary.json") }
  /// The same as a page.
  public var page: URL { url.appendingPathComponent("summary.html") }
  /// What an engine keeps of its own.
  func engine(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// The folder of a take, by its safe name.
  public func take(_ id: String) -> TakeFolder {
    TakeFolder(url.appendingPathComponent("takes").appendingPathComponent(id))
  }

  /// Whether somebody asked the batch to stop.
  public var isCancelled: Bool { access(cancel.path, F_OK) == 0 }

  /// What the units of a take are told.
  /// - Throws: ``CaptureError`` `badInput` where it cannot be read.
  func job(of id: String) throws(CaptureError) -> TakeJob {
    try readJSON(
      TakeJob.self, from: take(id).job, remedy: "Start 'fieldmesh batch JOBS -o OUT' again.")
  }

  /// Removes what killed processes left half-written of the batch's own files; the stages' own are
  /// removed by who runs the stage next. Call when all is done: a worker that somebody took for dead and
  /// that writes at this moment may fail at it, as may happen to it anyway.
  public func sweep(_ plan: BatchPlan) {
    OutputFolder.sweep(url)
    for take in plan.takes {
      let home = self.take(take.id)
      OutputFolder.sweep(home.url)
      OutputFolder.sweep(home.units)
    }
  }

  /// The plan of a batch that was begun.
  /// - Throws: ``CaptureError`` `usage` where there is none, or one of another program.
  public func readPlan() throws(CaptureError) -> BatchPlan {
    guard AtomicFile.size(of: plan) != nil else {
      throw CaptureError(
        .usage, "This is not the output folder of a batch.", at: url.path,
        remedy: "Begin with 'fieldmesh batch JOBS -o OUT'.")
    }
    let plan = try readJSON(
      BatchPlan.self, from: plan, remedy: "Start 'fieldmesh batch JOBS -o OUT' again.")
    guard plan.format == BatchPlan.formatName, plan.program == programVersion else {
      throw CaptureError(
        .usage, "The plan is of another version of the program (\(plan.program)).", at: url.path,
        remedy: "Start 'fieldmesh batch JOBS -o OUT' again; what still holds is kept.")
    }
    return plan
  }
}

/// Where a take's files stand in a batch: a run's output folder, and the batch's own files in it.
public struct TakeFolder: Sendable {
  /// The folder.
  public let url: URL

  init(_ url: URL) { self.url = url }

  /// The stages' results.
  public var output: OutputFolder { OutputFolder(url) }
  /// What the units of the take are told.
  var job: URL { url.appendingPathComponent("job.json") }
  /// Where workers say how they are.
  var units: URL { url.appendingPathComponent("units") }
  /// What a unit's worker says about itself.
  func state(_ unit: BatchUnit) -> URL { units.appendingPathComponent(unit.name + ".json") }
  /// What a unit's workers wrote for people.
  public func log(_ unit: BatchUnit) -> URL {
    url.appendingPathComponent("logs").appendingPathComponent(unit.name + ".log")
  }

  /// Makes the folders that a worker writes into.
  func make() throws(CaptureError) {
    for name in ["units", "logs"] { try AtomicFile.makeFolder(url.appendingPathComponent(name)) }
  }
}
