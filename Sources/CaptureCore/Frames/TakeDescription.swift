/// How a device's clock relates to the others of its rig.
public struct SyncRole: Equatable, Sendable, Codable {
  /// Wiring of the device.
  public enum Mode: String, Sendable, CaseIterable, Codable {
    /// Gives the rig's trigger.
    case master
    /// Follows the master's trigger; shares its clock.
    case subordinate
    /// Has a clock of its own, with unknown offset and drift.
    case standalone
  }
  /// Wiring of the device.
  public var mode: Mode
  /// What the device adds to its own capture time, seconds.
  public var delay: Double
  /// How long after its colour image the device was told to take the depth image that belongs to
  /// it, seconds; negative before it. The images' own times already hold it.
  public var depthDelay: Double

  /// A role in the rig.
  public init(mode: Mode, delay: Double = 0, depthDelay: Double = 0) {
    (self.mode, self.delay, self.depthDelay) = (mode, delay, depthDelay)
  }
}

/// One RGB-D device of a rig: both lenses, their relation, its clock.
public struct CameraDescription: Equatable, Sendable, Codable {
  /// Most cameras that a take may have.
  public static let limit = 64

  /// Name of the camera, unique in the take.
  public var id: String
  /// Device model and serial number, as recorded.
  public var model, serial: String
  /// Firmware of the device, as recorded; empty where the recording does not say.
  public var firmware: String
  /// Clock of the device.
  public var sync: SyncRole
  /// Colour lens; nil when the device records no colour.
  public var color: CameraModel?
  /// Depth lens; nil when the device records no depth.
  public var depth: CameraModel?
  /// Metres per depth step.
  public var depthUnit: Double
  /// Working range of the depth sensor, metres.
  public var depthRange: ClosedRange<Double>
  /// Depth lens to colour lens.
  public var colorFromDepth: RigidTransform

  /// A device with all its parts.
  public init(
    id: String, model: String = "", serial: String = "", firmware: String = "", sync: SyncRole,
    color: CameraModel?, depth: CameraModel?, depthUnit: Double = 0.001,
    depthRange: ClosedRange<Double> = 0.2...8,
    colorFromDepth: RigidTransform = .identity
  ) {
    (self.id, self.model, self.serial, self.firmware) = (id, model, serial, firmware)
    (self.sync, self.color, self.depth) = (sync, color, depth)
    (self.depthUnit, self.depthRange, self.colorFromDepth) = (
      depthUnit, depthRange, colorFromDepth
    )
  }
}

extension CameraDescription {
  /// Whether depth was mapped to the colour lens: both lenses are one.
  public var isRegistered: Bool {
    depth != nil && depth == color && colorFromDepth == .identity
  }
}

/// What was recorded, by which cameras.
public struct TakeDescription: Equatable, Sendable {
  /// Least mean time between a stream's images, seconds: no camera takes thousands a second.
  public static let shortestGap = 0.0005

  /// Name of the take.
  public var name: String
  /// Nominal rate of the depth streams, hertz.
  public var framesPerSecond: Double
  /// The cameras, in the take's order; all indices of cameras refer to it.
  public var cameras: [CameraDescription]

  /// A take of the given cameras.
  public init(name: String, framesPerSecond: Double, cameras: [CameraDescription]) {
    (self.name, self.framesPerSecond, self.cameras) = (name, framesPerSecond, cameras)
  }
}

/// What a calibration found out about a device itself; nil and none where the recording's word stands.
public struct DeviceCorrection: Equatable, Sendable {
  /// The colour lens, and the depth lens too where depth is registered to colour.
  public var color: CameraModel?
  /// Depth lens to colour lens.
  public var colorFromDepth: RigidTransform?
  /// The depth sensor's bias.
  public var depthBias: DepthBias

  /// A correction of the given parts.
  public init(
    color: CameraModel? = nil, colorFromDepth: RigidTransform? = nil, depthBias: DepthBias = .none
  ) {
    (self.color, self.colorFromDepth, self.depthBias) = (color, colorFromDepth, depthBias)
  }
}

/// Where each camera of a rig stands.
public struct RigCalibration: Equatable, Sendable {
  /// Name of the rig.
  public var rig: String
  /// The camera whose colour lens is the rig's frame.
  public var reference: String
  /// Colour lens to rig, by camera id.
  public var rigFromColor: [String: RigidTransform]
  /// Rig to world: +y up, floor near y = 0.
  public var worldFromRig: RigidTransform
  /// What was found out about the devices, by camera id; most have no entry.
  public var corrections: [String: DeviceCorrection]

  /// A calibration with all its parts.
  public init(
    rig: String, reference: String, rigFromColor: [String: RigidTransform],
    worldFromRig: RigidTransform, corrections: [String: DeviceCorrection] = [:]
  ) {
    (self.rig, self.reference, self.rigFromColor, self.worldFromRig) = (
      rig, reference, rigFromColor, worldFromRig
    )
    self.corrections = corrections
  }

  /// What a camera's depth is corrected by.
  public func depthBias(of camera: String) -> DepthBias {
    corrections[camera]?.depthBias ?? .none
  }
}

/// A camera with its place in the world: what the stages after calibration see.
public struct PlacedCamera: Equatable, Sendable, Codable {
  /// The device.
  public var description: CameraDescription
  /// Colour lens to world.
  public var worldFromColor: RigidTransform
  /// Depth lens to world: `worldFromColor * colorFromDepth`.
  public var worldFromDepth: RigidTransform { worldFromColor * description.colorFromDepth }

  /// A device at a place.
  public init(description: CameraDescription, worldFromColor: RigidTransform) {
    (self.description, self.worldFromColor) = (description, worldFromColor)
  }
}
