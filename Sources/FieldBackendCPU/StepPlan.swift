internal import CFieldKernels
internal import NeuralFields

/// How a step's groups are cut into slices of work. Independent of the number of threads; keeps its
/// memory from step to step.
final class StepPlan {
  /// Points of a slice, at most; also the unit of deterministic summation. More where the weights are
  /// many, as each slice lays them out and sums up their gradient.
  private let slicePoints: Int

  /// Neighbouring points of one group; `time` is an index in ``times``.
  struct Slice { var time, first, count: Int, flags: Int32 }
  /// A position that groups of the step have, and the first slice that has it.
  struct Time { var position: Double, slice: Int }

  private(set) var times: [Time] = []
  /// All slices, the costly ones first so that threads finish together.
  private(set) var slices: [Slice] = []

  /// A plan for fields of a layout.
  init(_ layout: ParameterLayout) { slicePoints = layout.composedCount > 1 << 18 ? 1024 : 512 }

  /// Cuts groups into slices of about equal numbers of tiles; empty groups leave no trace.
  func cut(_ groups: [PointGroup]) {
    times.removeAll(keepingCapacity: true)
    slices.removeAll(keepingCapacity: true)
    cut(groups, gradient: true, color: true)
    cut(groups, gradient: true, color: false)
    cut(groups, gradient: false, color: true)
    cut(groups, gradient: false, color: false)
  }

  private func cut(_ groups: [PointGroup], gradient: Bool, color: Bool) {
    let flags = Int32((gradient ? CFK_NEEDS_GRADIENT : 0) | (color ? CFK_NEEDS_COLOR : 0))
    for group in groups where group.count > 0 {
      guard group.needsGradient == gradient, group.needsColor == color else { continue }
      let time = times.firstIndex { $0.position == group.position } ?? times.count
      if time == times.count { times.append(Time(position: group.position, slice: slices.count)) }
      let tiles = (group.count + CFK_TILE - 1) / CFK_TILE
      let parts = (group.count + slicePoints - 1) / slicePoints
      for part in 0..<parts {
        let first = part * tiles / parts * CFK_TILE
        let end = min((part + 1) * tiles / parts * CFK_TILE, group.count)
        slices.append(
          Slice(time: time, first: group.first + first, count: end - first, flags: flags))
      }
    }
  }
}

/// A piece of the composed weights that a step composes and updates as one.
struct ParameterPiece {
  /// Floats of a piece, at most: with its bases and their moments it stays in the cache.
  static let floats = 2048

  /// The layer whose matrix these are part of; nil for biases.
  var layer: Int?
  /// Range in the composed weights, which is also the range of the static parameters.
  var begin, count: Int

  static func all(of layout: ParameterLayout) -> [ParameterPiece] {
    var pieces: [ParameterPiece] = []
    func cut(_ layer: Int?, _ begin: Int, _ end: Int) {
      for at in stride(from: begin, to: end, by: floats) {
        pieces.append(ParameterPiece(layer: layer, begin: at, count: min(floats, end - at)))
      }
    }
    for (index, layer) in layout.layers.enumerated() {
      cut(index, layer.weight, layer.bias)
      let next = index + 1 < layout.layers.count ? layout.layers[index + 1].weight : nil
      cut(nil, layer.bias, next ?? layout.composedCount)
    }
    return pieces
  }
}

/// A piece of the coefficient tables.
struct CoefficientPiece {
  /// Start among all parameters, and in the tables' gradient.
  var parameter, gradient: Int
  var count: Int

  static func all(of layout: ParameterLayout) -> [CoefficientPiece] {
    var pieces: [CoefficientPiece] = []
    for (index, layer) in layout.layers.enumerated() where layer.block.rank > 0 {
      let count = layout.coefficientCount(of: index)
      for at in stride(from: 0, to: count, by: ParameterPiece.floats) {
        pieces.append(
          CoefficientPiece(
            parameter: layer.coefficients + at, gradient: layout.coefficientOffset(of: index) + at,
            count: min(ParameterPiece.floats, count - at)))
      }
    }
    return pieces
  }
}

extension ParameterLayout {
  /// Whether a piece is part of ``hiddenMatrices``.
  func isHidden(_ piece: ParameterPiece) -> Bool {
    piece.layer.map(hiddenMatrices.contains) ?? false
  }
  /// Largest rank of a layer.
  var largestRank: Int { layers.reduce(0) { max($0, $1.block.rank) } }
  /// Floats of one layer's padded table of coefficients.
  func coefficientCount(of layer: Int) -> Int {
    (layers[layer].block.rank * field.capacity + 15) / 16 * 16
  }
  /// Start of one layer's table when all tables stand one behind the other.
  func coefficientOffset(of layer: Int) -> Int {
    (0..<layer).reduce(0) { $0 + coefficientCount(of: $1) }
  }
  /// Floats of all padded tables.
  var coefficientCount: Int { coefficientOffset(of: layers.count) }
}
