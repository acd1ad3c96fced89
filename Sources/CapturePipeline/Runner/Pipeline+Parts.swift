public import CaptureCore
internal import Foundation

extension Pipeline {
  /// What meshing a part left.
  public struct PartReport: Sendable {
    /// Frames of the part.
    public var frames: Int
    /// Frames without a mesh, each with the reason.
    public var skipped: [String]
    /// Size of the meshes; 0 where they were joined already.
    public var bytes: Int
  }

  /// Extracts the meshes of a part of the frames, beside other processes that do other parts.
  ///
  /// The stage itself, run afterwards, finds the frames done and leaves what it would have left
  /// alone. A part that another process has in its hands is waited for as long as ``patience`` says.
  /// - Throws: ``CaptureError`` as ``run(only:_:)`` does.
  public func mesh(_ part: FramePart) throws(CaptureError) -> PartReport {
    try configuration.validate()
    let stage = MeshStage()
    while true {
      let lock = try OutputLock(
        output.url, isShared: true, patience: patience, isCancelled: isCancelled)
      defer { withExtendedLifetime(lock) {} }
      let context = context(for: .mesh, nil, try standing(before: .mesh))
      let inputs = try stage.inputs(context)
      let list = try FrameList.read(output)
      let positions = part.range(of: list.frames.count)
      let folder = output.folder(.mesh)
      if StageManifest.find(in: folder)?.isCurrent(for: inputs, in: folder) == true {
        return PartReport(frames: positions.count, skipped: [], bytes: 0)
      }
      guard output.isClaimed(.mesh, for: inputs) else {
        // Only who is alone may replace what other inputs left. Then everyone shares again.
        lock.release()
        try prepare(inputs)
        continue
      }
      let own = try OutputLock(
        output.url, name: ".mesh-\(part.index + 1)-of-\(part.count).lock", patience: patience,
        isCancelled: isCancelled)
      defer { withExtendedLifetime(own) {} }
      observer.began(.mesh)
      let records = try stage.extract(positions, of: list.frames, context)
      return PartReport(
        frames: records.count, skipped: records.compactMap(\.failure),
        bytes: records.reduce(0) { $0 + ($1.bytes ?? 0) })
    }
  }

  private func prepare(_ inputs: [String: String]) throws(CaptureError) {
    let lock = try begin(nil)
    defer { withExtendedLifetime(lock) {} }
    if !output.isClaimed(.mesh, for: inputs) { try output.claim(.mesh, for: inputs) }
  }
}
