internal import NeuralFields

/// Direction of the gradient at surface points: mean of `w (1 − n · ∇s / |∇s|)`.
enum NormalLoss: LossTerm {
  static let weightKey = "normalWeight"

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.normalWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let count = batch.count(of: .surface)
    guard tile.hasGradient, count > 0 else { return 0 }
    var value: Float = 0
    for p in 0..<tile.count {
      let i = tile.first + p
      guard batch.kinds[i] == .surface else { continue }
      let g = tile.gradient(p)
      let length = max((g * g).sum().squareRoot(), 1e-6)
      let n = SIMD3(batch.normals[3 * i], batch.normals[3 * i + 1], batch.normals[3 * i + 2])
      let cosine = (g * n).sum() / length
      let share = batch.weights[i] / count
      value += share * (1 - cosine)
      tile.addGradient(p, (g * (cosine / length) - n) * (weight * share / length))
    }
    return value
  }
}
