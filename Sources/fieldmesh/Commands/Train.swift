import ArgumentParser
import CapturePipeline

/// `fieldmesh train`: the third stage alone.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit the field to all observations; goes on from the last checkpoint.")

  @OptionGroup var options: StageOptions

  func run() throws { try options.run(.train) }
}
