import ArgumentParser
import CapturePipeline

/// `fieldmesh export`: the last stage alone.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the meshes in the formats asked for, with their table of contents.")

  @OptionGroup var options: StageOptions

  @Option(help: ArgumentHelp("File formats, such as ply,obj.", valueName: "names"))
  var format: String?

  func run() throws {
    try options.run(.export, format.map { ["export.formats=\($0)"] } ?? [])
  }
}
