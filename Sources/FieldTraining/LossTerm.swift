internal import CaptureCore
internal import NeuralFields

/// One term of the objective: its value over a tile and the gradient, written together.
///
/// A new loss is a file in `Losses` and one line in ``BuiltinLosses``; its test comes with the list.
protocol LossTerm: Sendable {
  /// Key of its weight in the configuration.
  static var weightKey: String { get }
  /// Its weight at the first and the last step.
  static func weight(_ configuration: TrainingConfiguration) -> [Double]
  /// Adds `weight` × the gradient of the term, and returns the unweighted value.
  ///
  /// The value is the tile's part of a mean over the batch: terms divide by the batch's counts.
  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float
}

/// What terms need to know besides the batch.
struct LossSettings: Sendable {
  /// Metres in one field unit.
  var scale: Float
  /// Width of the rendered density, metres.
  var beta: Float
}

/// Every loss there is.
enum BuiltinLosses {
  static let all: [any LossTerm.Type] = [
    DistanceLoss.self, FreeSpaceLoss.self, EikonalLoss.self, NormalLoss.self, ColorLoss.self,
    RenderedDepthLoss.self, RenderedColorLoss.self, RenderedMaskLoss.self,
  ]
}

/// The sum of all terms, as the backend calls it.
final class Objective: TileLoss, @unchecked Sendable {
  let batch: TrainingBatch
  var settings: LossSettings
  var weights: [Float]
  /// Values of each term by the tile's first point: threads write apart, sums run in order.
  private let values: [UnsafeMutableBufferPointer<Float>]

  init(batch: TrainingBatch, settings: LossSettings) {
    (self.batch, self.settings) = (batch, settings)
    weights = BuiltinLosses.all.map { _ in 0 }
    values = BuiltinLosses.all.map { _ in
      let b = UnsafeMutableBufferPointer<Float>.allocate(capacity: batch.capacity)
      b.initialize(repeating: 0)
      return b
    }
  }

  deinit { for b in values { b.deallocate() } }

  func evaluate(_ tile: LossTile) {
    for (index, term) in BuiltinLosses.all.enumerated() where weights[index] > 0 {
      values[index][tile.first] =
        term.evaluate(tile, batch, settings, weight: weights[index])
    }
  }

  /// Forgets the last step's values.
  func clear() {
    for b in values { b.update(repeating: 0) }
  }

  /// Value of each term over the last step.
  func totals() -> [Float] { values.map { $0.prefix(batch.count).reduce(0, +) } }
}
