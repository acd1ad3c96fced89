import ArgumentParser
import CapturePipeline

/// `fieldmesh config`: every key there is.
struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print every configuration key with value, unit and meaning.",
    discussion: "The values are those that the other options give, the defaults without any.")

  @OptionGroup var configuration: ConfigurationOptions

  @Flag(help: "Print the defaults, whatever the other options say.")
  var defaults = false

  @Flag(help: "Print JSON, ready for --config.")
  var json = false

  func run() throws {
    let loaded = try configuration.load()
    let shown = defaults ? JobConfiguration() : loaded
    print(json ? try shown.text() : try shown.listing(), terminator: "")
  }
}
