internal import DepthFusion
internal import FieldTraining
internal import Foundation
internal import Meshing

/// How much work the stages of a take are, in units that seconds and bytes are about proportional to.
public struct Workload: Codable, Equatable, Sendable {
  /// By stage: images for `pair` and `observe`; for `train`, points times the square of the field's
  /// width times its layers, in 10¹²; for `mesh` and `export`, frames in cells of 4 mm.
  private var amounts: [String: Double]

  /// The work of a take of so many frame sets and cameras, whose depth images have so many pixels.
  public init(_ configuration: JobConfiguration, frames: Int, cameras: Int, depthPixels: Int) {
    let windows = Double(configuration.windows(frames: frames))
    let (frames, images) = (Double(frames), Double(frames) * Double(cameras))
    let pixels = Double(max(1, depthPixels)) / Double(320 * 288)
    let training = configuration.training
    let perFrame =
      training.raysPerFrame * (1 + training.nearPerRay + training.freePerRay)
      + training.backgroundPerFrame + training.hiddenPerFrame + training.uniformPerFrame
      + TrainingConfiguration.pointsPerRenderedRay * training.renderedPerFrame
    let points =
      windows * Double(training.leastSteps) * Double(training.framesPerStep) * Double(perFrame)
    let layers = Double(training.width * training.width) * Double(training.depth)
    let voxel =
      configuration.method == .tsdf
      ? max(configuration.meshing.voxel, configuration.fusion.voxel) : configuration.meshing.voxel
    let meshes = frames * pow(0.004 / Double(voxel), 2)
    amounts = [
      "pair": images * pixels, "observe": images * pixels,
      "train": points * layers / 1e12,
      "mesh": meshes, "export": meshes,
    ]
  }

  /// The amount of a stage.
  public func amount(_ stage: StageName) -> Double { amounts[stage.rawValue] ?? 0 }
}
