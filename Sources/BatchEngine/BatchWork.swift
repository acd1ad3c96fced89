public import CaptureCore
internal import CapturePipeline
internal import Foundation

/// What an engine is given.
public struct BatchWork: Sendable {
  /// Where it works.
  public let folder: BatchFolder
  /// The takes.
  public let plan: BatchPlan
  /// By take: the units that are to run, in order.
  public let units: [[BatchUnit]]
  /// What units are expected to take.
  let rates: Rates
  private let jobs: [TakeJob]

  /// What a planner has found to do, or of that only what belongs to some takes.
  public init(_ planner: Planner, only takes: Set<Int>? = nil) {
    (folder, plan, rates, jobs) = (planner.folder, planner.plan, planner.rates, planner.jobs)
    units = planner.plan.takes.indices.map {
      takes?.contains($0) ?? true ? planner.units(of: $0) : []
    }
  }

  /// Writes what the units of a take are told, and which of their results hold no longer: an engine
  /// does so before it begins with a take, and leaves alone those that it has in its hands already.
  ///
  /// Call with the batch's lock held.
  /// - Throws: ``CaptureError`` where the folder cannot be written.
  public func begin(_ take: Int) throws(CaptureError) {
    let home = folder.take(plan.takes[take].id)
    if (try? folder.job(of: plan.takes[take].id)) != jobs[take] {
      try AtomicFile.writeJSON(jobs[take], to: home.job)
    }
    for unit in units[take] { try Self.markWaiting(unit, home) }
  }

  /// A result that holds no longer, and what has failed, is said to wait; unfinished work, which goes
  /// on, is left alone.
  private static func markWaiting(_ unit: BatchUnit, _ home: TakeFolder) throws(CaptureError) {
    let url = home.state(unit)
    let state = UnitState.read(url)
    if var failed = state, failed.phase == .failed {
      // Its tries and its error stay to be read until it runs.
      failed.phase = .waiting
      return try failed.write(to: url)
    }
    let isThere = StageManifest.isThere(in: home.output.folder(unit.stage))
    guard state?.phase == .done || (isThere && state?.phase != .waiting) else { return }
    try UnitState(phase: .waiting).write(to: url)
  }
}
