internal import Foundation
internal import NeuralFields

/// Cross entropy of the rendered opacity (kept within [1e-3, 1 − 1e-3]) against the subject's mask.
enum RenderedMaskLoss: LossTerm {
  static let weightKey = "renderMaskWeight"
  static let margin: Float = 1e-3

  static func weight(_ c: TrainingConfiguration) -> [Double] { c.renderMaskWeight }

  static func evaluate(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, weight: Float
  ) -> Float {
    let count = batch.count(of: .rendered)
    guard count > 0 else { return 0 }
    var value: Float = 0
    RenderedRay.forEach(tile, batch, settings) { ray in
      let o = min(max(ray.opacity, margin), 1 - margin)
      value -= log(ray.truth.isSubject ? o : 1 - o) / count
      guard o == ray.opacity else { return }
      let d = weight / count * (ray.truth.isSubject ? -1 / o : 1 / (1 - o))
      ray.addDistanceGradient(.init(repeating: d), tile, settings)
    }
    return value
  }
}
