public import CaptureCore

/// What a loss sees of up to 64 points, and where it says what it wants.
///
/// Vector arrays are `[3][stride]`; entries from ``count`` on are padding. Every `d` array is the
/// gradient of the loss and zero on entry; losses add to it. Lengths are in field units.
public struct LossTile {
  /// Index of the first point in the batch.
  public var first: Int
  /// Points in use.
  public var count: Int
  /// Distance between the components of a vector array.
  public var stride: Int
  /// Whether ``gradient`` and ``rgb`` hold anything.
  public var hasGradient, hasColor: Bool
  /// Signed distance, `[count]`.
  public var distance: UnsafePointer<Float>
  /// Spatial gradient of the distance, `[3][stride]`.
  public var gradient: UnsafePointer<Float>
  /// Colour 0...1, `[3][stride]`.
  public var rgb: UnsafePointer<Float>
  /// Gradients of the loss with respect to the three.
  public var dDistance, dGradient, dRGB: UnsafeMutablePointer<Float>

  /// A view of a backend's buffers.
  public init(
    first: Int, count: Int, stride: Int, hasGradient: Bool, hasColor: Bool,
    distance: UnsafePointer<Float>, gradient: UnsafePointer<Float>, rgb: UnsafePointer<Float>,
    dDistance: UnsafeMutablePointer<Float>, dGradient: UnsafeMutablePointer<Float>,
    dRGB: UnsafeMutablePointer<Float>
  ) {
    (self.first, self.count, self.stride) = (first, count, stride)
    (self.hasGradient, self.hasColor) = (hasGradient, hasColor)
    (self.distance, self.gradient, self.rgb) = (distance, gradient, rgb)
    (self.dDistance, self.dGradient, self.dRGB) = (dDistance, dGradient, dRGB)
  }
}

/// The loss of a batch, tile by tile; called from several threads at once.
public protocol TileLoss: AnyObject, Sendable {
  /// Adds the gradient of the loss at the tile's points to the tile's `d` arrays.
  func evaluate(_ tile: LossTile)
}

/// Neighbouring points of a batch that belong to one time and want the same outputs.
public struct PointGroup: Equatable, Sendable {
  /// Position among the coefficient rows, `0...capacity - 1`; between rows it interpolates.
  public var position: Double
  /// First point and number of points in the batch.
  public var first, count: Int
  /// Whether the loss reads gradients or colours of these points.
  public var needsGradient, needsColor: Bool

  /// A group of points.
  public init(
    position: Double, first: Int, count: Int, needsGradient: Bool = false, needsColor: Bool = false
  ) {
    (self.position, self.first, self.count) = (position, first, count)
    (self.needsGradient, self.needsColor) = (needsGradient, needsColor)
  }
}

/// How the weight matrices between hidden layers of the distance follow their gradients.
public enum MatrixRule: String, CaseIterable, Codable, Sendable {
  /// Adam, as everything else.
  case adam
  /// Muon: along the momentum with its singular values made alike, so that directions of which the
  /// gradient speaks faintly are learned as fast as others. Costs eight products of a layer's matrix
  /// a step.
  ///
  /// With momentum m = µ m + g, W is moved by rate · matrixRateScale · 0.2 √max(rows, columns) along the
  /// orthogonal factor of g + µ m, which makes a step about as long as one of Adam's.
  /// Source: Jordan et al., *Muon: an optimizer for hidden layers in neural networks*, 2024; the length:
  /// Liu et al., *Muon is scalable for LLM training*, 2025; how the factor is found: Amsel et al., *The Polar
  /// Express*, 2025.
  case muon
}

/// The optimiser's settings for one step.
public struct OptimizerStep: Equatable, Sendable {
  /// Learning rate.
  public var rate: Float
  /// Decay of the two moments.
  public var beta1: Float = 0.9, beta2: Float = 0.999
  /// Keeps the quotient finite.
  public var epsilon: Float = 1e-8
  /// What ``ParameterLayout/hiddenMatrices`` follow.
  public var matrixRule = MatrixRule.adam
  /// Factor on the rate and decay of the momentum, with ``MatrixRule/muon``.
  public var matrixRateScale: Float = 3, matrixMomentum: Float = 0.95

  /// The usual settings with the given rate.
  public init(rate: Float) { self.rate = rate }
}

/// Everything that training changes; a checkpoint holds exactly this.
public struct OptimizerState: Equatable, Sendable {
  /// Steps done.
  public var step: Int
  /// Parameters and Adam's two moments, or Muon's momentum in the first, each `[ParameterLayout.count]`.
  public var parameters, firstMoment, secondMoment: [Float]

  /// The state before the first step.
  public init(parameters: [Float]) {
    step = 0
    self.parameters = parameters
    firstMoment = [Float](repeating: 0, count: parameters.count)
    secondMoment = firstMoment
  }
}

/// A field in training. Not for use by two threads at a time.
public protocol FieldSession: AnyObject {
  /// What is being trained, copied from and to the backend's memory.
  var state: OptimizerState { get set }
  /// Weights of the encoding's bands, `[bands]`: coarse to fine.
  var bandWeights: [Float] { get set }
  /// Forward, loss and backward over all groups, then one step of the optimiser.
  ///
  /// `points` is `[n][3]` in field units. The result is the same for any number of threads.
  func step(
    points: UnsafeBufferPointer<Float>, groups: [PointGroup], loss: any TileLoss,
    optimizer: OptimizerStep)
  /// The field as it stands now at a position among its coefficient rows; later steps leave the
  /// slice as it is. Costs one frame's composition, not a copy of the state.
  func evaluationSlice(position: Double) throws(CaptureError) -> any FieldSlice
}

/// A field at one time, ready for queries in field units. Safe for several threads.
public protocol FieldSlice: Sendable {
  /// Fills the distance, and where given the gradient `[n][3]` and colour `[n][3]`, of points `[n][3]`.
  func evaluate(
    _ points: UnsafeBufferPointer<Float>, distance: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, rgb: UnsafeMutablePointer<Float>?)
}

/// Something that runs fields: the CPU today. Named only by the executables.
public protocol FieldBackend: Sendable {
  /// Name and instruction set, for logs and reports.
  var name: String { get }
  /// Threads that it uses; what prepares its work takes no more.
  var threads: Int { get }
  /// Nil when the backend can run the field, else the reason why not.
  func objection(to layout: ParameterLayout) -> String?
  /// Begins training.
  func session(_ layout: ParameterLayout, state: OptimizerState) throws(CaptureError)
    -> any FieldSession
  /// Composes a field at a position among its coefficient rows.
  func slice(
    _ layout: ParameterLayout, parameters: [Float], bandWeights: [Float], position: Double
  ) throws(CaptureError) -> any FieldSlice
}
