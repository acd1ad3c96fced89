public import CaptureCore
internal import Foundation

/// A rig that does not exist, around a subject that does not either: every image, time and
/// calibration it would record, and the truth beside them.
///
///     let rig = try SyntheticRig(.tiny)
///     let image = rig.depth(camera: 0, frame: 3)
///     let surface = rig.field(at: rig.triggerTime(3))
///
/// All results are pure functions of the configuration: the same for any order of calls and any
/// number of threads.
public struct SyntheticRig: Sendable {
  /// The knobs.
  public let configuration: SyntheticRigConfiguration
  /// What a recorder would write about the cameras.
  public let take: TakeDescription
  /// Where the cameras stand.
  public let trueCalibration: RigCalibration
  /// Where the calibration file says they stand: off by the knobs' errors, but for the reference.
  public let calibration: RigCalibration
  /// The clock of each camera.
  public let clocks: [CameraClock]

  let subject: Subject
  let look: SubjectLook
  /// Lens to world, by camera: the true one.
  let worldFromColor: [RigidTransform]
  let depthRays: LensRays
  let colorRays: LensRays

  /// Lays the rig out.
  /// - Throws: ``CaptureError`` `usage` when a knob is out of its limits.
  public init(_ configuration: SyntheticRigConfiguration) throws(CaptureError) {
    try self.init(configuration, subject: try configuration.chosenSubject())
  }

  /// Lays the rig out around a subject of the caller's.
  init(_ configuration: SyntheticRigConfiguration, subject: Subject) throws(CaptureError) {
    try configuration.validate()
    self.configuration = configuration
    self.subject = subject
    look = SubjectLook(seed: UInt64(configuration.seed))
    clocks = CameraClock.all(of: configuration)
    let lenses = RigLenses(configuration)
    worldFromColor = RigLayout.worldFromColor(configuration)
    take = RigLayout.take(configuration, lenses, clocks)
    trueCalibration = RigLayout.calibration(worldFromColor)
    calibration = RigLayout.disturbed(trueCalibration, by: configuration)
    depthRays = LensRays(lenses.depth)
    colorRays = LensRays(lenses.color)
  }

  /// The cameras where they truly stand.
  public var trueCameras: [PlacedCamera] {
    zip(take.cameras, worldFromColor).map {
      PlacedCamera(description: $0, worldFromColor: $1)
    }
  }

  /// Time of a trigger on the rig's true clock, seconds; the truth of a frame holds at this time.
  public func triggerTime(_ frame: Int) -> Double {
    configuration.startTime + Double(frame) / configuration.framesPerSecond
  }

  /// The subject's surface at a time: a 1-Lipschitz distance bound, exact near single limbs,
  /// with the colours that the cameras see.
  public func field(at time: Double) -> any ScalarField {
    FigureField(figure: figure(at: time))
  }

  /// A box around the subject at a time, world metres.
  public func bounds(at time: Double) -> BoundingBox { figure(at: time).bounds }

  func figure(at time: Double) -> Figure {
    Figure(limbs: subject.limbs(time * configuration.speed, look))
  }

  func scene(at time: Double) -> Scene {
    Scene(
      figure: figure(at: time), floor: configuration.floor,
      wallDistance: Float(configuration.wallDistance))
  }
}
