public import CaptureCore
public import Foundation
public import NeuralFields

/// What a training did, for the manifest and the report.
public struct TrainingReport: Codable, Equatable, Sendable {
  /// Steps in all, and those that an earlier run had done.
  public var steps, resumedAt: Int
  /// Parameters of the field, and the highest rank of its residuals.
  public var parameters, rank: Int
  /// Name of the backend.
  public var backend: String
  /// What became of each camera's pose; nil unless ``TrainingConfiguration/refinePoses``.
  public var poses: [PoseChange]?
  /// The cameras in the places that the field was trained with.
  public var cameras: [PlacedCamera]
}

/// Trains one field over all frames of a take, or over one of its windows.
public enum FieldTrainer {
  /// Trains, or goes on from the newest checkpoint in `folder`, and writes the field there.
  ///
  /// The result depends on the observations, the configuration and the kind of machine alone: not on
  /// the number of threads, nor on how often the training was interrupted. Windows may be trained in
  /// any order and by several processes in one folder.
  ///
  /// - Parameter window: Which of the ``TrainingWindows`` of these observations, from 0.
  /// - Throws: ``CaptureError`` `usage` for a configuration out of range, `badInput` for observations
  ///   that cannot be read, `tryAgain` when stopped or when the disk is full. A checkpoint is
  ///   written when the monitor asks to stop.
  /// - Complexity: O(steps × points × parameters of the field).
  public static func train(
    source: any ObservationSource, configuration: TrainingConfiguration,
    backend: any FieldBackend, folder: URL, window: Int = 0, monitor: StageMonitor = .silent
  ) throws(CaptureError) -> TrainingReport {
    try configuration.validate()
    var configuration = configuration
    // Windows of a take are trained alike.
    if configuration.steps == 0 { configuration.steps = try TakeMotion(source).steps }
    let ranges = TrainingWindows(frames: source.frameCount, configuration).ranges
    precondition(ranges.indices.contains(window), "one of the windows")
    let run = try TrainingRun(
      ranges.count > 1 ? WindowSource(source, ranges[window]) : source,
      WindowPlace(index: window, count: ranges.count), configuration, backend, folder, monitor)
    return try run.finish()
  }
}

/// One training from its first or a later step to the end.
private final class TrainingRun {
  let source: any ObservationSource
  let window: WindowPlace
  let configuration: TrainingConfiguration
  let backend: any FieldBackend
  let folder: URL
  let monitor: StageMonitor
  let layout: ParameterLayout
  let space: FieldSpace
  let store: CheckpointStore
  let session: any FieldSession
  let resumedAt: Int
  /// Nil unless poses are refined.
  var poses: PoseState?

  init(
    _ source: any ObservationSource, _ window: WindowPlace,
    _ configuration: TrainingConfiguration, _ backend: any FieldBackend, _ folder: URL,
    _ monitor: StageMonitor
  ) throws(CaptureError) {
    (self.source, self.window) = (source, window)
    (self.configuration, self.backend) = (configuration, backend)
    (self.folder, self.monitor) = (folder, monitor)
    guard let maker = BuiltinFields.all.first(where: { $0.name == configuration.field })?.make
    else { throw CaptureError(.usage, "There is no such field.", at: "training.field") }
    let rank = configuration.rank < 0 ? try TakeMotion(source).rank : configuration.rank
    let capacity = configuration.capacity > 0 ? configuration.capacity : source.frameCount
    layout = try ParameterLayout(maker(configuration.size(rank: rank), capacity))
    if let objection = backend.objection(to: layout) {
      throw CaptureError(.usage, objection, at: "training.field")
    }
    space = FieldSpace(box: source.box, times: source.times)
    store = CheckpointStore(
      folder: folder, prefix: window.checkpointPrefix,
      fingerprint: try Self.fingerprint(configuration, space, layout.field, source))
    try AtomicFile.makeFolder(folder)
    let cameras = configuration.refinePoses ? source.cameras.count : nil
    let start =
      store.newest(count: layout.count, cameras: cameras, monitor: monitor)
      ?? (
        OptimizerState(parameters: layout.freshParameters(seed: configuration.seed)),
        cameras.map { PoseState(cameras: $0) }
      )
    (resumedAt, poses) = (start.state.step, start.poses)
    session = try backend.session(layout, state: start.state)
  }

  /// Everything that decides the result, as text: a checkpoint of other text is not of this training.
  private static func fingerprint(
    _ configuration: TrainingConfiguration, _ space: FieldSpace, _ field: FieldDescription,
    _ source: any ObservationSource
  ) throws(CaptureError) -> String {
    struct Key: Encodable {
      var configuration: TrainingConfiguration
      var space: FieldSpace
      var field: FieldDescription
      var firstFrame: [Int]
    }
    var compared = configuration
    compared.checkpointSteps = 1
    let frame = try source.frame(0)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    do {
      let data = try encoder.encode(
        Key(
          configuration: compared, space: space, field: field,
          firstFrame: [frame.surface.count, frame.freeRays.count]))
      return String(data.withUnsafeBytes(Checksum.of), radix: 16)
    } catch {
      throw CaptureError(.usage, "The configuration cannot be encoded: \(error).", at: "training")
    }
  }

