internal import NeuralFields

/// Unit gradients: mean of `(|∇s| − 1)²` over all points that have one.
///
/// Source: Gropp et al., *Implicit Geometric Regularization*, ICML 2020.
enum EikonalLoss: LossTerm {
  static let weightKey = "eikonalWeight"

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.eikonalWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let n =
      batch.count(of: .surface) + batch.count(of: .uniform)
    guard tile.hasGradient, n > 0 else { return 0 }
    var value: Float = 0
    for p in 0..<tile.count {
      let g = tile.gradient(p)
      let length = max((g * g).sum().squareRoot(), 1e-9)
      value += (length - 1) * (length - 1) / n
      tile.addGradient(p, g * (weight * 2 * (length - 1) / (length * n)))
    }
    return value
  }
}
