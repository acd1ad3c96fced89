import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// The recording, and which part of it.
struct TakeOptions: ParsableArguments {
  @OptionGroup var recording: SourceArguments

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for all results.", valueName: "out"))
  var output: String

  @Option(
    help: ArgumentHelp("Calibration of the rig, instead of the take's own.", valueName: "file"))
  var calibration: String?

  @Option(help: ArgumentHelp("Use only these cameras: cam0,cam2.", valueName: "names"))
  var cameras: String?

  @Option(
    help: ArgumentHelp("Use only these frame sets: '10..<20', in quotes.", valueName: "a..<b"))
  var frames: String?

  @Option(help: ArgumentHelp("Use only each n-th frame set.", valueName: "n"))
  var every: Int?

  @Flag(help: "Stop at an image or frame that cannot be used, instead of leaving it out.")
  var strict = false

  /// The recording.
  /// - Throws: ``CaptureError`` `usage` without any source.
  func source() throws(CaptureError) -> TakeSource {
    try TakeSource(
      takes: recording.urls,
      calibration: calibration.map { URL(fileURLWithPath: $0) })
  }

  /// Where the results go.
  var folder: OutputFolder { OutputFolder(URL(fileURLWithPath: output)) }

  /// The options as settings of the configuration.
  func settings() throws(CaptureError) -> [String] {
    var settings =
      try cameras.map { names throws(CaptureError) in
        ["cameras=" + (try Self.names(names).joined(separator: ","))]
      } ?? []
    if let frames {
      let range = try FrameSelection.range(frames)
      settings += [
        "frames.first=\(range.first)", "frames.end=\(range.end.map(String.init) ?? "null")",
      ]
    }
    if let every { settings.append("frames.every=\(every)") }
    if strict { settings.append("strict=true") }
    return settings
  }

  /// The names of an option `--cameras`.
  /// - Throws: ``CaptureError`` `usage` without any.
  static func names(_ text: String) throws(CaptureError) -> [String] {
    let names = text.split(separator: ",").map(String.init)
    guard !names.isEmpty else {
      throw CaptureError(
        .usage, "No camera is named.", at: "--cameras",
        remedy: "Write names of the take's cameras, for example cam0,cam2.")
    }
    return names
  }
}
