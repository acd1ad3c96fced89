import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh calibrate export`: a calibration for another program.
struct CalibrateExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a calibration as another program reads it.")

  @Argument(help: ArgumentHelp("The calibration.", valueName: "calibration"))
  var calibration: String

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp(
      "The format: \(CalibrationExchange.formats.joined(separator: ", ")).", valueName: "format"))
  var format: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("File, or folder of files.", valueName: "path"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "A take of the rig, for the lenses and serial numbers of its cameras.", valueName: "take"))
  var take: String?

  @Flag(
    help:
      "Write pinholes, for images undistorted to the same focal lengths and centre, as OpenCV's undistort does."
  )
  var undistorted = false

  @Flag(help: "Write over what is there.")
  var force = false

  func run() throws {
    try CalibrationExchange.export(
      URL(fileURLWithPath: calibration), to: format, at: URL(fileURLWithPath: output),
      take: take.map { URL(fileURLWithPath: $0) }, undistorted: undistorted, replaces: force)
  }
}
