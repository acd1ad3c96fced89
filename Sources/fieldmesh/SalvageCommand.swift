import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh salvage`: a recording that was cut off becomes one that can be read.
struct Salvage: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Recover a cut off or damaged .mkv recording.",
    discussion: """
      Every whole part is copied into a well-formed file, and the start of the camera's clock is \
      rebuilt from its motion sensors where the recorder could not write it. The damaged file is \
      left as it is. Exit status 4: a part fails its checksum, so that images in it may be wrong, or \
      the clock's start is lost. How much is in no whole part is told.
      """)

  @Argument(help: ArgumentHelp("The damaged file.", valueName: "file"))
  var file: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The new file, which must not exist.", valueName: "out.mkv"))
  var output: String

  func run() throws {
    Interruption.listen()
    let report = try RecoveredRecording(
      URL(fileURLWithPath: file), to: URL(fileURLWithPath: output),
      monitor: StageMonitor(isCancelled: { Interruption.isPending }))
    print(report.text)
    try report.checkComplete()
  }
}
