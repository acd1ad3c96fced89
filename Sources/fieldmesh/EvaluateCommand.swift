import ArgumentParser
import CapturePipeline
import Foundation

/// `fieldmesh evaluate`: how far meshes are from the truth.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare meshes with true ones: distances, normals, flicker, closedness.",
    discussion: """
      Frames are matched by the last number in their files' names. The truth's folder may hold \
      points.npz: the same places in every frame, with normals and whether a camera saw them.
      """)

  @Argument(help: ArgumentHelp("Folder of the meshes, .ply or .obj.", valueName: "meshes"))
  var meshes: String

  @Argument(help: ArgumentHelp("Folder of the true meshes.", valueName: "truth"))
  var truth: String

  @Option(help: ArgumentHelp("Compare only each n-th true frame.", valueName: "n"))
  var every = 1

  @Flag(help: "Print one line of JSON.")
  var json = false

  func run() throws {
    let outcome = try Evaluation(
      meshes: URL(fileURLWithPath: meshes), truth: URL(fileURLWithPath: truth), every: every
    ).run()
    print(json ? outcome.json : outcome.table)
  }
}
