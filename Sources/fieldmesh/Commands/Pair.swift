import ArgumentParser
import CaptureCore
import CapturePipeline

/// `fieldmesh pair`: the first stage alone.
struct Pair: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pair the cameras' images in time, and check that each can be read.")

  @OptionGroup var take: TakeOptions
  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var runtime: RuntimeOptions

  func run() throws {
    let configuration = try configuration.load(take.settings())
    let pipeline = try runtime.pipeline(in: take.folder, configuration)
    try RunReport.checkComplete(try pipeline.run(only: .pair, take.source()).skipped)
  }
}
