/// How much is looked at, and what noise is expected.
public struct AlignmentConfiguration: Equatable, Sendable {
  /// Moments of the recording that are compared, at most.
  public var moments = 24
  /// Longest side of an image as it is compared, pixels.
  public var longest = 320
  /// Memory for images, bytes; fewer moments are looked at where they would take more.
  public var memory = 400 << 20
  /// Depth noise (standard deviation) head-on: `noiseBase + noiseSquare z²`, metres.
  public var noiseBase = 0.0003
  /// Growth of the depth noise with the square of z, 1/m.
  public var noiseSquare = 0.0008
  /// How much what is drawn on surfaces counts beside their shape, 0...1; 0 looks at depth alone.
  public var colorWeight = 0.2
  /// Share of the pixels and steps that a thorough alignment takes, 0...1.
  public var effort = 1.0
  /// How far surfaces may lie apart at the start, metres.
  public var reach = 0.3
  /// How far a refinement may turn a camera, radians, and move it, metres, from a start that is wrong
  /// by 3 degrees and 5 cm; the reference may be wrong by as much.
  public var farthestTurn = 8.0 * Double.pi / 180, farthestShift = 0.2

  /// All defaults.
  public init() {}

  /// A look of a second or two: few moments, thumbnails.
  public static var quick: AlignmentConfiguration {
    var quick = AlignmentConfiguration()
    (quick.moments, quick.longest, quick.reach) = (4, 160, 0.1)
    quick.effort = 0.4
    return quick
  }

  /// Standard deviation of a depth seen head-on, metres.
  func noise(_ z: Float) -> Float { Float(noiseBase) + Float(noiseSquare) * z * z }
}
