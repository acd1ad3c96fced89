import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation

/// `fieldmesh evaluate`: how far meshes are from the truth, or from what cameras recorded.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare meshes with true ones, or with what cameras recorded.",
    discussion: """
      Frames are matched by the last number in their files' names. The truth's folder may hold \
      points.npz: the same places in every frame, with normals and whether a camera saw them.

      With --images, meshes are drawn as the take's cameras see them and compared with their depth and \
      colour: best those of cameras that the meshes were not made from ('run --cameras'). Only pixels count \
      that show the subject: inside the region of interest and off the floor, which are found as in a run or \
      set by --set observations.box=[...]. What a camera that is not compared saw as well is told apart, \
      as shared.
      """)

  @Argument(help: ArgumentHelp("Folder of the meshes, .ply or .obj.", valueName: "meshes"))
  var meshes: String

  @Argument(help: ArgumentHelp("Folder of the true meshes, without --images.", valueName: "truth"))
  var truth: String?

  @Option(
    help: ArgumentHelp("Recording to compare with, in place of true meshes.", valueName: "source"))
  var images: String?

  @Option(
    help: ArgumentHelp("Calibration of the rig, instead of the take's own.", valueName: "file"))
  var calibration: String?

  @Option(help: ArgumentHelp("Compare with these cameras only: cam0,cam2.", valueName: "names"))
  var cameras: String?

  @Option(
    help: ArgumentHelp(
      "Distance from what cameras measured that counts as near; 0.01 if left out.",
      valueName: "metres"))
  var within: Double?

  @Option(
    help: ArgumentHelp("Picture of images and predictions to write, .png.", valueName: "file"))
  var picture: PictureArgument?

  @Option(help: ArgumentHelp("Compare only each n-th frame.", valueName: "n"))
  var every = 1

  @Flag(help: "Print one line of JSON.")
  var json = false

  @OptionGroup var options: ConfigurationOptions

  func run() throws {
    let folder = URL(fileURLWithPath: meshes)
    guard let images else {
      guard let truth else {
        throw CaptureError(
          .usage, "There is nothing to compare the meshes with.",
          remedy: "Name a folder of true meshes, or a recording with --images.")
      }
      guard calibration == nil, cameras == nil, within == nil, picture == nil else {
        throw CaptureError(
          .usage, "--calibration, --cameras, --within and --picture speak of a recording.",
          remedy: "Name it with --images in place of the true meshes.")
      }
      let outcome = try Evaluation(
        meshes: folder, truth: URL(fileURLWithPath: truth), every: every
      ).run()
      return print(json ? outcome.json : outcome.table)
    }
    guard truth == nil else {
      throw CaptureError(
        .usage, "Meshes are compared with true ones or with --images.", remedy: "Leave one out.")
    }
    let sheet = try picture?.url("--picture")
    var evaluation = ImageEvaluation(
      meshes: folder,
      source: TakeSource(
        take: URL(fileURLWithPath: images),
        calibration: calibration.map { URL(fileURLWithPath: $0) }),
      configuration: try configuration(), picture: sheet)
    if let within { evaluation.within = within }
    let outcome = try evaluation.run()
    print(json ? outcome.json : outcome.table)
  }

  private func configuration() throws(CaptureError) -> JobConfiguration {
    var configuration = try options.load()
    if let cameras { configuration.cameras = try TakeOptions.names(cameras) }
    if every != 1 { configuration.frames.every = every }
    return configuration
  }
}
