/// What bends a layer's output.
public enum Activation: Codable, Equatable, Sendable {
  /// `z`
  case identity
  /// `log(1 + exp(beta z)) / beta`
  case softplus(beta: Float)
  /// `max(z, 0)`
  case relu
  /// `sin(omega z)`
  case sine(omega: Float)
  /// `1 / (1 + exp(-z))`
  case sigmoid
}

/// One dense layer; with a rank above 0 its weights change over time (a ResField layer).
///
///     weight_t = weight + Σ_r coefficients[t, r] · basis[r],   the bias is static
///
/// Source: Mihajlovic et al., *ResFields*, ICLR 2024 (arXiv:2309.03160).
public struct DenseBlock: Codable, Equatable, Sendable {
  /// Number of outputs.
  public var outputs: Int
  /// What bends the output.
  public var activation: Activation
  /// The input is the previous output followed by the encoding, both divided by √2.
  public var concatenatesEncoding: Bool
  /// Rank of the residual; 0 is a plain layer.
  public var rank: Int

  /// A layer of the given kind.
  public init(
    outputs: Int, activation: Activation, concatenatesEncoding: Bool = false, rank: Int = 0
  ) {
    (self.outputs, self.activation) = (outputs, activation)
    (self.concatenatesEncoding, self.rank) = (concatenatesEncoding, rank)
  }
}

/// How fresh parameters are drawn.
public enum Initialization: Codable, Equatable, Sendable {
  /// The distance starts as that of a sphere of this radius, in field units.
  case sphere(radius: Float)
  /// Uniform draws that keep a sine network's statistics from layer to layer.
  case siren
}

/// A field as a list of blocks, which any backend that supports them can run.
///
/// The distance network reads the encoding of a point and yields the signed distance and a feature;
/// the colour network reads the feature. Lengths are in field units: world metres divided by the
/// scale of the region of interest.
public struct FieldDescription: Codable, Equatable, Sendable {
  /// Name in the list of fields.
  public var name: String
  /// Frequency bands of the encoding, 0...16; raw coordinates always pass.
  public var bands: Int
  /// Blocks of the distance; the last one has no activation and `1 + feature` outputs.
  public var distance: [DenseBlock]
  /// Blocks of the colour; empty for a field without colour, else the last has 3 outputs.
  public var color: [DenseBlock]
  /// Coefficient rows of the ResField layers, spread evenly over the recording.
  public var capacity: Int
  /// How parameters start.
  public var initialization: Initialization

  /// A field of the given blocks.
  public init(
    name: String, bands: Int, distance: [DenseBlock], color: [DenseBlock], capacity: Int,
    initialization: Initialization
  ) {
    (self.name, self.bands, self.distance, self.color) = (name, bands, distance, color)
    (self.capacity, self.initialization) = (capacity, initialization)
  }

  /// Values of the encoding: `3 + 6 bands`.
  public var encodedWidth: Int { 3 + 6 * bands }
}
