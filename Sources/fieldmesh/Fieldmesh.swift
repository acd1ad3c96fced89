import ArgumentParser
import CapturePipeline

/// The `fieldmesh` command.
@main
struct Fieldmesh: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fieldmesh",
    abstract: "Turns a rig recording into a sequence of clean, coloured meshes.",
    subcommands: [
      Synth.self,
      Evaluate.self,
    ])
}
