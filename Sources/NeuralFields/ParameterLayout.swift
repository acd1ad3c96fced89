public import CaptureCore

/// Where each parameter of a field stands in one flat array of floats.
///
/// First everything a frame's composed weights consist of (`[outputs, stride]` rows padded by zeros to
/// a multiple of 16 floats, then biases padded alike), layer after layer; behind it the bases
/// `[rank, outputs, stride]` and the coefficients `[capacity, rank]` of the ResField layers.
public struct ParameterLayout: Equatable, Sendable {
  /// One layer's place.
  public struct Layer: Equatable, Sendable {
    /// The block that stands here.
    public let block: DenseBlock
    /// Inputs, and the padded length of a row.
    public let inputs, stride: Int
    /// Offsets, in floats; basis and coefficients mean nothing at rank 0.
    public let weight, bias, basis, coefficients: Int
    /// Floats of the padded weight matrix.
    public var weightCount: Int { block.outputs * stride }
  }

  /// The field.
  public let field: FieldDescription
  /// The distance's layers, then the colour's.
  public let layers: [Layer]
  /// Floats of one frame's composed weights; the static parameters take as many.
  public let composedCount: Int
  /// Floats of all parameters.
  public let count: Int

  /// Largest width, rank and capacity that are accepted; keeps a field below about 4 GB.
  public static let limits = (width: 1024, rank: 256, capacity: 1_000_000, layers: 24)

  /// Lays a field out.
  /// - Throws: ``CaptureError`` `usage` when sizes are out of range or blocks do not fit together.
  public init(_ field: FieldDescription) throws(CaptureError) {
    func require(_ holds: Bool, _ what: String) throws(CaptureError) {
      if !holds { throw CaptureError(.usage, what, at: "field '\(field.name)'") }
    }
    let blocks = field.distance + field.color
    try require(
      !field.distance.isEmpty && blocks.count <= Self.limits.layers,
      "The field must have 1 to \(Self.limits.layers) layers.")
    try require((0...16).contains(field.bands), "Bands must be 0 to 16.")
    try require(
      (1...Self.limits.capacity).contains(field.capacity),
      "Capacity must be 1 to \(Self.limits.capacity).")
    try require(
      field.distance.last?.activation == .identity,
      "The last layer of the distance must have no activation.")
    try require(
      field.color.isEmpty || field.color.last?.outputs == 3, "The colour must end in 3 outputs.")
    func padded(_ n: Int) -> Int { (n + 15) / 16 * 16 }
    var (next, inputs) = (0, field.encodedWidth)
    var places: [(DenseBlock, Int, Int, Int, Int)] = []
    for (index, block) in blocks.enumerated() {
      try require(
        (1...Self.limits.width + 1).contains(block.outputs)
          && (0...Self.limits.rank).contains(block.rank),
        "Layer \(index) has a width or rank out of range.")
      if index == field.distance.count { inputs = blocks[index - 1].outputs - 1 }
      if block.concatenatesEncoding {
        try require(
          index > 0 && index < field.distance.count, "Layer \(index) cannot take the encoding in.")
        inputs += field.encodedWidth
      }
      try require(inputs > 0, "Layer \(index) has no input.")
      let stride = padded(inputs)
      places.append((block, inputs, stride, next, next + block.outputs * stride))
      next += block.outputs * stride + padded(block.outputs)
      inputs = block.outputs
    }
    composedCount = next
    var layers: [Layer] = []
    for (block, inputs, stride, weight, bias) in places {
      let basis = next
      next += block.rank * block.outputs * stride
      layers.append(
        Layer(
          block: block, inputs: inputs, stride: stride, weight: weight, bias: bias, basis: basis,
          coefficients: next))
      next += padded(block.rank * field.capacity)
    }
    try require(next <= 1 << 30, "The field has more than 2^30 parameters.")
    (self.field, self.layers, self.count) = (field, layers, next)
  }

  /// Layers of the distance whose matrix lies between two hidden layers.
  public var hiddenMatrices: Range<Int> { 1..<max(1, field.distance.count - 1) }

  /// The two coefficient rows around a position in `0...capacity - 1`, and the second one's share.
  public func rows(at position: Double) -> (first: Int, second: Int, share: Float) {
    let p = min(max(position, 0), Double(field.capacity - 1))
    let first = min(Int(p), field.capacity - 1)
    return (first, min(first + 1, field.capacity - 1), Float(p - Double(first)))
  }
}
