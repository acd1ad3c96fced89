public import CapturePipeline
public import Foundation

/// One take of a batch, with all that its run is told.
public struct BatchTake: Sendable {
  /// What people call it; any text.
  public var name: String
  /// The recording.
  public var source: TakeSource
  /// The effective configuration.
  public var configuration: JobConfiguration

  /// A take.
  public init(name: String, source: TakeSource, configuration: JobConfiguration) {
    (self.name, self.source, self.configuration) = (name, source, configuration)
  }
}

/// What the command line says about all takes.
public struct BatchSettings: Sendable {
  /// Named configuration; what the file of jobs says is stronger.
  public var preset: String?
  /// Configuration file, over the preset.
  public var config: URL?
  /// Single keys, the strongest of all.
  public var settings: [String]
  /// Calibration of takes that `batch.json` gives none, instead of their own.
  public var calibration: URL?

  /// Settings; those left out change nothing.
  public init(
    preset: String? = nil, config: URL? = nil, settings: [String] = [], calibration: URL? = nil
  ) {
    (self.preset, self.config, self.settings, self.calibration) =
      (preset, config, settings, calibration)
  }
}
