public import CaptureCore

/// Every knob of a synthetic rig: what moves, who looks, and what goes wrong.
///
/// The defaults make a take like that of four wired time-of-flight cameras in a quiet room.
/// ``documentation`` has a line for each knob.
public struct SyntheticRigConfiguration: DocumentedConfiguration {
  /// Name of the take.
  public var name = "synthetic"
  /// Which subject moves: `walker`, `dancer` or `porter`.
  public var subject = "walker"
  /// Seed of the subject's looks and of every random defect.
  public var seed = 1
  /// How fast the subject moves, as a factor.
  public var speed = 1.0

  /// Number of cameras, on a ring around the subject.
  public var cameras = 4
  /// Mean distance of the cameras from the ring's axis, metres.
  public var distance = 1.9
  /// How far single cameras depart from the mean distance, metres.
  public var distanceSpread = 0.15
  /// Mean height of the cameras, metres.
  public var height = 1.25
  /// How far single cameras depart from the mean height, metres.
  public var heightSpread = 0.12
  /// Height of the point on the axis that the colour lenses look at, metres.
  public var targetHeight = 1.0

  /// Number of triggers, that is of images of each stream before any is dropped.
  public var frames = 24
  /// Rate of the triggers, hertz.
  public var framesPerSecond = 15.0
  /// Time of the first trigger, seconds.
  public var startTime = 1.0

  /// Size of depth images, pixels.
  public var depthWidth = 320, depthHeight = 288
  /// Size of colour images, pixels.
  public var colorWidth = 640, colorHeight = 360
  /// Lens distortion as a share of that of a real camera; 0 is a pinhole.
  public var distortion = 1.0
  /// Metres per step of a depth image.
  public var depthUnit = 0.001
  /// Nearest and furthest depth that is measured, metres.
  public var depthNear = 0.25, depthFar = 5.46

  /// Whether there is a floor at y = 0.
  public var floor = true
  /// Distance of a wall behind the scene (towards −z) from the axis, metres; 0 leaves it out.
  public var wallDistance = 0.0
  /// Whether masks of the subject are recorded beside the colour images.
  public var masks = false

  /// Axial depth noise, as a factor of the default model.
  public var depthNoise = 1.0
  /// Share of mixed pixels at depth edges that are reported instead of dropped.
  public var flyingPixels = 0.25
  /// Diameter of a depth pixel's footprint, pixels.
  public var footprint = 1.5
  /// Share of depth pixels that are lost at random.
  public var randomDropout = 0.004
  /// Incidence beyond which depth pixels are lost, degrees.
  public var grazingLimit = 80.0
  /// Returned light below which depth pixels are lost (1: white, head-on, at 1 m).
  public var darkLimit = 0.008
  /// Standard deviation of colour noise, in steps of 8-bit colour.
  public var colorNoise = 1.5
  /// Standard deviation of the logarithm of the cameras' exposures; half of it, of their red, green and blue
  /// apart.
  public var exposureSpread = 0.0

  /// Wired delay of each camera after the one before it, seconds.
  public var wiredDelay = 0.00016
  /// Largest offset of a camera's clock, seconds; anything but 0 makes the clocks unwired.
  public var clockOffset = 0.0
  /// Largest rate error of a camera's clock, seconds per second; anything but 0 unwires.
  public var clockDrift = 0.0
  /// Largest delay of a camera's shutter, seconds, as free-running cameras have; unwires.
  public var exposurePhase = 0.0
  /// Standard deviation of recorded times, seconds.
  public var timestampJitter = 0.00002
  /// Share of images that are missing from each stream.
  public var droppedShare = 0.0

  /// Angle by which the calibration of each camera but the reference is wrong, degrees.
  public var rotationError = 0.0
  /// Distance by which the calibration of each camera but the reference is wrong, metres.
  public var translationError = 0.0

  /// Edge of the cells that the true surface is cut from, metres.
  public var truthVoxel = 0.006
  /// Number of places on the surface that are followed through all frames.
  public var truthPlaces = 6000

  /// The default rig: four wired cameras at about 1.9 m, 24 frames at 15 Hz.
  public init() {}

  /// A rig for end-to-end tests: 64×48 depth, 8 frames, four cameras.
  public static var tiny: SyntheticRigConfiguration {
    var tiny = SyntheticRigConfiguration()
    tiny.name = "tiny"
    (tiny.frames, tiny.depthWidth, tiny.depthHeight) = (8, 64, 48)
    (tiny.colorWidth, tiny.colorHeight) = (128, 72)
    (tiny.truthVoxel, tiny.truthPlaces) = (0.02, 500)
    return tiny
  }

  /// Names of all subjects that ``subject`` may hold.
  public static var subjects: [String] { Subject.all.map(\.name) }

  /// Whether the cameras share a clock.
  public var isWired: Bool { clockOffset == 0 && clockDrift == 0 && exposurePhase == 0 }
}
