public import CaptureCore

/// How images are put together into frame sets.
public struct FrameSyncConfiguration: DocumentedConfiguration {
  /// Where frame sets are put, and what joins them.
  public enum Grouping: String, Codable, Sendable, CaseIterable {
    /// At the images of the leading camera; the nearest images within `tolerance` join.
    case nearest
    /// As `nearest`, but only what lies within `window` joins.
    case strict
    /// At the best-aligned images of all cameras and every period from there; the nearest images
    /// within `tolerance` join. For cameras that run freely.
    case anchored
  }

  /// Where frame sets are put, and what joins them.
  public var grouping = Grouping.nearest
  /// Farthest that an image may lie from its frame set's time when grouping is `strict`, seconds.
  public var window: Double = 0.005
  /// Farthest that an image may lie from its frame set's time, in frame periods. Half a period is
  /// the most at which the nearest image is still the right one.
  public var tolerance: Double = 0.5
  /// How well wired cameras keep together, seconds. A camera that is farther off throughout, but no
  /// more than `suspiciousDeviation`, has the extra tenth of a millisecond of old firmware.
  public var wiredTolerance: Double = 0.0001
  /// Deviation of a wired camera's depth from the frame set's time that is reported, seconds: the
  /// tolerance, the firmware's tenth of a millisecond, and half as much for jitter.
  public var suspiciousDeviation: Double = 0.00025

  /// The defaults.
  public init() {}

  /// One line for every key.
  public static let documentation = [
    ConfigurationField(
      "grouping", "", "Where frame sets are put: at images, strictly, or every period.",
      choices: Grouping.allCases.map(\.rawValue)),
    ConfigurationField(
      "window", "s", "Farthest that an image may lie from its frame set's time, when strict."),
    ConfigurationField(
      "tolerance", "frame periods", "Farthest that an image may lie from its frame set's time."),
    ConfigurationField("wiredTolerance", "s", "How well wired cameras keep together."),
    ConfigurationField(
      "suspiciousDeviation", "s",
      "Deviation of a wired camera from the frame set's time that is reported."),
  ]

  /// - Throws: ``CaptureError`` `usage`, naming the key, when a value is out of its range.
  public func validate() throws(CaptureError) {
    try require("tolerance", tolerance, in: 0.001...1)
    try require("window", window, in: 0.000001...10)
    try require("wiredTolerance", wiredTolerance, in: 0...10)
    try require("suspiciousDeviation", suspiciousDeviation, in: 0...10)
  }
}
