import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh align`: where the cameras stand, from what they measured together.
struct Align: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Place the cameras of a rig by what a take shows, without any target.",
    discussion: """
      Starts from --start or the take's own calibration, which may be wrong by 3 degrees and 5 cm, \
      or from nothing. Beside FILE are written FILE's name with .report.json and .png: every figure, \
      and the cameras' points from three sides. Motions that the images do not tell are named and \
      left alone; when a camera cannot be placed, no calibration is written, and these two end in \
      .failed.report.json and .failed.png; from nothing there are none then.
      """)

  @OptionGroup var recording: SourceArguments

  @Option(name: .shortAndLong, help: ArgumentHelp("The new calibration.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Calibration to start from, not the take's own.", valueName: "file"))
  var start: String?

  @Flag(help: "Use no calibration: find the cameras by what they see of the same things.")
  var fromNothing = false

  @Flag(help: "Look at shapes alone, not at what is drawn on them.")
  var depthOnly = false

  @Flag(help: "Write over a calibration that is there.")
  var force = false

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One key of clocks or sync, such as clocks.mode=trust; may be repeated.",
      valueName: "key=value"))
  var settings: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  func run() throws {
    guard start == nil || !fromNothing else {
      throw CaptureError(
        .usage, "--start and --from-nothing exclude each other.", remedy: "Leave one out.")
    }
    let alignment = try TakeAlignment(
      TakeSource(
        takes: recording.urls, calibration: start.map { URL(fileURLWithPath: $0) }),
      fromNothing: fromNothing, usesColor: !depthOnly,
      configuration: try JobConfiguration().setting(settings))
    Interruption.listen()
    let isQuiet = quiet
    let report = try alignment.align(
      to: URL(fileURLWithPath: output), replaces: force,
      monitor: StageMonitor(
        report: { done, total, _ in
          if !isQuiet { StandardError.writeTenth("align ", done, total, "steps") }
        },
        warn: { StandardError.warn($0) }, isCancelled: { Interruption.isPending }))
    print(json ? try report.json() : report.text, terminator: json ? "" : "\n")
  }
}
