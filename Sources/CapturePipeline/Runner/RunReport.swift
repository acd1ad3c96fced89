public import CaptureCore
public import FieldTraining
internal import Foundation

/// Times and counts of a run: `OUT/report.json` and the table at the end.
public struct RunReport: Codable, Equatable, Sendable {
  /// One stage's line.
  public struct Stage: Codable, Equatable, Sendable {
    /// The stage.
    public var name: StageName
    /// Whether it ran in this run; else its result was there already.
    public var ran: Bool
    /// How long it ran, the last time that it had to.
    public var seconds: Double
    /// What it did.
    public var summary: String
    /// Sentences that the user should read.
    public var warnings: [String]
    /// Images and frames that could not be used, each with the reason.
    public var skipped: [String]
  }

  /// Version of the program.
  public var program = programVersion
  /// How surfaces were made.
  public var method: JobConfiguration.Method
  /// What ran the field.
  public var backend: String
  /// The stages, in order.
  public var stages: [Stage]
  /// What training did to each camera's pose; nil where poses are not refined.
  public var poses: [PoseChange]?
  /// Wall time of this run.
  public var seconds: Double
  /// Most memory that a process has held at these stages, in this run or when they ran, bytes.
  public var peakMemory: Int

  init(
    configuration: JobConfiguration, backend: String, stages: [StageManifest], ran: Set<StageName>,
    poses: [PoseChange]?, seconds: Double
  ) {
    method = configuration.method
    (self.backend, self.poses, self.seconds) = (backend, poses, seconds)
    self.stages = stages.map {
      Stage(
        name: $0.stage, ran: ran.contains($0.stage), seconds: $0.seconds, summary: $0.summary,
        warnings: $0.warnings, skipped: $0.skipped)
    }
    peakMemory = max(Host.peakMemory, stages.compactMap(\.peakMemory).max() ?? 0)
  }

  /// Everything that could not be used, over all stages.
  public var skipped: [String] { stages.flatMap(\.skipped) }

  /// - Throws: ``CaptureError`` `partialResult` when something could not be used.
  public static func checkComplete(_ skipped: [String]) throws(CaptureError) {
    guard !skipped.isEmpty else { return }
    let list = skipped.prefix(10).map { "\n  " + $0 }.joined()
    let more = skipped.count > 10 ? "\n  and \(skipped.count - 10) more, see report.json" : ""
    throw CaptureError(
      .partialResult,
      "\(skipped.count) \(skipped.count == 1 ? "image or frame" : "images or frames") could not be used; the rest is written.\(list)\(more)"
    )
  }

  /// The table for the end of a run: a line a stage, the sum, and a line a camera whose pose was refined.
  public var table: String {
    var rows = stages.map {
      [$0.name.rawValue, Self.time($0.seconds), $0.ran ? "" : "kept", $0.summary]
    }
    let memory = "peak memory \(peakMemory / 1_000_000) MB"
    rows.append(["this run", Self.time(seconds), "", memory])
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = (0..<3).map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 1 ? space + row[column] : row[column] + space
      }
      return (cells + [row[3]]).joined(separator: "  ")
    }.joined(separator: "\n") + (poses ?? []).map { "\n" + Self.line($0) }.joined()
  }

  /// One camera's change in a sentence.
  private static func line(_ change: PoseChange) -> String {
    var text =
      "\(change.camera): moved "
      + String(
        format: "%.1f mm at the subject, %.1f mm at the lens, turned %.2f degrees",
        change.subjectMillimetres, change.lensMillimetres, change.degrees)
    if let shift = change.milliseconds { text += String(format: ", clock %+.1f ms", shift) }
    if let before = change.distanceBefore, let after = change.distanceAfter {
      text += String(format: "; off the other cameras by %.1f, then %.1f mm", before, after)
    } else {
      text += "; it shares no place with another camera"
    }
    return change.isHeld ? text + "; held at the limit" : text
  }

  /// `0.4 s`, `37 s`, `4:05`, `2:04:05`.
  public static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    if seconds < 10 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    let tail = String(format: "%02d:%02d", whole / 60 % 60, whole % 60)
    return whole < 3600
      ? String(format: "%d:%02d", whole / 60, whole % 60) : "\(whole / 3600):" + tail
  }
}
