public import CaptureCore
public import Foundation
internal import Recordings
internal import Synchronization
public import SyntheticRigs

/// Writes the recording of a synthetic rig, and the truth beside it, as a take's folder.
///
/// ```
/// take.json, calibration.json, cam0/...   the take, as a recorder would write it
/// synth.json                              every knob
/// truth/rig.json                          where the cameras stand, what their clocks do
/// truth/depth/cam0/000000.png             z-depth at each exposure, in steps of 0.1 mm
/// truth/000000.ply                        the surface at each trigger
/// truth/points.npz                        the same places of the surface at each trigger
/// ```
public struct SyntheticTake {
  /// How the images of a synthetic rig are stored.
  public enum Format: String, CaseIterable, Sendable {
    /// A take: JPEG and PNG files, and lists of times.
    case take
    /// One `.mkv` file a camera, as Azure Kinects record them; no masks.
    case mkv

    /// Knobs with image sizes that the format has, where it does not have all: to begin with, before
    /// what the user asks for.
    public func sized(_ knobs: SyntheticRigConfiguration) -> SyntheticRigConfiguration {
      guard self == .mkv else { return knobs }
      var knobs = knobs
      (knobs.colorWidth, knobs.colorHeight) = (1280, 720)
      (knobs.depthWidth, knobs.depthHeight) = (320, 288)
      return knobs
    }
  }

  /// Metres per step of the true depth images.
  public static let truthUnit: Float = 0.0001

  private let rig: SyntheticRig
  private let folder: URL
  private let writer: any SyntheticImages
  private let truth: SyntheticTruth?
  private let samples: [[StreamKind: [SyntheticSample]]]

  /// Prepares to write into a folder, which must hold no take.
  ///
  /// - Parameters:
  ///   - format: How images are stored.
  ///   - withTruth: Whether surfaces, places and true depth are written as well.
  /// - Throws: ``CaptureError`` `badInput` when there is a take or the folder cannot be written,
  ///   `usage` when the format cannot hold the rig's images.
  public init(
    _ rig: SyntheticRig, folder: URL, format: Format = .take, withTruth: Bool = true
  ) throws(CaptureError) {
    (self.rig, self.folder) = (rig, folder)
    writer =
      switch format {
      case .take:
        try TakeWriter(folder: folder, take: rig.take, calibration: rig.calibration)
      case .mkv: try SyntheticKinectFiles(rig, folder: folder)
      }
    truth =
      withTruth ? try SyntheticTruth(rig, folder: folder.appendingPathComponent("truth")) : nil
    samples = rig.take.cameras.indices.map { camera in
      Dictionary(
        uniqueKeysWithValues: StreamKind.allCases.map {
          ($0, rig.samples(camera: camera, kind: $0))
        })
    }
  }

  /// Renders and writes everything; `take.json` comes last.
  ///
  /// - Throws: ``CaptureError`` for what writing meets, `tryAgain` when asked to stop.
  public func write(monitor: StageMonitor = .silent) throws(CaptureError) {
    try writeConfiguration()
    let frames = rig.configuration.frames
    let state = Mutex<(done: Int, error: CaptureError?)>((0, nil))
    concurrently(frames) { frame, _ in
      guard state.withLock({ $0.error == nil }) else { return }
      do throws(CaptureError) {
        try monitor.checkCancelled()
        try write(frame: frame)
        let done = state.withLock { state in
          state.done += 1
          return state.done
        }
        monitor.report(done, frames, "")
      } catch {
        state.withLock { $0.error = $0.error ?? error }
      }
    }
    if let error = state.withLock({ $0.error }) { throw error }
    try truth?.finish()
    try writer.finish()
  }

  private func write(frame: Int) throws(CaptureError) {
    var depths: [(camera: Int, depth: [Float])] = []
    for camera in rig.take.cameras.indices {
      if let (index, sample) = find(frame, camera, .depth) {
        let depth = rig.depth(camera: camera, frame: frame)
        try writer.write(
          depth.measured, frame: frame, camera: camera, index: index, time: sample.deviceTime)
        depths.append((camera, depth.truth))
      }
      if let (index, sample) = find(frame, camera, .color) {
        let (color, mask) = rig.colorAndMask(camera: camera, frame: frame)
        try writer.write(
          color, frame: frame, camera: camera, index: index, time: sample.deviceTime)
        if rig.configuration.masks {
          try writer.write(
            mask, frame: frame, camera: camera, index: index, time: sample.deviceTime)
        }
      }
    }
    try writer.end(frame: frame)
    try truth?.write(frame: frame, depths: depths)
  }

  /// A stream's image of a trigger, with its number in the stream; nil where it was dropped.
  private func find(
    _ frame: Int, _ camera: Int, _ kind: StreamKind
  ) -> (Int, SyntheticSample)? {
    guard let list = samples[camera][kind] else { return nil }
    let low = list.partitionPoint { $0.frame < frame }
    return low < list.count && list[low].frame == frame ? (low, list[low]) : nil
  }

  private func writeConfiguration() throws(CaptureError) {
    let text = try rig.configuration.text()
    try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent("synth.json"))
  }
}
