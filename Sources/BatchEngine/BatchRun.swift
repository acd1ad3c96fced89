public import CaptureCore
internal import Foundation

/// A batch from its lock to its summary, by whatever engine.
public struct BatchRun: Sendable {
  /// Where it works.
  public var folder: BatchFolder
  /// Whether to wait for another batch in the folder.
  public var waits = false
  /// Learns what happens.
  public var observer: any BatchObserver
  /// What the user asked for so far.
  public var stop: @Sendable () -> StopRequest

  /// A batch in a folder.
  public init(
    folder: BatchFolder, observer: any BatchObserver,
    stop: @escaping @Sendable () -> StopRequest
  ) {
    (self.folder, self.observer, self.stop) = (folder, observer, stop)
  }

  /// Writes the plan, has it done, and writes the summary.
  ///
  /// - Parameters:
  ///   - makePlan: Looks at the takes, with the lock held.
  ///   - show: Receives the plan before anything is done.
  ///   - onlyFailed: Whether to do only takes of which a unit has failed.
  /// - Throws: ``CaptureError`` `tryAgain` when another batch works in the folder, when asked to stop
  ///   or when something failed that may pass; `partialResult` when takes failed, or images or
  ///   frames were left out.
  public func run(
    by engine: any BatchEngine, onlyFailed: Bool = false, show: (Planner) -> Void = { _ in },
    _ makePlan: () throws(CaptureError) -> Planner
  ) throws(CaptureError) {
    try AtomicFile.makeFolder(folder.url)
    let observer = observer
    let stop = stop
    let lock = try BatchLock(
      folder.url, waits: waits, isCancelled: { stop() > .none }, note: { observer.noted($0) })
    defer { lock.release() }
    let planner = try makePlan()
    show(planner)
    let chosen = onlyFailed ? try failedTakes() : nil
    try planner.write()
    let end = try engine.run(BatchWork(planner, only: chosen), observer: observer, stop: stop)
    if end == .finished { folder.sweep(planner.plan) }
    let summary = try BatchSummary(folder)
    try summary.write(to: folder)
    switch end {
    case .finished: try summary.check()
    case .handedOver(let sentence): observer.noted(sentence)
    case .interrupted:
      throw CaptureError(
        .tryAgain, "Stopped on request.",
        remedy: "Run the same command again to continue; finished work is kept.")
    }
  }

  private func failedTakes() throws(CaptureError) -> Set<Int> {
    let status = try BatchStatus(folder)
    return Set(status.takes.indices.filter { [.failed, .lost].contains(status.takes[$0].phase) })
  }

  /// Asks whoever works on a batch to stop, wherever they are; those that wait end at once.
  /// - Throws: ``CaptureError`` `usage` where there is no batch.
  public static func cancel(_ folder: BatchFolder) throws(CaptureError) {
    _ = try folder.readPlan()
    try AtomicFile.write(Data(), to: folder.cancel)
  }
}
