import ArgumentParser
import CapturePipeline
import Foundation

/// `fieldmesh inspect`: what is in a recording.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at a recording: cameras, rates, drops, timing, depth, region of interest.")

  @Argument(
    help: ArgumentHelp("Folder of the recording, or its files, one or more.", valueName: "source"))
  var sources: [String]

  @Option(help: ArgumentHelp("Calibration to use, not the take's own.", valueName: "file"))
  var calibration: String?

  @Option(
    help: ArgumentHelp("Rig to compare with, such as rigs/synthetic/rig.json.", valueName: "file"))
  var rig: String?

  @Option(
    help: ArgumentHelp("PNG to draw every camera's colour and depth into.", valueName: "file"))
  var picture: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let opened = try InspectedTake(
      sources.map { URL(fileURLWithPath: $0) },
      calibration: calibration.map { URL(fileURLWithPath: $0) },
      rig: rig.map { URL(fileURLWithPath: $0) })
    let inspection = try opened.inspect()
    if let picture { try opened.writeSheet(of: inspection, to: URL(fileURLWithPath: picture)) }
    print(json ? try inspection.json() : inspection.text)
    try inspection.checkComplete()
  }
}
