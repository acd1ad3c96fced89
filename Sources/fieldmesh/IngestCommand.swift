import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh ingest`: recordings of any format become a take.
struct Ingest: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write recordings of any format as a take, without loss.",
    discussion: """
      Several sources are the cameras of one rig. JPEGs are passed through, depth and raw colour \
      become PNG; with --jpeg-quality, colour becomes JPEG. With --link the take names the sources by absolute paths instead of copying. \
      'fieldmesh run' takes the sources as well.
      """)

  @OptionGroup var recording: SourceArguments

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder of the new take.", valueName: "take"))
  var output: String

  @Option(
    help: ArgumentHelp("Calibration of the rig, to be put into the take.", valueName: "file"))
  var calibration: String?

  @Option(
    help: ArgumentHelp(
      "Pack colour that is no JPEG as one of this quality, 1 to 100, instead of as PNG.",
      valueName: "quality"))
  var jpegQuality: Int?

  @Flag(help: "Name the sources in the take instead of copying their images.")
  var link = false

  @Flag(help: "Stop at an image that cannot be read, instead of leaving it out.")
  var strict = false

  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  func run() throws {
    if link, jpegQuality != nil || strict {
      throw CaptureError(
        .usage, "--link copies no images.", at: jpegQuality != nil ? "--jpeg-quality" : "--strict",
        remedy: "Leave one of the two out.")
    }
    var ingest = TakeIngest(
      sources: recording.urls,
      calibration: calibration.map { URL(fileURLWithPath: $0) },
      output: URL(fileURLWithPath: output))
    (ingest.isStrict, ingest.jpegQuality) = (strict, jpegQuality)
    Interruption.listen()
    let isQuiet = quiet
    let outcome =
      link
      ? try ingest.link()
      : try ingest.write(
        monitor: StageMonitor(
          report: { done, total, _ in
            if !isQuiet { StandardError.writeTenth("ingest", done, total, "images") }
          },
          isCancelled: { Interruption.isPending }))
    for warning in outcome.warnings { StandardError.warn(warning) }
    if !quiet { print("\(outcome.images) images of \(outcome.cameras) cameras in \(output)") }
    try RunReport.checkComplete(outcome.skipped)
  }
}