  func finish() throws(CaptureError) -> TrainingReport {
    let sampler = BatchSampler(
      source: source, configuration: configuration, space: space, capacity: layout.field.capacity,
      threads: backend.threads)
    let objective = Objective(
      batch: sampler.batch, settings: LossSettings(scale: space.scale, beta: 1))
    let refiner = PoseRefiner(
      source: source, configuration: configuration, space: space, capacity: layout.field.capacity,
      threads: backend.threads)
    let rounds = Set(PoseState.steps(configuration))
    if let poses, poses.rounds > 0 {
      sampler.follow(CorrectedSource(source, poses.corrections))
    }
    for step in resumedAt..<max(configuration.steps, resumedAt) {
      if monitor.isCancelled() {
        try store.save(session.state, poses)
        try monitor.checkCancelled()
      }
      if var state = poses, rounds.contains(step) {
        setSchedules(step, objective)
        try refiner.refine(&state) { at throws(CaptureError) in
          try session.evaluationSlice(position: at)
        }
        poses = state
        sampler.follow(CorrectedSource(source, state.corrections))
      }
      try sampler.draw(step: step)
      setSchedules(step, objective)
      objective.clear()
      session.step(
        points: UnsafeBufferPointer(
          rebasing: sampler.batch.positions[..<(3 * sampler.batch.count)]),
        groups: sampler.batch.groups, loss: objective, optimizer: optimizer(step))
      try report(step, objective)
      if (step + 1) % configuration.checkpointSteps == 0, step + 1 < configuration.steps {
        try checkConvergence(step, objective)
        try store.save(session.state, poses)
      }
    }
    let state = session.state
    try WindowField.write(
      layout: layout, space: space, bandWeights: bandWeights(configuration.steps - 1),
      hasColor: source.cameras.contains { $0.description.color != nil },
      parameters: state.parameters, window: window, to: folder)
    store.removeAll()
    let changes = poses.map { refiner.changes($0) }
    for change in changes ?? [] where change.isHeld { monitor.warn(change.warning) }
    return TrainingReport(
      steps: configuration.steps, resumedAt: resumedAt, parameters: layout.count,
      rank: layout.field.distance.map(\.rank).max() ?? 0, backend: backend.name,
      poses: changes,
      cameras: poses.map { CorrectedSource(source, $0.corrections).cameras } ?? source.cameras)
  }

  private func report(_ step: Int, _ objective: Objective) throws(CaptureError) {
    guard step % 50 == 0 || step + 1 == configuration.steps else { return }
    try checkConvergence(step, objective)
    monitor.report(
      step + 1, configuration.steps, "distance \(millimetres(objective.totals()[0]))")
  }

  /// What has diverged is no state to go on from, nor to keep.
  private func checkConvergence(_ step: Int, _ objective: Objective) throws(CaptureError) {
    let loss = zip(objective.totals(), objective.weights).reduce(0) { $0 + $1.0 * $1.1 }
    guard loss.isFinite else {
      throw CaptureError(
        .badInput, "The training diverged at step \(step): the loss is \(loss).",
        at: "training", remedy: "Lower training.rate, or look at the observations.")
    }
  }

  private func millimetres(_ x: Float) -> String { "\((x * 10_000).rounded() / 10) mm" }

  private func setSchedules(_ step: Int, _ objective: Objective) {
    let t = Float(step) / Float(max(1, configuration.steps - 1))
    func between(_ pair: [Double]) -> Float { Float(pair[0]) * (1 - t) + Float(pair[1]) * t }
    for (i, term) in BuiltinLosses.all.enumerated() {
      objective.weights[i] = between(term.weight(configuration))
    }
    let (a, b) = (Float(configuration.renderBeta[0]), Float(configuration.renderBeta[1]))
    objective.settings.beta = a * pow(b / a, t)
    session.bandWeights = bandWeights(step)
  }

  /// Coarse to fine: band k passes by (1 − cos(π clamp(α · bands − k, 0, 1))) / 2.
  private func bandWeights(_ step: Int) -> [Float] {
    let until = max(1, configuration.coarseUntil * Double(configuration.steps))
    let share = min(1, Double(step) / until)
    let alpha = configuration.coarseStart + (1 - configuration.coarseStart) * share
    let bands = layout.field.bands
    return (0..<bands).map { k in
      Float((1 - cos(.pi * min(1, max(0, alpha * Double(bands) - Double(k))))) / 2)
    }
  }

  private func optimizer(_ step: Int) -> OptimizerStep {
    var optimizer = OptimizerStep(rate: rate(step))
    optimizer.matrixRule = configuration.optimizer
    optimizer.matrixRateScale = Float(configuration.matrixRate)
    return optimizer
  }

  /// Linear warm-up, then half a cosine down to the final share.
  private func rate(_ step: Int) -> Float {
    let c = configuration
    if step < c.warmup { return Float(c.rate * Double(step + 1) / Double(c.warmup)) }
    let t = Double(step - c.warmup) / Double(max(1, c.steps - c.warmup))
    return Float(c.rate * (c.finalRate + (1 - c.finalRate) * (1 + cos(.pi * min(1, t))) / 2))
  }
}
