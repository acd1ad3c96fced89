internal import NeuralFields

/// Rendered against measured ray length, metres, over rays that meet the subject, as a share of all
/// that are rendered.
enum RenderedDepthLoss: LossTerm {
  static let weightKey = "renderDepthWeight"

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.renderDepthWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let count = batch.count(of: .rendered)
    guard count > 0 else { return 0 }
    var value: Float = 0
    RenderedRay.forEach(tile, batch, settings) { ray in
      guard ray.truth.isSubject, ray.opacity > 0.05 else { return }
      func t(_ i: Int) -> Float { batch.targets[tile.first + ray.first + i] }
      var sum: Float = 0
      for i in 0..<TrainingBatch.raySamples { sum += ray.weights[i] * t(i) }
      let depth = sum / ray.opacity
      let e = depth - ray.truth.range
      let share = ray.truth.confidence / count
      value += share * abs(e)
      var a: TrainingBatch.RaySamples = .init(repeating: 0)
      let sign: Float = e > 0 ? 1 : -1
      for i in 0..<TrainingBatch.raySamples {
        a[i] = weight * share * sign * (t(i) - depth) / ray.opacity
      }
      ray.addDistanceGradient(a, tile, settings)
    }
    return value
  }
}
