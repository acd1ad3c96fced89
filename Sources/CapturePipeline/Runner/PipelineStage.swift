public import CaptureCore
public import Foundation
internal import NeuralFields

/// The recording that a run begins with.
public struct TakeSource: Sendable {
  /// Folders or files of the recording, each a camera or several; not empty.
  public let takes: [URL]
  /// Calibration file; nil for the one in the recording.
  public var calibration: URL?

  /// A recording with its calibration.
  public init(take: URL, calibration: URL? = nil) {
    (takes, self.calibration) = ([take], calibration)
  }

  /// Several recordings of one rig, or one.
  /// - Throws: ``CaptureError`` `usage` without any.
  public init(takes: [URL], calibration: URL? = nil) throws(CaptureError) {
    guard !takes.isEmpty else {
      throw CaptureError(.usage, "There is no recording.", remedy: "Name one or more.")
    }
    (self.takes, self.calibration) = (takes, calibration)
  }

  /// The sources' paths, for messages.
  var place: String { takes.map(\.path).joined(separator: ", ") }
}

/// All that a stage may read while it runs.
struct StageContext: Sendable {
  let output: OutputFolder
  let configuration: JobConfiguration
  let backend: any FieldBackend
  let threads: Int
  /// Only the first stage is given one.
  let source: TakeSource?
  /// Manifests of the stages before this one.
  let upstream: [StageName: StageManifest]
  var monitor: StageMonitor
}

/// What a stage did.
struct StageResult: Sendable {
  /// Names of the files it left, in its folder.
  var outputs: [String]
  /// One line for the table at the end.
  var summary: String
  /// Images and frames that could not be used, each with the reason.
  var skipped: [String] = []
}

/// One stage as the runner sees it: what it depends on, and how to do it.
protocol PipelineStage: Sendable {
  /// Which stage this is.
  var name: StageName { get }
  /// Hashes of everything the result depends on, by what it is.
  func inputs(_ context: StageContext) throws(CaptureError) -> [String: String]
  /// Does the work in the stage's folder, going on with what an interrupted run left there.
  /// - Parameter claim: Makes the folder ready, where what there is of other inputs goes; to be called
  ///   before the first file is looked for. What fails before costs no earlier result.
  func run(
    _ context: StageContext, claim: () throws(CaptureError) -> Void
  ) throws(CaptureError) -> StageResult
}

/// Every stage, in the order in which a take passes them; one line adds one.
enum BuiltinStages {
  static let all: [any PipelineStage] = [
    PairStage(), ObserveStage(), TrainStage(), MeshStage(), ExportStage(),
  ]

  /// The stages that a method needs: fusion needs no training.
  static func needed(by configuration: JobConfiguration) -> [any PipelineStage] {
    all.filter { $0.name != .train || configuration.method == .field }
  }
}

extension JobConfiguration {
  /// The stages that a take passes under this configuration, in order.
  public var stages: [StageName] { BuiltinStages.needed(by: self).map(\.name) }
}

extension StageContext {
  /// The hash of a configuration's part, as an input.
  func hash(_ part: some DocumentedConfiguration) throws(CaptureError) -> String {
    SHA256.hexDigest(of: Data(try JSONValue(encoding: part).text.utf8))
  }

  /// The fingerprint of an earlier stage, as an input.
  func fingerprint(_ stage: StageName) throws(CaptureError) -> String {
    guard let manifest = upstream[stage] else {
      throw CaptureError(
        .usage, "The stage '\(stage.rawValue)' has not run for this configuration.",
        at: output.url.path,
        remedy: "Run 'fieldmesh \(stage.rawValue)' first, or 'fieldmesh run' for all stages.")
    }
    return manifest.fingerprint
  }
}
