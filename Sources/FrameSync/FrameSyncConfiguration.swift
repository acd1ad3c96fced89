public import CaptureCore

/// How images are put together into frame sets.
public struct FrameSyncConfiguration: DocumentedConfiguration {
  /// Farthest that an image may lie from its frame set's time, in frame periods. Half a period is
  /// the most at which the nearest image is still the right one.
  public var tolerance: Double = 0.5
  /// Deviation of a wired camera's depth from the frame set's time that is reported, seconds. Wired
  /// devices follow one trigger to some tens of microseconds; a millisecond has a cause.
  public var suspiciousDeviation: Double = 0.001

  /// The defaults.
  public init() {}

  /// One line for every key.
  public static let documentation = [
    ConfigurationField(
      "tolerance", "frame periods", "Farthest that an image may lie from its frame set's time."),
    ConfigurationField(
      "suspiciousDeviation", "s",
      "Deviation of a wired camera from the frame set's time that is reported."),
  ]

  /// - Throws: ``CaptureError`` `usage`, naming the key, when a value is out of its range.
  public func validate() throws(CaptureError) {
    try require("tolerance", tolerance, in: 0.001...1)
    try require("suspiciousDeviation", suspiciousDeviation, in: 0...10)
  }
}
