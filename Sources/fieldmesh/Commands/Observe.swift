import ArgumentParser
import CapturePipeline

/// `fieldmesh observe`: the second stage alone.
struct Observe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn depth images into surface points, free space and cleaned depth.")

  @OptionGroup var options: StageOptions

  func run() throws { try options.run(.observe) }
}
