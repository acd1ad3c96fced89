import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh inspect`: what is in a recording.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at a recording: cameras, rates, drops, timing, depth, region of interest.",
    discussion:
      "Exit status: 0 good or usable, 3 broken, 4 an image could not be read.")

  @OptionGroup var recording: SourceArguments

  @Option(
    help: ArgumentHelp("Calibration of the rig, instead of the take's own.", valueName: "file"))
  var calibration: String?

  @Option(
    help: ArgumentHelp("Rig to compare with, such as rigs/synthetic/rig.json.", valueName: "file"))
  var rig: String?

  @Option(
    help: ArgumentHelp("PNG to draw every camera's colour and depth into.", valueName: "file"))
  var picture: PictureArgument?

  @Option(
    help: ArgumentHelp(
      "PNG to draw every image's time and frame set into: a row a stream.", valueName: "file"))
  var timeline: PictureArgument?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One key of clocks, sync or observations, such as sync.grouping=anchored; may be repeated.",
      valueName: "key=value"))
  var settings: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let inspection: Inspection
    do {
      inspection = try inspect()
    } catch let error as CaptureError
      where [.badInput, .sizeMismatch, .limitExceeded].contains(error.code)
    {
      let refused = RefusedTake(error)
      print(json ? refused.json : refused.text)
      throw error
    }
    print(json ? try inspection.json() : inspection.text)
    try inspection.checkUsable()
  }

  private func inspect() throws -> Inspection {
    let sheet = try picture?.url("--picture")
    let times = try timeline?.url("--timeline")
    let opened = try InspectedTake(
      recording.urls,
      calibration: calibration.map { URL(fileURLWithPath: $0) },
      rig: rig.map { URL(fileURLWithPath: $0) },
      configuration: try JobConfiguration().setting(settings))
    let inspection = try opened.inspect()
    if let times { try opened.writeTimeline(to: times) }
    if let sheet { try opened.writeSheet(of: inspection, to: sheet) }
    return inspection
  }
}
