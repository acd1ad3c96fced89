import CaptureCore
import ClockEstimation
import Synchronization
import SyntheticRigs

/// A synthetic rig whose depth images are rendered once, when they are first wanted.
final class RenderedRig: Sendable {
  let rig: SyntheticRig
  private let images = Mutex<[Int: DepthImage]>([:])

  init(_ change: (inout SyntheticRigConfiguration) -> Void) throws {
    var knobs = SyntheticRigConfiguration()
    (knobs.subject, knobs.framesPerSecond, knobs.frames) = ("dancer", 15, 36)
    (knobs.depthWidth, knobs.depthHeight) = (72, 64)
    (knobs.clockOffset, knobs.clockDrift, knobs.exposurePhase) = (0.5, 0.0004, 0.03)
    (knobs.droppedShare, knobs.timestampJitter) = (0.1, 0.0005)
    change(&knobs)
    rig = try SyntheticRig(knobs)
  }

  /// A moving subject before four cameras, with every defect of time.
  static let moving = Result { try RenderedRig { _ in } }
  /// The same, but nothing moves.
  static let still = Result { try RenderedRig { ($0.speed, $0.frames) = (0, 16) } }

  /// The cameras as a recorder describes them, with their calibration.
  func cameras(calibrated: Bool = true) -> [ClockCamera] {
    rig.trueCameras.enumerated().map { index, camera in
      ClockCamera(
        description: camera.description, worldFromDepth: calibrated ? camera.worldFromDepth : nil,
        depthTimes: rig.samples(camera: index, kind: .depth).map(\.deviceTime))
    }
  }

  func depth(_ camera: Int, _ index: Int) -> DepthImage? {
    let frame = rig.samples(camera: camera, kind: .depth)[index].frame
    let key = camera << 32 | frame
    if let known = images.withLock({ $0[key] }) { return known }
    let image = rig.depth(camera: camera, frame: frame).measured
    images.withLock { $0[key] = image }
    return image
  }

  /// What a camera's clock shows more than the lead's, at a time that it shows.
  func trueOffset(_ camera: Int, lead: Int, at time: Double) -> Double {
    let (own, other) = (rig.clocks[camera], rig.clocks[lead])
    let start = rig.configuration.startTime
    let exposure = (time - own.offset + own.drift * start) / (1 + own.drift)
    return time - (exposure + other.offset + other.drift * (exposure - start))
  }
}
