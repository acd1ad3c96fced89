internal import Calibration
internal import CaptureCore
internal import FieldTraining
internal import Foundation
internal import Meshing
internal import RayObservations

/// Fits a field to all observations, or one to each window of them; goes on from the newest checkpoints.
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

  func run(
    _ context: StageContext, claim: () throws(CaptureError) -> Void
  ) throws(CaptureError) -> StageResult {
    try claim()
    let windows = try Self.windows(context)
    let list = try FrameList.read(context.output)
    let corrections =
      context.configuration.training.refinePoses
      ? try OpenTake(list, in: context.output).corrections : [:]
    let work = try train(windows.ranges.indices, of: windows, context)
    var outputs = TrainedField.names(windows: windows.ranges.count)
    var summary = "\(counted(work.parameters)) parameters"
    if let report = work.report {
      summary = "\(report.steps) steps, \(summary), rank \(report.rank)"
    }
    if windows.ranges.count > 1 {
      let most = windows.ranges.map(\.count).max() ?? 0
      summary = "\(windows.ranges.count) windows of up to \(most) frames, " + summary
    }
    if let report = work.report, let poses = report.poses {
      try AtomicFile.writeJSON(poses, to: context.output.poses)
      var refined = RigCalibration(
        rig: list.name,
        worldFromColor: report.cameras.map { ($0.description.id, $0.worldFromColor) })
      refined.corrections = corrections
      try CalibrationFile.write(refined, to: context.output.refinedCalibration)
      outputs += [context.output.poses.lastPathComponent, RigCalibration.fileName]
      let most = poses.map(\.subjectMillimetres).max() ?? 0
      summary += String(format: ", poses moved by up to %.1f mm", most)
    }
    return StageResult(outputs: outputs, summary: summary)
  }

  /// The windows of the take.
  static func windows(_ context: StageContext) throws(CaptureError) -> TrainingWindows {
    let source = try ObservationCache.open(folder: context.output.folder(.observe))
    return TrainingWindows(
      frames: source.frameCount, context.configuration.training)
  }

  /// Whether the field of every window is there, for inputs that the stage is claimed for.
  static func isComplete(_ context: StageContext) throws(CaptureError) -> Bool {
    let count = try windows(context).ranges.count
    let folder = context.output.folder(.train)
    for window in 0..<count
    where try TrainedField.parameters(ofWindow: window, of: count, in: folder) == nil {
      return false
    }
    return true
  }

  /// Trains some of the windows, but those whose fields an earlier run has left.
  ///
  /// - Returns: Parameters of all of them, and the report of the last one that was trained.
  func train(
    _ chosen: Range<Int>, of windows: TrainingWindows, _ context: StageContext
  ) throws(CaptureError) -> (parameters: Int, report: TrainingReport?) {
    let configuration = context.configuration.training
    let folder = context.output.folder(.train)
    let source = try ObservationCache.open(folder: context.output.folder(.observe))
    // What would fail after the training, which may take hours, fails before.
    try SurfaceExtractor.check(source.box, context.configuration.meshing)
    let count = windows.ranges.count
    var (parameters, last): (Int, TrainingReport?) = (0, nil)
    for (number, window) in chosen.enumerated() {
      // What refinement says of the poses is in no field.
      if !configuration.refinePoses,
        let known = try TrainedField.parameters(
          ofWindow: window, of: count, in: folder, monitor: context.monitor)
      {
        parameters += known
        continue
      }
      var monitor = context.monitor
      if count > 1 {
        monitor.report = { step, steps, note in
          context.monitor.report(number * steps + step, chosen.count * steps, note)
        }
        monitor.warn = { context.monitor.warn("window \(window + 1): \($0)") }
      }
      let report = try FieldTrainer.train(
        source: source, configuration: configuration, backend: context.backend, folder: folder,
        window: window, monitor: monitor)
      parameters += report.parameters
      last = report
    }
    return (parameters, last)
  }
}

extension OutputFolder {
  /// What training did to the cameras' poses; there only where they were refined.
  var poses: URL { folder(.train).appendingPathComponent("poses.json") }
  /// The calibration with the refined poses; there with ``poses``.
  var refinedCalibration: URL {
    folder(.train).appendingPathComponent(RigCalibration.fileName)
  }
}
