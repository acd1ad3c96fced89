public import CaptureCore
internal import CapturePipeline
internal import Foundation

/// Where every unit of a batch stands, as the files say: no engine is asked.
public struct BatchStatus: Codable, Equatable, Sendable {
  /// How a unit stands.
  public enum Phase: String, Codable, Sendable, CaseIterable {
    /// Not begun, or to be done again because its inputs have changed.
    case waiting
    /// A worker says that it works.
    case running
    /// Its manifest is there.
    case done
    /// Ended with an error.
    case failed
    /// Was asked to stop; goes on when the batch is started again.
    case stopped
    /// Its worker is gone without a word.
    case lost
    /// A stage before it has failed.
    case blocked
  }

  /// One unit.
  public struct Unit: Codable, Equatable, Sendable {
    /// The unit's name.
    public var name: String
    /// How it stands.
    public var phase: Phase
    /// How long the last worker took, or has taken; 0 where that is not known.
    public var seconds: Double
    /// Times that a worker began.
    public var tries: Int
    /// How much is done, 0 to 1; nil where that is not known.
    public var share: Double?
    /// The last error.
    public var error: String?
    /// Whether the last error may pass by itself: a full disk, a machine that went away.
    public var mayPass: Bool
    /// Where the last worker ran.
    public var host: String
    /// The log's path, relative to the batch's folder.
    public var log: String
    /// What was done, or where the worker is.
    public var note: String
    /// Images and frames that were left out.
    public var skipped: Int
    /// Most memory of the last worker, and what it left on the disk; bytes.
    public var memory, bytes: Int
  }

  /// One take.
  public struct Take: Codable, Equatable, Sendable {
    /// The safe name, and the one for people.
    public var id, name: String
    /// `done`, or how the first unit stands that is not; `failed` and `running` before all.
    public var phase: Phase
    /// The units, in order.
    public var units: [Unit]

    init(_ take: BatchPlan.Take, _ units: [Unit]) {
      (id, name, self.units) = (take.id, take.name, units)
      phase = Self.phase(units)
    }

    private static func phase(_ units: [Unit]) -> Phase {
      if units.contains(where: { $0.phase == .failed }) { return .failed }
      if units.contains(where: { $0.phase == .running }) { return .running }
      return units.first { $0.phase != .done }?.phase ?? .done
    }
  }

  /// Always `fieldmesh-status`.
  public private(set) var format = "fieldmesh-status"
  /// Who works on the batch now, on this machine or another, as far as its lock says.
  public var holder: String?
  /// Whether somebody asked the batch to stop.
  public var isCancelled: Bool
  /// The takes, in order.
  public var takes: [Take]

  /// Looks at the files of a batch.
  /// - Throws: ``CaptureError`` `usage` where there is no batch.
  public init(_ folder: BatchFolder) throws(CaptureError) {
    try self.init(folder, folder.readPlan())
  }

  init(_ folder: BatchFolder, _ plan: BatchPlan) throws(CaptureError) {
    holder = BatchLock.holder(of: folder.url)?.words
    isCancelled = folder.isCancelled
    takes = concurrentValues(plan.takes.count) { index in
      Take(plan.takes[index], Self.units(of: plan.takes[index], folder))
    }
  }

  private static func units(of take: BatchPlan.Take, _ folder: BatchFolder) -> [Unit] {
    let home = folder.take(take.id)
    var isBlocked = false
    return take.units.map { unit in
      var found = Self.unit(unit, home, folder)
      if isBlocked, found.phase == .waiting { found.phase = .blocked }
      isBlocked = isBlocked || found.phase == .failed
      return found
    }
  }

  private static func unit(
    _ unit: BatchUnit, _ home: TakeFolder, _ folder: BatchFolder
  ) -> Unit {
    let state = UnitState.read(home.state(unit))
    let stageFolder = home.output.folder(unit.stage)
    let isThere = StageManifest.isThere(in: stageFolder)
    var result = Unit(
      name: unit.name, phase: .waiting, seconds: state?.seconds ?? 0, tries: state?.tries ?? 0,
      error: state?.error, mayPass: state?.code == CaptureError.Code.tryAgain.rawValue,
      host: state?.host ?? "",
      log: String(home.log(unit).path.dropFirst(folder.url.path.count + 1)),
      note: state?.summary ?? "", skipped: state?.skipped ?? 0, memory: state?.memory ?? 0,
      bytes: state?.bytes ?? 0)
    // The last unit goes on after its manifest: report and preview.
    let goesOn = unit.stage == .export && state?.isUnfinished == true
    if isThere, state?.phase != .waiting, !goesOn {
      result.phase = .done
      result.error = nil
      // A stage that was run by hand has no state, but its manifest tells.
      if state?.phase != .done, unit.part == nil, let known = StageManifest.find(in: stageFolder) {
        (result.seconds, result.note) = (known.seconds, known.summary)
        result.skipped = known.skipped.count
      }
      return result
    }
    guard let state else { return result }
    switch state.phase {
    case .waiting: break
    // A part has no manifest of its own; of a whole stage, somebody has removed it.
    case .done: result.phase = unit.part == nil ? .waiting : .done
    case .failed: result.phase = .failed
    case .stopped: result.phase = .stopped
    case .running:
      result.phase = state.isOrphaned(home.state(unit)) ? .lost : .running
      if state.total > 0 { result.share = min(1, Double(state.done) / Double(state.total)) }
      result.note = state.note
    }
    return result
  }

  /// How many takes stand how.
  public var counts: [Phase: Int] {
    Dictionary(takes.map { ($0.phase, 1) }, uniquingKeysWith: +)
  }

  /// Whether nothing is left to be done but what has failed.
  public var isOver: Bool { takes.allSatisfy { [.done, .failed].contains($0.phase) } }

  /// The status as JSON.
  /// - Throws: ``CaptureError`` never, but for numbers that JSON cannot hold.
  public func json() throws(CaptureError) -> String { try jsonText(self) }
}
