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
    return StageResult(
      outputs: context.output.results(of: .train),
      summary: "\(report.steps) steps, \(counted(report.parameters)) parameters")
  }
}
