public import CaptureCore
internal import FieldTraining
internal import Foundation

extension Pipeline {
  /// What the work on a part left.
  public struct PartReport: Sendable {
    /// Frames of the part.
    public var frames: Int
    /// Frames without a mesh, each with the reason.
    public var skipped: [String]
    /// Size of the files; 0 where the parts were joined already.
    public var bytes: Int
  }

  /// Extracts the meshes of a part of the frames, beside other processes that do other parts.
  ///
  /// The stage itself, run afterwards, finds the frames done and leaves what it would have left
  /// alone. A part that another process has in its hands is waited for as long as ``patience`` says.
  /// - Throws: ``CaptureError`` as ``run(only:_:)`` does.
  public func mesh(_ part: FramePart) throws(CaptureError) -> PartReport {
    let stage = MeshStage()
    return try work(on: part, of: stage) { context, isJoined throws(CaptureError) in
      let list = try FrameList.read(output)
      let positions = part.range(of: list.frames.count)
      guard !isJoined else { return PartReport(frames: positions.count, skipped: [], bytes: 0) }
      let records = try stage.extract(positions, of: list.frames, context)
      return PartReport(
        frames: records.count, skipped: records.compactMap(\.failure),
        bytes: records.reduce(0) { $0 + ($1.bytes ?? 0) })
    }
  }

  /// Trains the fields of a part of the take's windows of frames, beside other processes that train
  /// others; see `training.window`.
  ///
  /// As with ``mesh(_:)``, the stage itself joins the parts.
  /// - Throws: ``CaptureError`` as ``run(only:_:)`` does.
  public func train(_ part: FramePart) throws(CaptureError) -> PartReport {
    let stage = TrainStage()
    return try work(on: part, of: stage) { context, isJoined throws(CaptureError) in
      let windows = try TrainStage.windows(context)
      let chosen = part.range(of: windows.ranges.count)
      let frames = windows.ranges[chosen].reduce(0) { $0 + $1.count }
      guard !isJoined else { return PartReport(frames: frames, skipped: [], bytes: 0) }
      _ = try stage.train(chosen, of: windows, context)
      let names = TrainedField.names(windows: windows.ranges.count)[chosen]
      return PartReport(
        frames: frames, skipped: [],
        bytes: names.reduce(0) {
          $0 + (AtomicFile.size(of: output.folder(.train).appendingPathComponent($1)) ?? 0)
        })
    }
  }

  /// Joins the parts of training once all are there; until then nothing happens.
  /// - Throws: ``CaptureError`` as ``run(only:_:)`` does.
  public func joinTraining() throws(CaptureError) {
    let context = context(for: .train, nil, try standing(before: .train))
    let inputs = try TrainStage().inputs(context)
    guard output.isClaimed(.train, for: inputs), try TrainStage.isComplete(context) else { return }
    _ = try run(only: .train)
  }

  /// Shares a stage's folder with other processes while a part of the stage is worked on.
  private func work(
    on part: FramePart, of stage: any PipelineStage,
    _ body: (_ context: StageContext, _ isJoined: Bool) throws(CaptureError) -> PartReport
  ) throws(CaptureError) -> PartReport {
    try configuration.validate()
    let name = stage.name
    while true {
      let lock = try FolderLock(
        output.url, isShared: true, patience: patience, isCancelled: isCancelled)
      defer { withExtendedLifetime(lock) {} }
      let context = context(for: name, nil, try standing(before: name))
      let inputs = try stage.inputs(context)
      let folder = output.folder(name)
      if StageManifest.find(in: folder)?.isCurrent(for: inputs, in: folder) == true {
        return try body(context, true)
      }
      guard output.isClaimed(name, for: inputs) else {
        // Only who is alone may replace what other inputs left. Then everyone shares again.
        lock.release()
        try prepare(name, inputs)
        continue
      }
      let own = try FolderLock(
        output.url, name: ".\(name.rawValue)-\(part.index + 1)-of-\(part.count).lock",
        patience: patience, isCancelled: isCancelled)
      defer { withExtendedLifetime(own) {} }
      observer.began(name)
      return try body(context, false)
    }
  }

  private func prepare(
    _ name: StageName, _ inputs: [String: String]
  ) throws(CaptureError) {
    let lock = try begin(nil)
    defer { withExtendedLifetime(lock) {} }
    if try output.restore(name, for: inputs) != nil || output.isClaimed(name, for: inputs) {
      try writeConfiguration()
    } else {
      try claim(name, for: inputs)
    }
  }
}
