public import CaptureCore

/// How the clocks of cameras are related that share no wire.
public struct ClockConfiguration: DocumentedConfiguration {
  /// Whose clocks are estimated.
  public enum Mode: String, Codable, Sendable, CaseIterable {
    /// Those of standalone cameras.
    case auto
    /// Nobody's: recorded times stand.
    case trust
    /// Every camera's, as if none were wired.
    case estimate
  }

  /// Whose clocks are estimated.
  public var mode = Mode.auto
  /// How far from where the recording's own times or its starts put it an offset is looked for,
  /// seconds.
  public var search = 2.0
  /// Depth images of each camera that are looked at.
  public var images = 360
  /// Standard deviation of an offset beyond which the user is warned, seconds.
  public var largestDeviation = 0.004

  /// All defaults.
  public init() {}

  /// One line a key.
  public static let documentation: [ConfigurationField] = [
    .init(
      "mode", "", "Whose clocks are estimated from motion: standalone cameras', nobody's, all.",
      choices: Mode.allCases.map(\.rawValue)),
    .init(
      "search", "s", "How far from the recorded times, or the starts, an offset is looked for."),
    .init("images", "", "Depth images of each camera that are looked at."),
    .init(
      "largestDeviation", "s",
      "Standard deviation of an offset beyond which a warning is given."),
  ]

  /// Checks every range.
  public func validate() throws(CaptureError) {
    try require("clocks.search", search, in: 0.1...30)
    try require("clocks.images", images, in: 20...5000)
    try require("clocks.largestDeviation", largestDeviation, in: 0.0001...1)
  }
}
