import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh observe`: the second stage alone, or the first two.
struct Observe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn depth images into surface points, free space and cleaned depth.",
    discussion: """
      'fieldmesh observe OUT' goes on in the folder of an earlier stage; \
      'fieldmesh observe SOURCE... -o OUT' begins with a recording, as 'fieldmesh pair' does.
      """)

  @Argument(
    help: ArgumentHelp(
      "The output folder of an earlier stage; with -o, the recording.", valueName: "out"))
  var places: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for all results.", valueName: "out"))
  var output: String?

  @Option(
    help: ArgumentHelp("Calibration of the rig, instead of the take's own.", valueName: "file"))
  var calibration: String?

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var runtime: RuntimeOptions

  func run() throws {
    guard let output else {
      guard places.count == 1, calibration == nil else {
        throw CaptureError(
          .usage, "There is no folder for the results.",
          remedy: "Write 'fieldmesh observe SOURCE... -o OUT'.")
      }
      let pipeline = try runtime.pipeline(continuing: places[0], configuration)
      return try RunReport.checkComplete(try pipeline.run(only: .observe).skipped)
    }
    let source = try TakeSource(
      takes: places.map { URL(fileURLWithPath: $0) },
      calibration: calibration.map { URL(fileURLWithPath: $0) })
    let pipeline = try runtime.pipeline(
      in: OutputFolder(URL(fileURLWithPath: output)), try configuration.load())
    var skipped = try pipeline.run(only: .pair, source).skipped
    skipped += try pipeline.run(only: .observe).skipped
    try RunReport.checkComplete(skipped)
  }
}
