public import CaptureCore
public import FrameSync

/// What a look at a recording shows: `fieldmesh inspect`.
///
/// Lists are read whole. Depth is sampled: every pixel of ``depthSets`` frame sets, spread evenly.
public struct Inspection: Codable, Equatable, Sendable {
  /// One camera, and what its sampled depth images hold.
  public struct Camera: Codable, Equatable, Sendable {
    /// Name, device model and serial number.
    public var id, model, serial: String
    /// Clock of the device.
    public var sync: SyncRole
    /// The lenses; nil where the device has none.
    public var color, depth: CameraModel?
    /// Working range of the depth sensor, metres.
    public var range: ClosedRange<Double>
    /// Depth below which 1, 50 and 99 % of the measured pixels lie, metres; nil without any.
    public var percentiles: [Double]?
    /// Share of the depth pixels without a measurement, 0...1; nil when no image was read.
    public var holes: Double?
    /// Share of the measured pixels that lie outside the working range, 0...1.
    public var outOfRange: Double?
  }

  /// The part of the world that reconstruction would be about.
  public struct Region: Codable, Equatable, Sendable {
    /// The box that `fieldmesh run` finds with the same settings, world metres: around what moves or
    /// stands before the background where two cameras see it, with a margin, above the floor.
    public var box: BoundingBox
    /// Height of the floor under the world's origin, metres; nil where none was found.
    public var floorHeight: Double?
  }

  /// How many frame sets the depth figures come from, at most.
  public static let depthSets = 8

  /// Name of the take, and of its format.
  public var name, format: String
  /// The rate that the take states, hertz.
  public var framesPerSecond: Double
  /// Rig of the calibration that was used; nil without one.
  public var calibratedRig: String?
  /// The cameras, in the take's order.
  public var cameras: [Camera]
  /// How the streams fit together in time.
  public var sync: SyncReport
  /// Frame sets that the depth figures come from.
  public var sampledSets: Int
  /// Region of interest; nil without a calibration or when none was found.
  public var region: Region?
  /// Sampled images that could not be read, each with the reason.
  public var unreadable: [String]
  /// Sentences that the user should read.
  public var warnings: [String]
  /// What is wrong, the worst first.
  public var findings: [Finding] = [] {
    didSet { verdict = findings.map(\.verdict).max() ?? .good }
  }
  /// What the recording is good for: the worst finding's verdict.
  public private(set) var verdict = Verdict.good

  /// - Throws: ``CaptureError`` `badInput` when the recording is broken, `partialResult` when an image could not
  ///   be read.
  public func checkUsable() throws(CaptureError) {
    if verdict == .broken, let worst = findings.first(where: { $0.verdict == .broken }) {
      throw CaptureError(
        .badInput, "The recording is broken: \(worst.what)", remedy: worst.remedy)
    }
    guard let first = unreadable.first else { return }
    let more = unreadable.count > 1 ? " The first of \(unreadable.count)." : ""
    throw CaptureError(.partialResult, "An image could not be read: \(first)\(more)")
  }
}
