import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh calibrate import`: another program's calibration.
struct CalibrateImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Read another program's calibration of a rig.",
    discussion: """
      Places are taken over, lenses are not: a take has them. Formats that do not hold the world put it \
      at the first camera.
      """)

  @Argument(help: ArgumentHelp("The file or folder.", valueName: "path"))
  var input: String

  @Option(
    name: .customLong("from"),
    help: ArgumentHelp(
      "The format: \(CalibrationExchange.formats.joined(separator: ", ")).", valueName: "format"))
  var format: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The new calibration.", valueName: "file"))
  var output: String

  @Flag(help: "Write over what is there.")
  var force = false

  func run() throws {
    try CalibrationExchange.importing(
      URL(fileURLWithPath: input), from: format, to: URL(fileURLWithPath: output),
      replaces: force)
  }
}
