public import CaptureCore

/// What synchronization found in a take.
public struct SyncReport: Codable, Equatable, Sendable {
  /// One camera's part.
  public struct Camera: Codable, Equatable, Sendable {
    /// Name of the camera.
    public var id: String
    /// Whether the camera shares the rig's clock by wire.
    public var isWired: Bool
    /// Images in its streams.
    public var depthFrames, colorFrames, maskFrames: Int
    /// Images missing inside the stream, by its own times: the recorder dropped them.
    public var depthDrops, colorDrops: Int
    /// Images missing inside the stream as a share of those there should be, 0...1.
    public var depthDropShare, colorDropShare: Double
    /// Images with the same time as the one before.
    public var repeatedTimes: Int
    /// First and last depth image on the rig's clock, seconds; 0 without depth.
    public var first, last: Double
    /// First and last frame set that has its depth; nil where none has.
    public var firstSet, lastSet: Int?
    /// Frame sets without this camera's depth, however that came.
    public var missingSets: Int
    /// Depth images in no frame set: another one of the camera lies nearer to the set's time.
    public var unusedDepth: Int
    /// Frame sets that have this camera's depth but no colour within the tolerance.
    public var setsWithoutColor: Int
    /// Longest interval between two depth images, and between two colour images, seconds.
    public var longestGap, longestColorGap: Double
    /// Mean and largest distance of its depth from where it should lie, seconds: the frame set's time,
    /// and for a wired camera later by what its depth delay exceeds the leading camera's.
    public var meanError, maxError: Double
    /// Median of its depth's time minus the frame set's, seconds: what a wired camera is off
    /// throughout.
    public var medianError: Double
    /// Median of its colour's time minus its depth's, seconds; nil where no set has both.
    public var colorAfterDepth: Double?
    /// Frame sets in which a wired camera deviates by more than the suspicious deviation.
    public var suspiciousSets: Int
    /// What is known of its clock; nil where nobody looked.
    public var clock: ClockEstimate?
    /// Those of the report's warnings that are about this camera alone; nil in what earlier versions wrote.
    public var warnings: [String]?
  }

  /// Number of frame sets.
  public var sets: Int
  /// Time of the first and last frame set, seconds on the rig's clock; 0 without sets.
  public var start, end: Double
  /// The frame set before the longest interval without one; nil with fewer than two sets.
  public var setBeforeLongestGap: Int?
  /// Frame period as measured in the depth streams, seconds.
  public var period: Double
  /// Farthest that an image was allowed to lie from its set's time, seconds.
  public var tolerance: Double
  /// The cameras, in the take's order.
  public var cameras: [Camera]
  /// Sentences that the user should read.
  public var warnings: [String]

  /// The warnings without those about cameras that are not among the named ones.
  public func warnings(of cameras: Set<String>) -> [String] {
    let others = Set(self.cameras.filter { !cameras.contains($0.id) }.flatMap { $0.warnings ?? [] })
    return warnings.filter { !others.contains($0) }
  }
}
