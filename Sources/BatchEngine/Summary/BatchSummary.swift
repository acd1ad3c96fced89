public import CaptureCore
public import CapturePipeline
internal import Foundation

/// What became of every take: `OUT/summary.json` and `OUT/summary.html`.
public struct BatchSummary: Codable, Equatable, Sendable {
  /// One take.
  public struct Take: Codable, Equatable, Sendable {
    /// The safe name, and the one for people.
    public var id, name: String
    /// `done`, or how the first unit stands that is not.
    public var phase: BatchStatus.Phase
    /// Figures of the meshes; nil before they are made.
    public var digest: TakeDigest?
    /// The trained field's mean distance error at the last step, as training said it; empty for
    /// fusion.
    public var trainingNote: String
    /// Sentences that the user should read.
    public var warnings: [String]
    /// Images and frames that were left out, each with the reason.
    public var skipped: [String]
    /// The errors of failed units, each with its log.
    public var errors: [String]
    /// Seconds by stage, all parts together.
    public var seconds: [String: Double]
    /// Bytes of all results on the disk.
    public var bytes: Int
    /// Most memory of a worker, bytes.
    public var memory: Int
    /// The picture's path, relative to the batch's folder; nil where there is none.
    public var picture: String?
    /// Whether an error of this take may pass by itself.
    var mayPass: Bool
  }

  /// Always `fieldmesh-summary`.
  public private(set) var format = "fieldmesh-summary"
  /// Version of the program.
  public private(set) var program = programVersion
  /// The takes, in order.
  public var takes: [Take]

  /// Looks at all takes of a batch.
  /// - Throws: ``CaptureError`` `usage` where there is no batch.
  public init(_ folder: BatchFolder) throws(CaptureError) {
    let plan = try folder.readPlan()
    let status = try BatchStatus(folder, plan)
    takes = status.takes.map { Self.take($0, folder) }
  }

  private static func take(_ status: BatchStatus.Take, _ folder: BatchFolder) -> Take {
    let output = folder.take(status.id).output
    var result = Take(
      id: status.id, name: status.name, phase: status.phase,
      digest: status.phase == .done ? TakeDigest(output) : nil, trainingNote: "", warnings: [],
      skipped: [], errors: [], seconds: [:], bytes: 0, memory: 0, mayPass: false)
    for unit in status.units {
      let stage = unit.name.prefix { $0 != "-" }
      result.seconds[String(stage), default: 0] += unit.seconds
      result.memory = max(result.memory, unit.memory)
      if [.failed, .lost].contains(unit.phase) {
        result.errors.append("\(unit.name): \(unit.error ?? unit.phase.rawValue) (\(unit.log))")
        result.mayPass = result.mayPass || unit.mayPass || unit.phase == .lost
      }
    }
    let units = status.units.compactMap { try? BatchUnit(named: $0.name) }
    // Another method may have left results of stages that the take no longer passes.
    for stage in StageName.allCases where units.contains(where: { $0.stage == stage }) {
      guard let manifest = StageManifest.find(in: output.folder(stage)) else { continue }
      result.warnings += manifest.warnings
      result.skipped += manifest.skipped
      result.bytes += manifest.outputs.reduce(0) { $0 + $1.bytes }
    }
    let notes = units.filter { $0.stage == .train }
      .compactMap { UnitState.read(folder.take(status.id).state($0))?.note }
    result.trainingNote = notes.filter { !$0.isEmpty }.joined(separator: ", ")
    if AtomicFile.size(of: output.preview) != nil {
      result.picture = "takes/\(status.id)/\(output.preview.lastPathComponent)"
    }
    return result
  }

  /// Writes `summary.json` and `summary.html`.
  /// - Throws: ``CaptureError`` where they cannot be written.
  public func write(to folder: BatchFolder) throws(CaptureError) {
    try AtomicFile.writeJSON(self, to: folder.summary)
    try AtomicFile.write(Data(page.utf8), to: folder.page)
  }

  /// What the batch's exit status says.
  /// - Throws: ``CaptureError`` `tryAgain` when something failed that may pass or has not ended;
  ///   `partialResult` when takes failed, or images or frames were left out.
  public func check() throws(CaptureError) {
    let failed = takes.filter { $0.phase == .failed }
    let open = takes.filter { ![.done, .failed].contains($0.phase) }
    let skipped = takes.reduce(0) { $0 + $1.skipped.count }
    guard open.isEmpty, !failed.contains(where: \.mayPass) else {
      let done = takes.count - failed.count - open.count
      let list = Self.listed(failed)
      throw CaptureError(
        .tryAgain, "\(done) of \(takes.count) takes are done.\(list)",
        remedy: "Run the same command again to continue; finished work is kept.")
    }
    guard failed.isEmpty, skipped == 0 else {
      let left =
        skipped == 0
        ? ""
        : " \(skipped) \(skipped == 1 ? "image or frame" : "images or frames") could not be used."
      throw CaptureError(
        .partialResult,
        "\(takes.count - failed.count) of \(takes.count) takes \(takes.count - failed.count == 1 ? "is" : "are") done.\(left)\(Self.listed(failed))"
      )
    }
  }

  private static func listed(_ takes: [Take]) -> String {
    let list = takes.prefix(10).map {
      "\n  \(oneLine($0.name)): \(oneLine($0.errors.first ?? "failed"))"
    }
    let more = takes.count > 10 ? "\n  and \(takes.count - 10) more, see summary.html" : ""
    return list.joined() + more
  }
}
