internal import NeuralFields

/// Rendered against measured colour: mean absolute difference, over rays that meet the subject, as a
/// share of all that are rendered.
enum RenderedColorLoss: LossTerm {
  static let weightKey = "renderColorWeight"

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.renderColorWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let count = batch.count(of: .rendered)
    guard tile.hasColor, count > 0 else { return 0 }
    var value: Float = 0
    RenderedRay.forEach(tile, batch, settings) { ray in
      guard ray.truth.isSubject, ray.truth.hasColor, ray.opacity > 0.05 else { return }
      var a: TrainingBatch.RaySamples = .init(repeating: 0)
      let share = ray.truth.confidence / (3 * count)
      for c in 0..<3 {
        func rgb(_ i: Int) -> Float { tile.rgb[c * tile.stride + ray.first + i] }
        var sum: Float = 0
        for i in 0..<TrainingBatch.raySamples { sum += ray.weights[i] * rgb(i) }
        let color = sum / ray.opacity
        let e = color - ray.truth.rgb[c]
        value += share * abs(e)
        let d = weight * share * (e > 0 ? 1 : -1) / ray.opacity
        for i in 0..<TrainingBatch.raySamples {
          a[i] += d * (rgb(i) - color)
          tile.dRGB[c * tile.stride + ray.first + i] += d * ray.weights[i]
        }
      }
      ray.addDistanceGradient(a, tile, settings)
    }
    return value
  }
}
