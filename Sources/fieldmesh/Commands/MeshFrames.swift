import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh mesh`: the fourth stage alone, and meshes between frames.
struct MeshFrames: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mesh",
    abstract: "Extract one mesh a frame, or meshes at times between frames.")

  @OptionGroup var options: StageOptions

  @Option(
    help: ArgumentHelp("Edge of the cells that the surface is cut from.", valueName: "metres"))
  var voxel: Double?

  @Option(
    help: ArgumentHelp(
      "Write OUT/between/time_<t>.ply for this time in seconds instead; may be repeated.",
      valueName: "t"))
  var time: [Double] = []

  func run() throws {
    let settings = voxel.map { ["meshing.voxel=\($0)"] } ?? []
    guard !time.isEmpty else { return try options.run(.mesh, settings) }
    for url in try options.open(settings).meshes(at: time) { print(url.path) }
  }
}
