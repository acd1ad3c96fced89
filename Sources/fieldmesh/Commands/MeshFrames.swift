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

  @Option(help: ArgumentHelp("Cut off what no camera saw: unseen, or none.", valueName: "what"))
  var trim: String?

  @Option(
    help: ArgumentHelp(
      "Write OUT/between/time_<t>.ply for this time in seconds instead; may be repeated.",
      valueName: "t"))
  var time: [Double] = []

  @Option(
    help: ArgumentHelp(
      "Mesh only this part of the frames, such as 3/8, beside other processes that do other parts; without the option afterwards, the parts become one.",
      valueName: "k/n"))
  var part: String?

  func run() throws {
    let settings =
      (voxel.map { ["meshing.voxel=\($0)"] } ?? []) + (trim.map { ["meshing.trim=\($0)"] } ?? [])
    if let part {
      guard time.isEmpty else {
        throw CaptureError(
          .usage, "--part and --time exclude each other.", remedy: "Leave one out.")
      }
      let part = try FramePart(part)
      return try RunReport.checkComplete(try options.open(settings).mesh(part).skipped)
    }
    guard !time.isEmpty else { return try options.run(.mesh, settings) }
    for url in try options.open(settings).meshes(at: time) { print(url.path) }
  }
}
