public import CaptureCore
internal import Foundation

/// How one camera's clock and shutter relate to the rig's true time.
public struct CameraClock: Equatable, Sendable, Codable {
  /// What the clock shows too much at the first trigger, seconds.
  public var offset: Double
  /// What it gains, seconds per second.
  public var drift: Double
  /// How long after each trigger the shutter opens, seconds: the wired delay or the free phase.
  public var shutterDelay: Double
  /// Whether the camera is wired: only then does it report the delay.
  public var isWired: Bool
  /// Whether the camera gives the trigger.
  var isMaster: Bool

  /// The camera's place in the wiring, as a take describes it.
  var role: SyncRole {
    guard isWired else { return SyncRole(mode: .standalone) }
    return SyncRole(mode: isMaster ? .master : .subordinate, delay: shutterDelay)
  }

  static func all(of knobs: SyntheticRigConfiguration) -> [CameraClock] {
    (0..<knobs.cameras).map { camera in
      guard !knobs.isWired else {
        return CameraClock(
          offset: 0, drift: 0, shutterDelay: Double(camera) * knobs.wiredDelay, isWired: true,
          isMaster: camera == 0)
      }
      var random = SeededGenerator(seed: RigLayout.mix(knobs.seed, camera, 13))
      return CameraClock(
        offset: knobs.clockOffset * Double(2 * random.uniform() - 1),
        drift: knobs.clockDrift * Double(2 * random.uniform() - 1),
        shutterDelay: knobs.exposurePhase * Double(random.uniform()), isWired: false,
        isMaster: false)
    }
  }
}

/// One image that a camera recorded.
public struct SyntheticSample: Equatable, Sendable {
  /// Number of the trigger.
  public var frame: Int
  /// True time of the exposure, seconds.
  public var exposureTime: Double
  /// Time by the camera's clock, as recorded, seconds.
  public var deviceTime: Double
}

extension SyntheticRig {
  /// True time at which a camera exposes for a trigger, seconds.
  public func exposureTime(camera: Int, frame: Int) -> Double {
    triggerTime(frame) + clocks[camera].shutterDelay
  }

  /// The images of a stream that were not dropped, in order.
  ///
  ///     deviceTime = exposure + offset + drift · (exposure − startTime) + jitter
  public func samples(camera: Int, kind: StreamKind) -> [SyntheticSample] {
    let clock = clocks[camera]
    return (0..<configuration.frames).compactMap { frame in
      // A mask belongs to its colour image: both are there or neither.
      let stream = kind == .depth ? 0 : 1
      var random = SeededGenerator(
        seed: RigLayout.mix(configuration.seed, camera, 14, stream, frame))
      if Double(random.uniform()) < configuration.droppedShare { return nil }
      let exposure = exposureTime(camera: camera, frame: frame)
      // Clocks jitter, but never so much that times go backwards.
      let most = 0.45 / configuration.framesPerSecond
      let jitter = configuration.timestampJitter * Double(random.normal())
      return SyntheticSample(
        frame: frame, exposureTime: exposure,
        deviceTime: exposure + clock.offset + clock.drift * (exposure - configuration.startTime)
          + min(max(jitter, -most), most))
    }
  }
}
