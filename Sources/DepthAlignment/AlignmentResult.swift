public import CaptureCore

/// Where the cameras stand by their depth, how sure that is, and what was found on the way.
public struct AlignmentResult: Sendable {
  /// One camera.
  public struct Camera: Sendable {
    /// Name of the camera.
    public var id: String
    /// Colour lens to world.
    public var worldFromColor: RigidTransform
    /// Covariance of the turn about the colour lens (radians, world axes) and of its shift (metres,
    /// world axes), both relative to the reference camera, row-major `[6 × 6]`. Motions in
    /// ``AlignmentResult/unknown`` are not in it.
    public var covariance: [Double]
    /// What its clock shows too little, seconds: added to its times; 0 where the clock is the rig's.
    public var clockShift: Double
    /// Standard deviation of the clock's shift, seconds; nil where the clock is the rig's.
    public var clockDeviation: Double?
    /// Share of its pixels, with a normal, that lie on what any other camera measured, 0...1.
    public var overlap: Double

    /// Standard deviation of the turn, root mean square over the axes, degrees.
    public var turnDeviation: Double {
      ((covariance[0] + covariance[7] + covariance[14]) / 3).squareRoot() * 180 / .pi
    }
    /// Standard deviation of the shift, root mean square over the axes, metres.
    public var shiftDeviation: Double {
      ((covariance[21] + covariance[28] + covariance[35]) / 3).squareRoot()
    }
  }

  /// Two cameras.
  public struct Pair: Sendable {
    /// Places in the list of cameras.
    public var first, second: Int
    /// Share of the pixels of both that lie on what the other measured, 0...1.
    public var overlap: Double
    /// Root mean square distance between their surfaces, of matches within 5 cm, metres, at the
    /// start and now; nil without any match.
    public var before, after: Double?
    /// Matches that ``after`` is of.
    public var matches: Int
    /// Share of the pixels in view of the other camera that it looks through, 0...1, now.
    public var seenThrough: Double
  }

  /// A motion that nothing in the images speaks for or against.
  public struct UnknownMotion: Equatable, Sendable {
    /// Whether the camera turns about its colour lens or is shifted.
    public enum Kind: String, Sendable { case turn, shift }
    /// Place in the list of cameras.
    public var camera: Int
    /// What the motion is.
    public var kind: Kind
    /// The axis in the world, of length 1.
    public var axis: SIMD3<Double>
  }

  /// A camera that found a place, and what another one saw says that it cannot stand there.
  public struct Contradiction: Equatable, Sendable {
    /// Places in the list of cameras; of the two the first contradicts all the others most.
    public var camera, other: Int
    /// As ``Pair/seenThrough``, where the camera would have stood.
    public var seenThrough: Double
  }

  /// The cameras, in the order given.
  public var cameras: [Camera]
  /// Pairs of cameras with depth, each once.
  public var pairs: [Pair]
  /// Motions that were left as they were at the start.
  public var unknown: [UnknownMotion]
  /// Cameras that would have gone farther from the start than a refinement may; they stand there yet,
  /// and nothing else is said of them.
  public var strayed: [Int] = []
  /// Cameras that stand at their start yet, as what they see contradicts the others where they fitted best.
  public var contradictions: [Contradiction] = []
  /// What the noise is as a multiple of the expected one.
  public var noise: Double
  /// Moments of the recording that were compared.
  public var moments: Int
  /// Whether the last step was too small to matter.
  public var hasConverged: Bool
}
