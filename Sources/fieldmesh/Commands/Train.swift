import ArgumentParser
import CaptureCore
import CapturePipeline

/// `fieldmesh train`: the third stage alone.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit the field to all observations; goes on from the last checkpoint.")

  @OptionGroup var options: StageOptions

  @Option(
    help: ArgumentHelp(
      "Train only this part of the windows that training.window cuts the take into, such as 3/8, beside other processes that do other parts; without the option afterwards, the parts become one.",
      valueName: "k/n"))
  var part: String?

  func run() throws {
    guard let part else { return try options.run(.train) }
    _ = try options.open().train(try FramePart(part))
  }
}
