internal import NeuralFields

/// Bounds where a camera saw through, and in hidden space: mean of `max(0, lower − s) + max(0, s − upper)`, metres.
///
/// Where a camera saw through, `lower` is at most the truncation and `upper` the distance to the surface along
/// the ray, which no true distance exceeds. Hidden space that is believed inside has no lower bound and an
/// upper one below zero; what is believed outside a lower one alone. Source: Ortiz et al., *iSDF*, RSS 2022.
enum FreeSpaceLoss: LossTerm {
  static let weightKey = "freeWeight"

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.freeWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let n = batch.count(of: .free)
    guard n > 0 else { return 0 }
    var value: Float = 0
    for p in 0..<tile.count {
      let i = tile.first + p
      guard batch.kinds[i] == .free else { continue }
      let s = tile.distance[p] * settings.scale
      let share = batch.weights[i] / n
      if s < batch.targets[i] {
        value += share * (batch.targets[i] - s)
        tile.dDistance[p] -= weight * share * settings.scale
      } else if s > batch.ceilings[i] {
        value += share * (s - batch.ceilings[i])
        tile.dDistance[p] += weight * share * settings.scale
      }
    }
    return value
  }
}
