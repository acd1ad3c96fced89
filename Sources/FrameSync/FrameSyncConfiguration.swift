public import CaptureCore

/// How images are put together into frame sets.
public struct FrameSyncConfiguration: Codable, Equatable, Sendable {
  /// Farthest that an image may lie from its frame set's time, in frame periods (0 to 1). Half a
  /// period is the most at which the nearest image is still the right one.
  public var tolerance: Double = 0.5
  /// Deviation of a wired camera's depth from the frame set's time that is reported, seconds. Wired
  /// devices follow one trigger to some tens of microseconds; a millisecond has a cause.
  public var suspiciousDeviation: Double = 0.001

  /// The defaults.
  public init() {}

  /// - Throws: ``CaptureError`` `usage` for a value out of its range, naming it.
  public func validate() throws(CaptureError) {
    guard tolerance > 0, tolerance <= 1 else {
      throw CaptureError(
        .usage, "`tolerance` is \(tolerance), but must be above 0 and at most 1 frame period.")
    }
    guard suspiciousDeviation > 0, suspiciousDeviation.isFinite else {
      throw CaptureError(
        .usage,
        "`suspiciousDeviation` is \(suspiciousDeviation), but must be a positive time in seconds.")
    }
  }
}
