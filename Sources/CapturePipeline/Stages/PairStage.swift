internal import CaptureCore
internal import Foundation
internal import FrameSync
internal import Recordings
internal import Synchronization

/// Opens the recording, pairs its images by time, and reads each image once, so that a broken one is
/// found before hours of training and not after.
struct PairStage: PipelineStage {
  let name = StageName.pair

  func inputs(_ context: StageContext) throws(CaptureError) -> [String: String] {
    guard let source = context.source else {
      throw CaptureError(.usage, "The first stage needs a recording.", at: context.output.url.path)
    }
    let configuration = context.configuration
    return [
      "take": source.takes.map(\.standardizedFileURL.path).joined(separator: "\n"),
      "files": try SourceFiles.fingerprint(of: source.takes, excluding: context.output.url),
      "calibration": try source.calibration.map { file throws(CaptureError) in
        SHA256.hexDigest(of: try AtomicFile.read(file, limit: 64 << 20))
      } ?? "in the take",
      "sync": try context.hash(configuration.sync),
      "clocks": try context.hash(configuration.clocks),
      "cameras": configuration.cameras.joined(separator: "\n"),
      "frames": try context.hash(configuration.frames),
      "strict": "\(configuration.strict)",
    ]
  }

  func run(
    _ context: StageContext, claim: () throws(CaptureError) -> Void
  ) throws(CaptureError) -> StageResult {
    guard let source = context.source else {
      throw CaptureError(.usage, "The first stage needs a recording.", at: context.output.url.path)
    }
    let calibration = try source.calibration.map { file throws(CaptureError) in
      try AtomicFile.read(file, limit: RigCalibration.fileLimit)
    }
    let whole = try OpenTake(source, using: context.configuration.cameras)
    let cameras = try whole.indices(of: context.configuration.cameras)
    // Clocks and frame sets are those of all cameras, so that a frame has its number whoever is used.
    let clocks = try whole.reader.clocks(
      whole.cameras, context.configuration.clocks, threads: context.threads,
      monitor: context.monitor)
    let (all, report) = whole.reader.synchronized(context.configuration.sync, clocks: clocks)
    // What is left out harms nothing.
    let take = whole.keeping(cameras)
    let used = Set(take.cameras.map(\.description.id))
    let kept = all.map { $0.keeping(cameras) }
    let streams = StreamRules(report).findings().filter { $0.camera.map(used.contains) ?? true }
    let warned = whole.reader.warnings + report.warnings(of: used) + streams.map(\.sentences)
    for warning in warned { context.monitor.warn(warning) }
    let misplaced = try CalibrationLook(
      take: take, sets: kept,
      clocks: clocks.map { clocks in cameras.map { clocks[$0] } },
      configuration: context.configuration, threads: context.threads
    ).findings(isCancelled: context.monitor.isCancelled)
    for finding in misplaced { context.monitor.warn(finding.sentences) }
    let chosen = kept.filter {
      context.configuration.frames.contains($0.index) && $0.hasDepth
    }
    guard !chosen.isEmpty else {
      throw CaptureError(
        .badInput, "None of the take's \(all.count) frame sets is used.", at: source.place,
        remedy: all.isEmpty
          ? "Check that the cameras recorded depth."
          : "Choose other --frames or --cameras, or a smaller --every."
      )
    }
    for warning in Self.absent(take, in: chosen) { context.monitor.warn(warning) }
    let (sets, failures, images) = try checked(chosen, take, context)
    let rules = FindingRules(take: take.reader.take, sync: report, images: images)
    for finding in rules.imageFindings() { context.monitor.warn(finding.sentences) }
    for warning in take.reader.warnings where !warned.contains(warning) {
      context.monitor.warn(warning)
    }
    guard !sets.isEmpty else {
      throw CaptureError(
        .badInput, "No depth image can be read. \(failures[0])", at: source.place)
    }
    let list = FrameList(
      takes: source.takes.map(\.standardizedFileURL.path),
      calibration: calibration.map { _ in RigCalibration.fileName }, name: take.reader.take.name,
      cameras: take.cameras.map(\.description.id),
      framesPerSecond: report.period > 0 ? 1 / report.period : take.reader.take.framesPerSecond,
      frames: sets.map(FrameList.Frame.init))
    // The choice of frames may have been mistyped: until here what was paired before is as it was.
    try claim()
    let folder = context.output.folder(.pair)
    try AtomicFile.writeJSON(list, to: folder.appendingPathComponent(FrameList.fileName))
    try AtomicFile.writeJSON(report, to: folder.appendingPathComponent("sync.json"))
    if let calibration {
      try AtomicFile.write(calibration, to: folder.appendingPathComponent(RigCalibration.fileName))
    }
    return StageResult(
      outputs: [FrameList.fileName, "sync.json"]
        + (calibration == nil ? [] : [RigCalibration.fileName]),
      summary: "\(sets.count) frame sets of \(take.cameras.count) cameras", skipped: failures)
  }

  /// What to tell of cameras that have depth, but hardly any in the chosen frame sets.
  private static func absent(_ take: OpenTake, in sets: [FrameSet]) -> [String] {
    take.cameras.enumerated().compactMap { index, camera in
      let missing = sets.count { $0.entries[index].depth == nil }
      guard 2 * missing > sets.count, !take.reader.samples(camera: index, kind: .depth).isEmpty
      else { return nil }
      let id = camera.description.id
      return
        "Camera \(id) has no depth in \(missing) of the \(sets.count) chosen frame sets: choose other --frames, or leave it out with --cameras."
    }
  }

  /// The sets without the images that cannot be read, less the sets that then have no depth; and by camera
  /// what the images show.
  private func checked(
    _ sets: [FrameSet], _ take: OpenTake, _ context: StageContext
  ) throws(CaptureError) -> ([FrameSet], [String], [CameraFigures]) {
    var results = sets.map { (set: $0, failures: [CaptureError](), images: [CameraFigures]()) }
    let done = Atomic<Int>(0)
    results.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let buffer = buffer
      concurrently(sets.count, threads: context.threads) { i, _ in
        if context.monitor.isCancelled() { return }
        buffer[i] = take.readable(sets[i])
        let count = done.wrappingAdd(1, ordering: .relaxed).newValue
        context.monitor.report(count, sets.count, "")
      }
    }
    try context.monitor.checkCancelled()
    var failures: [String] = []
    var images = [CameraFigures](repeating: CameraFigures(), count: take.cameras.count)
    for result in results {
      for (camera, figures) in result.images.enumerated() { images[camera].append(figures) }
      if let first = result.failures.first, context.configuration.strict { throw first }
      failures += result.failures.map(\.description)
      if !result.set.hasDepth {
        failures.append("frame set \(result.set.index): No camera's depth can be read.")
      }
    }
    return (results.map(\.set).filter(\.hasDepth), failures, images)
  }
}

extension FrameSet {
  /// The set with the images of some cameras alone.
  func keeping(_ cameras: [Int]) -> FrameSet {
    FrameSet(index: index, time: time, entries: cameras.map { entries[$0] })
  }

  /// Whether any camera has depth for it.
  fileprivate var hasDepth: Bool { entries.contains { $0.depth != nil } }
}
