/// How a device's clock relates to the rig's.
///
///     rig time = device time − offset − rate · (device time − reference)
///
/// Device times are those without the wired delay.
public struct ClockFit: Codable, Equatable, Sendable {
  /// What the clock shows too much at its own time ``reference``, seconds.
  public var offset: Double
  /// What it gains, seconds per second.
  public var rate: Double
  /// Device time at which the offset holds, seconds.
  public var reference: Double

  /// The clock that is the rig's.
  public static let rig = ClockFit()

  /// A clock of the given errors; those left out are none.
  public init(offset: Double = 0, rate: Double = 0, reference: Double = 0) {
    (self.offset, self.rate, self.reference) = (offset, rate, reference)
  }

  /// The rig's time when the device shows `time`.
  public func rigTime(_ time: Double) -> Double {
    time - offset - rate * (time - reference)
  }

  /// What the device shows at a time of the rig.
  public func deviceTime(_ time: Double) -> Double {
    (time + offset - rate * reference) / (1 - rate)
  }
}

/// What is known of one camera's clock, and how.
public struct ClockEstimate: Codable, Equatable, Sendable {
  /// Where the fit comes from, the surest first.
  public enum Source: String, Codable, CaseIterable, Sendable {
    /// The camera is wired to the one that the rig's clock is, or is that one.
    case shared
    /// The depth images of a moving subject agree across calibrated cameras.
    case shape
    /// The amount of motion in the images rises and falls together.
    case activity
    /// Nothing tells; the recorded times stand.
    case recorded
    /// Nothing tells, and the recorded times have nothing in common: the cameras are taken to have
    /// started together.
    case starts
  }

  /// Name of the camera.
  public var id: String
  /// Where the fit comes from.
  public var source: Source
  /// The clock.
  public var fit: ClockFit
  /// Standard deviation of the offset at the fit's reference, seconds; nil where nothing tells.
  public var offsetDeviation: Double?
  /// Standard deviation of the rate, seconds per second; nil where nothing tells.
  public var rateDeviation: Double?
  /// Why nothing tells, or what to beware of; may be empty.
  public var note: String

  /// An estimate with all its parts.
  public init(
    id: String, source: Source, fit: ClockFit = .rig, offsetDeviation: Double? = nil,
    rateDeviation: Double? = nil, note: String = ""
  ) {
    (self.id, self.source, self.fit, self.note) = (id, source, fit, note)
    (self.offsetDeviation, self.rateDeviation) = (offsetDeviation, rateDeviation)
  }
}
