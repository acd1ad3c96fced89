public import CaptureCore
public import Foundation
internal import Recordings

/// A recording that was recovered: `fieldmesh salvage`.
public struct RecoveredRecording: Sendable {
  private let report: RecordingSalvage

  /// What was recovered, as text to read.
  public var text: String { report.description }

  /// Recovers a damaged `.mkv` file into a new one.
  /// - Throws: ``CaptureError`` when there is nothing to recover, when the new file is there already,
  ///   or for what reading and writing meet.
  public init(
    _ source: URL, to output: URL, monitor: StageMonitor = .silent
  ) throws(CaptureError) {
    report = try RecordingSalvage.salvage(source, to: output, monitor: monitor)
  }

  /// - Throws: ``CaptureError`` `partialResult` when something that the recording held is missing or
  ///   may be wrong.
  public func checkComplete() throws(CaptureError) { try report.checkComplete() }
}
