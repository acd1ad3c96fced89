/// The sizes a user may set of any field in the list.
public struct FieldSize: Codable, Equatable, Sendable {
  /// Neurons a layer.
  public var width: Int
  /// Hidden layers of the distance.
  public var depth: Int
  /// Rank of the ResField layers.
  public var rank: Int
  /// Frequency bands.
  public var bands: Int
  /// Hidden layers with a residual: the second one and those behind it; 0 for all but the first.
  public var residualLayers: Int

  /// The standard size of the method: 8 layers of 128, rank 10 in all but the first, 6 bands.
  public init(
    width: Int = 128, depth: Int = 8, rank: Int = 10, bands: Int = 6, residualLayers: Int = 0
  ) {
    (self.width, self.depth, self.rank, self.bands) = (width, depth, rank, bands)
    self.residualLayers = residualLayers
  }

  /// Rank of a hidden layer.
  func rank(at layer: Int) -> Int {
    layer > 0 && (residualLayers == 0 || layer <= residualLayers) ? rank : 0
  }
}

/// Every field there is; a new one is a function here or in its own file, and one line in ``all``.
public enum BuiltinFields {
  /// Name and maker of each field.
  public static let all: [(name: String, make: @Sendable (FieldSize, Int) -> FieldDescription)] = [
    ("resfield", { standard($0, capacity: $1) }),
    ("siren", { siren($0, capacity: $1) }),
  ]

  /// The standard field: softplus(100), skip in the middle, ResField on all hidden layers but the
  /// first, sphere start, colour from the feature alone.
  public static func standard(_ size: FieldSize, capacity: Int) -> FieldDescription {
    let encoded = 3 + 6 * size.bands
    let skip = size.depth / 2
    // Nothing is joined where less than a quarter of the layer would be left to pass on.
    let joins = skip > 0 && 4 * (size.width - encoded) >= size.width
    var blocks = (0..<size.depth).map { layer in
      DenseBlock(
        outputs: joins && layer + 1 == skip ? size.width - encoded : size.width,
        activation: .softplus(beta: 100), concatenatesEncoding: joins && layer == skip,
        rank: size.rank(at: layer))
    }
    blocks.append(DenseBlock(outputs: size.width + 1, activation: .identity))
    return FieldDescription(
      name: "resfield", bands: size.bands, distance: blocks,
      color: [
        DenseBlock(outputs: size.width, activation: .relu),
        DenseBlock(outputs: 3, activation: .sigmoid),
      ], capacity: capacity, initialization: .sphere(radius: 0.5))
  }

  /// A Siren of five dense layers on raw coordinates, ResField on the three inner ones.
  public static func siren(_ size: FieldSize, capacity: Int) -> FieldDescription {
    var blocks = (0..<4).map {
      DenseBlock(
        outputs: size.width, activation: .sine(omega: 30), rank: size.rank(at: $0))
    }
    blocks.append(DenseBlock(outputs: size.width + 1, activation: .identity))
    return FieldDescription(
      name: "siren", bands: 0, distance: blocks,
      color: [
        DenseBlock(outputs: size.width, activation: .relu),
        DenseBlock(outputs: 3, activation: .sigmoid),
      ], capacity: capacity, initialization: .siren)
  }
}
