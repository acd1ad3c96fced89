import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh run`: the whole way from a take to meshes.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reconstruct a take: every stage, each only if something changed.",
    discussion: "An interrupted run goes on where it was when the same command is given again.")

  @OptionGroup var take: TakeOptions
  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var runtime: RuntimeOptions

  @Option(help: ArgumentHelp("How surfaces are made: field or tsdf.", valueName: "name"))
  var method: String?

  @Option(help: ArgumentHelp("Cut off what no camera saw: unseen, or none.", valueName: "what"))
  var trim: String?

  func run() throws {
    let settings =
      try take.settings() + (method.map { ["method=\($0)"] } ?? [])
      + (trim.map { ["meshing.trim=\($0)"] } ?? [])
    let configuration = try configuration.load(settings)
    let pipeline = try runtime.pipeline(in: take.folder, configuration)
    let report = try pipeline.run(take.source())
    if !runtime.quiet { print("\n\(report.table)\n\nmeshes   \(take.output)/export") }
    try RunReport.checkComplete(report.skipped)
  }
}
