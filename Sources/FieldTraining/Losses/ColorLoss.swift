internal import NeuralFields

/// Colour at surface points: mean of the absolute difference over the three channels.
enum ColorLoss: LossTerm {
  static let weightKey = "colorWeight"

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.colorWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let count = batch.count(of: .surface)
    guard tile.hasColor, count > 0 else { return 0 }
    var value: Float = 0
    for p in 0..<tile.count {
      let i = tile.first + p
      guard batch.kinds[i] == .surface, batch.colors[3 * i] >= 0 else { continue }
      for c in 0..<3 {
        let e = tile.rgb[c * tile.stride + p] - batch.colors[3 * i + c]
        let share = batch.weights[i] / (3 * count)
        value += share * abs(e)
        tile.dRGB[c * tile.stride + p] += weight * share * (e > 0 ? 1 : e < 0 ? -1 : 0)
      }
    }
    return value
  }
}

extension LossTile {
  /// The spatial gradient at a point.
  @inline(__always) func gradient(_ p: Int) -> SIMD3<Float> {
    SIMD3(gradient[p], gradient[stride + p], gradient[2 * stride + p])
  }

  /// Adds to the gradient of the loss with respect to the spatial gradient at a point.
  @inline(__always) func addGradient(_ p: Int, _ d: SIMD3<Float>) {
    dGradient[p] += d.x
    dGradient[stride + p] += d.y
    dGradient[2 * stride + p] += d.z
  }
}
