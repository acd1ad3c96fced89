/// The kinds of images a camera records.
public enum StreamKind: String, Sendable, CaseIterable {
  /// 8-bit RGB.
  case color
  /// 16-bit z-depth.
  case depth
  /// 8-bit subject mask.
  case mask
}

/// One recorded image: when, and which element of its stream.
public struct StreamSample: Equatable, Sendable {
  /// Device time, seconds, before any delay is taken away.
  public var time: Double
  /// Where the image came from, for messages.
  public var name: String

  /// A sample at a time.
  public init(time: Double, name: String) { (self.time, self.name) = (time, name) }
}

/// The images that belong to one instant.
public struct FrameSet: Equatable, Sendable {
  /// One camera's part; nil indices are images that the camera does not have for this instant.
  public struct Entry: Equatable, Sendable {
    /// Index into the camera's depth stream.
    public var depth: Int?
    /// Index into the camera's colour stream.
    public var color: Int?
    /// Index into the camera's mask stream.
    public var mask: Int?
    /// Time of the depth image minus the set's time, seconds; 0 without depth.
    public var error: Double
    /// Time of the colour image minus the set's time, seconds; 0 without colour.
    public var colorError: Double

    /// One camera's images.
    public init(
      depth: Int? = nil, color: Int? = nil, mask: Int? = nil, error: Double = 0,
      colorError: Double = 0
    ) {
      (self.depth, self.color, self.mask) = (depth, color, mask)
      (self.error, self.colorError) = (error, colorError)
    }
  }

  /// Number of the set in the sequence.
  public var index: Int
  /// Time of the set, seconds on the rig's clock.
  public var time: Double
  /// One entry a camera, in the take's order.
  public var entries: [Entry]

  /// A set of images.
  public init(index: Int, time: Double, entries: [Entry]) {
    (self.index, self.time, self.entries) = (index, time, entries)
  }
}

/// The decoded images of one camera in one frame set.
public struct CameraFrame: Sendable {
  /// The images, as far as the set has them.
  public var depth: DepthImage?, color: ColorImage?, mask: MaskImage?

  /// The images of a camera.
  public init(depth: DepthImage?, color: ColorImage?, mask: MaskImage? = nil) {
    (self.depth, self.color, self.mask) = (depth, color, mask)
  }
}
