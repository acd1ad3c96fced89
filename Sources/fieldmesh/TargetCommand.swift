import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh target`: a board to print.
struct Target: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw a calibration board at true scale, with a ruler to check the print.")

  @Argument(
    help: ArgumentHelp(
      "The board's file, such as calibration/targets/charuco-a3.json.", valueName: "target"))
  var target: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("File to write, .svg or .pdf.", valueName: "file"))
  var output: String

  func run() throws {
    try BoardPrint.write(
      target: URL(fileURLWithPath: target), to: URL(fileURLWithPath: output))
  }
}
