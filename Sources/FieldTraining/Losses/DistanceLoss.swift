internal import NeuralFields

/// Signed distance at and near the surface, robust beyond `delta`:
///
///     mean over surface and near points of  w (sqrt(e² + delta²) − delta),   e = s − target
///
/// in metres. Quadratic within the noise, so that noise averages out; linear beyond, so that outliers
/// do not. Source: pseudo-Huber, Charbonnier et al., ICIP 1994.
enum DistanceLoss: LossTerm {
  static let weightKey = "distanceWeight"
  /// Metres: about the noise of a smoothed depth pixel.
  static let delta: Float = 0.002

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.distanceWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let n =
      batch.count(of: .surface) + batch.count(of: .near)
    guard n > 0 else { return 0 }
    var value: Float = 0
    for p in 0..<tile.count {
      let i = tile.first + p
      guard batch.kinds[i] == .surface || batch.kinds[i] == .near else { continue }
      let e = tile.distance[p] * settings.scale - batch.targets[i]
      let root = (e * e + delta * delta).squareRoot()
      let share = batch.weights[i] / n
      value += share * (root - delta)
      tile.dDistance[p] += weight * share * settings.scale * e / root
    }
    return value
  }
}
