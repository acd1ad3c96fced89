public import CaptureCore
internal import FieldTraining
internal import Foundation
public import NeuralFields
internal import Synchronization

/// Runs the stages on one output folder: each once, again only when something changed.
///
/// A run may be stopped or killed at any moment; the next one goes on where it was. Only one process
/// at a time works in a folder.
public struct Pipeline: Sendable {
  /// Where the results go.
  public var output: OutputFolder
  /// The effective configuration.
  public var configuration: JobConfiguration
  /// What runs the field.
  public var backend: any FieldBackend
  /// Threads for the work that runs in parallel.
  public var threads: Int
  /// Learns what happens.
  public var observer: any PipelineObserver
  /// True once the user asked to stop.
  public var isCancelled: @Sendable () -> Bool
  /// How long to wait for another process that works in the folder.
  public var patience = Duration.zero

  /// A pipeline that works in `output`.
  public init(
    output: OutputFolder, configuration: JobConfiguration, backend: any FieldBackend, threads: Int,
    observer: any PipelineObserver = SilentObserver(),
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.output, self.configuration, self.backend) = (output, configuration, backend)
    (self.threads, self.observer, self.isCancelled) = (threads, observer, isCancelled)
  }

  /// Runs every stage that the method needs, then draws the preview.
  /// - Throws: ``CaptureError`` of the first stage that fails, with the stages before it kept;
  ///   `tryAgain` when another process works in the folder, or once the user asked to stop.
  public func run(_ source: TakeSource) throws(CaptureError) -> RunReport {
    let lock = try begin(source)
    defer { withExtendedLifetime(lock) {} }
    let clock = ContinuousClock()
    let start = clock.now
    var manifests: [StageName: StageManifest] = [:]
    var ran: Set<StageName> = []
    for stage in BuiltinStages.needed(by: configuration) {
      let context = context(for: stage.name, source, manifests)
      let inputs = try stage.inputs(context)
      if let known = try current(stage, inputs) {
        manifests[stage.name] = known
        continue
      }
      manifests[stage.name] = try perform(stage, inputs, context)
      ran.insert(stage.name)
    }
    let report = RunReport(
      configuration: configuration, backend: backend.name,
      stages: StageName.allCases.compactMap { manifests[$0] }, ran: ran, poses: try poseChanges(),
      seconds: (clock.now - start).inSeconds)
    try AtomicFile.writeJSON(report, to: output.report)
    if AtomicFile.size(of: output.preview) == nil { try drawPreview() }
    return report
  }

  private func poseChanges() throws(CaptureError) -> [PoseChange]? {
    guard configuration.method == .field, configuration.training.refinePoses else { return nil }
    return try readJSON(
      [PoseChange].self, from: output.poses, remedy: "Remove the folder and run again.")
  }

  /// The meshes are there: a picture that cannot be drawn, because the recording is gone by now, is
  /// no reason to fail.
  private func drawPreview() throws(CaptureError) {
    do {
      try PreviewPicture(output: output, threads: threads).write()
    } catch {
      guard error.code != .tryAgain else { throw error }
      observer.warned(.export, "No preview is drawn. \(error)")
    }
  }

  /// Runs one stage on what the stages before it left.
  ///
  /// - Parameter source: The recording, for the first stage alone.
  /// - Throws: ``CaptureError`` `usage` when a stage before it has not run for this configuration.
  public func run(
    only name: StageName, _ source: TakeSource? = nil
  ) throws(CaptureError) -> StageManifest {
    guard let stage = BuiltinStages.needed(by: configuration).first(where: { $0.name == name })
    else {
      throw CaptureError(
        .usage, "The method '\(configuration.method.rawValue)' has no stage '\(name.rawValue)'.",
        at: output.url.path, remedy: "Set another method, or go on with the next stage.")
    }
    let lock = try begin(source)
    defer { withExtendedLifetime(lock) {} }
    let context = context(for: name, source, try standing(before: name))
    let inputs = try stage.inputs(context)
    if let known = try current(stage, inputs) { return known }
    return try perform(stage, inputs, context)
  }

  /// What is left by the stages before one, as far as it stands for today's configuration.
  ///
  /// The recording itself is not looked at, so that later stages run where it is not.
  func standing(before name: StageName) throws(CaptureError) -> [StageName: StageManifest] {
    var manifests: [StageName: StageManifest] = [:]
    for stage in BuiltinStages.needed(by: configuration) {
      let folder = output.folder(stage.name)
      guard stage.name != name, let manifest = StageManifest.find(in: folder) else { break }
      let inputs =
        stage.name == .pair
        ? manifest.inputs : try stage.inputs(context(for: stage.name, nil, manifests))
      guard manifest.isCurrent(for: inputs, in: folder) else { break }
      manifests[stage.name] = manifest
    }
    return manifests
  }

  /// The stages that need not run again: those before the first whose inputs have changed.
  ///
  /// Nothing is locked and nothing written; a folder that is not there has none.
  /// - Throws: ``CaptureError`` of a recording or calibration that cannot be read.
  public func finished(_ source: TakeSource) throws(CaptureError) -> [StageName] {
    var manifests: [StageName: StageManifest] = [:]
    for stage in BuiltinStages.needed(by: configuration) {
      let folder = output.folder(stage.name)
      guard let manifest = StageManifest.find(in: folder) else { break }
      let inputs = try stage.inputs(context(for: stage.name, source, manifests))
      guard manifest.isCurrent(for: inputs, in: folder) else { break }
      manifests[stage.name] = manifest
    }
    return StageName.allCases.filter { manifests[$0] != nil }
  }

  func begin(_ source: TakeSource?) throws(CaptureError) -> FolderLock {
    if source?.takes.contains(where: { $0.standardizedFileURL == output.url }) == true {
      throw CaptureError(
        .usage, "The output folder is the recording itself.", at: output.url.path,
        remedy: "Choose another folder with -o.")
    }
    try configuration.validate()
    try AtomicFile.makeFolder(output.url)
    let lock = try FolderLock(output.url, patience: patience, isCancelled: isCancelled)
    guard !output.hasForeignConfiguration else {
      throw CaptureError(
        .badInput, "The folder holds a config.json that fieldmesh did not write.",
        at: output.url.path, remedy: "Choose another output folder.")
    }
    output.sweep()
    return lock
  }

  /// Makes this the folder's configuration: what is in the folder is its own from here on.
  func writeConfiguration() throws(CaptureError) {
    let text = try configuration.text()
    if (try? AtomicFile.read(output.configuration, limit: 1 << 20)) != Data(text.utf8) {
      try AtomicFile.write(Data(text.utf8), to: output.configuration)
    }
  }

  /// Takes a stage's folder over, and the configuration with it.
  func claim(_ name: StageName, for inputs: [String: String]) throws(CaptureError) {
    try output.claim(name, for: inputs)
    try writeConfiguration()
  }

  func context(
    for name: StageName, _ source: TakeSource?, _ upstream: [StageName: StageManifest]
  ) -> StageContext {
    let observer = observer
    return StageContext(
      output: output, configuration: configuration, backend: backend, threads: threads,
      source: source, upstream: upstream,
      monitor: StageMonitor(
        report: { observer.progressed(name, done: $0, total: $1, note: $2) },
        warn: { observer.warned(name, $0) }, isCancelled: isCancelled))
  }

  /// What a stage has left for these inputs, which is told again; nil where it has to run.
  private func current(
    _ stage: any PipelineStage, _ inputs: [String: String]
  ) throws(CaptureError) -> StageManifest? {
    let folder = output.folder(stage.name)
    var known = StageManifest.find(in: folder)
    if known?.isCurrent(for: inputs, in: folder) != true {
      known = try output.restore(stage.name, for: inputs)
    }
    guard let manifest = known else { return nil }
    try writeConfiguration()
    for warning in manifest.warnings { observer.warned(stage.name, warning) }
    observer.ended(
      stage.name, seconds: manifest.seconds, reused: true, summary: manifest.summary)
    return manifest
  }

  private func perform(
    _ stage: any PipelineStage, _ inputs: [String: String], _ context: StageContext
  ) throws(CaptureError) -> StageManifest {
    try context.monitor.checkCancelled()
    observer.began(stage.name)
    let folder = output.folder(stage.name)
    try output.check(stage.name)
    let clock = ContinuousClock()
    let start = clock.now
    let warnings = Mutex<[String]>([])
    var context = context
    let warn = context.monitor.warn
    context.monitor.warn = { sentence in
      warnings.withLock { $0.append(sentence) }
      warn(sentence)
    }
    let result = try stage.run(context) { () throws(CaptureError) in
      try claim(stage.name, for: inputs)
    }
    let manifest = StageManifest(
      stage: stage.name, inputs: inputs, outputs: try sizes(of: result.outputs, in: folder),
      summary: result.summary, warnings: warnings.withLock { $0 }, skipped: result.skipped,
      seconds: (clock.now - start).inSeconds, peakMemory: Host.peakMemory,
      finished: Date().ISO8601Format())
    try AtomicFile.writeJSON(manifest, to: folder.appendingPathComponent(StageManifest.fileName))
    if stage.name == .train { output.removeEarlierTraining() }
    observer.ended(
      stage.name, seconds: manifest.seconds, reused: false, summary: manifest.summary)
    return manifest
  }

  private func sizes(
    of files: [String], in folder: URL
  ) throws(CaptureError) -> [StageManifest.Output] {
    try files.sorted().map { name throws(CaptureError) in
      let url = folder.appendingPathComponent(name)
      guard let bytes = AtomicFile.size(of: url) else {
        throw CaptureError(.tryAgain, "The file vanished while the stage ran.", at: url.path)
      }
      return StageManifest.Output(file: name, bytes: bytes)
    }
  }
}

extension Duration {
  /// The duration as seconds.
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
