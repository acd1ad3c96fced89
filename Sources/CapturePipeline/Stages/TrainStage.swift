internal import Calibration
internal import CaptureCore
internal import FieldTraining
internal import Foundation
internal import RayObservations

/// Fits the field to all observations; goes on from the newest checkpoint.
struct TrainStage: PipelineStage {
  let name = StageName.train

  func inputs(_ context: StageContext) throws(CaptureError) -> [String: String] {
    // How often checkpoints are written does not change the result.
    var training = context.configuration.training
    training.checkpointSteps = TrainingConfiguration().checkpointSteps
    return [
      "observe": try context.fingerprint(.observe), "training": try context.hash(training),
    ]
  }

  func run(_ context: StageContext) throws(CaptureError) -> StageResult {
    let report = try FieldTrainer.train(
      source: try ObservationCache.open(folder: context.output.folder(.observe)),
      configuration: context.configuration.training, backend: context.backend,
      folder: context.output.folder(.train), monitor: context.monitor)
    var summary = "\(report.steps) steps, \(counted(report.parameters)) parameters"
    if let poses = report.poses {
      try writeJSON(poses, to: context.output.poses)
      try CalibrationFile.write(
        calibration(report.cameras, name: try FrameList.read(context.output).name),
        to: context.output.folder(.train).appendingPathComponent(RigCalibration.fileName))
      let most = poses.map(\.subjectMillimetres).max() ?? 0
      summary += String(format: ", poses moved by up to %.1f mm", most)
    }
    return StageResult(outputs: context.output.results(of: .train), summary: summary)
  }

  /// The cameras as a calibration whose reference is the first of them.
  private func calibration(_ cameras: [PlacedCamera], name: String) -> RigCalibration {
    let worldFromRig = cameras[0].worldFromColor
    return RigCalibration(
      rig: name, reference: cameras[0].description.id,
      rigFromColor: Dictionary(
        uniqueKeysWithValues: cameras.map {
          ($0.description.id, worldFromRig.inverse * $0.worldFromColor)
        }), worldFromRig: worldFromRig)
  }
}

extension OutputFolder {
  /// What training did to the cameras' poses; there only where they were refined.
  var poses: URL { folder(.train).appendingPathComponent("poses.json") }
}
