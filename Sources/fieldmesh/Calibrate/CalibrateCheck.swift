import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh calibrate check`: does the calibration still hold?
struct CalibrateCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Tell from a take's images whether a calibration still holds for each camera.",
    discussion: """
      Exit status: 0 it holds, 3 a camera was bumped, has sagged, was swapped or moved far, 4 nothing \
      can be said of a camera.
      """)

  @OptionGroup var recording: SourceArguments

  @Option(help: ArgumentHelp("The calibration, instead of the take's own.", valueName: "file"))
  var calibration: String?

  @Flag(help: "Look at a few moments in thumbnails, as 'fieldmesh run' does at its start.")
  var quick = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let alignment = try TakeAlignment(
      TakeSource(
        takes: recording.urls, calibration: calibration.map { URL(fileURLWithPath: $0) }))
    Interruption.listen()
    let check = try alignment.check(
      isQuick: quick,
      monitor: StageMonitor(
        warn: { StandardError.warn($0) }, isCancelled: { Interruption.isPending }))
    print(json ? try check.json() : check.text, terminator: json ? "" : "\n")
    try check.checkHolds()
  }
}
