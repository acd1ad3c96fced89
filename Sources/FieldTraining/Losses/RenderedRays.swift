internal import Foundation
internal import NeuralFields

/// The volume-rendered view of the rays in a tile, shared by the rendered losses.
///
///     sigma(s) = 1/beta · (s > 0 ? exp(−s/beta)/2 : 1 − exp(s/beta)/2)
///     alpha_i = 1 − exp(−sigma_i delta_i),  w_i = alpha_i prod_{j<i} (1 − alpha_j)
///     opacity = sum w,  depth = sum w t / opacity,  colour = sum w c / opacity
///
/// Lengths are metres along the ray. Depth is divided by opacity, so that a ray which is half free
/// does not read as half as far. Source: Yariv et al., *VolSDF*, NeurIPS 2021.
struct RenderedRay {
  private static let n = TrainingBatch.raySamples
  let first: Int
  let truth: TrainingBatch.RayTarget
  private(set) var weights: TrainingBatch.RaySamples = .init(repeating: 0)
  /// Transmittance behind each sample.
  private var behind: TrainingBatch.RaySamples = .init(repeating: 0)
  private var lengths: TrainingBatch.RaySamples = .init(repeating: 0)
  private(set) var opacity: Float = 0

  /// Renders each ray of the tile that is whole, and hands it to `body`.
  static func forEach(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings,
    _ body: (RenderedRay) -> Void
  ) {
    for first in stride(from: 0, to: tile.count - n + 1, by: n)
    where batch.kinds[tile.first + first] == .rendered {
      guard let truth = batch.ray(startingAt: tile.first + first) else { continue }
      body(RenderedRay(tile, batch, settings, first: first, truth: truth))
    }
  }

  private init(
    _ tile: LossTile, _ batch: TrainingBatch, _ settings: LossSettings, first: Int,
    truth: TrainingBatch.RayTarget
  ) {
    (self.first, self.truth) = (first, truth)
    var light: Float = 1
    for i in 0..<Self.n {
      lengths[i] = Self.length(i, batch, tile.first + first)
      let sigma = Self.density(tile.distance[first + i] * settings.scale, settings.beta).value
      let next = light * exp(-sigma * lengths[i])
      weights[i] = light - next
      behind[i] = next
      light = next
    }
    opacity = 1 - light
  }

  static func density(_ s: Float, _ beta: Float) -> (value: Float, slope: Float) {
    let e = 0.5 * exp(-abs(s) / beta)
    return (s > 0 ? e / beta : (1 - e) / beta, -e / (beta * beta))
  }

  /// Length of the interval of sample i: to the next sample, the last like the one before.
  private static func length(_ i: Int, _ batch: TrainingBatch, _ start: Int) -> Float {
    let at = start + min(i, n - 2)
    return batch.targets[at + 1] - batch.targets[at]
  }

  /// Adds the gradient with respect to the distances, given that with respect to the weights:
  /// d loss / d sigma_j = length_j (behind_j a_j − sum_{i>j} w_i a_i).
  func addDistanceGradient(
    _ a: TrainingBatch.RaySamples, _ tile: LossTile, _ settings: LossSettings
  ) {
    var later: Float = 0
    for j in Swift.stride(from: Self.n - 1, through: 0, by: -1) {
      let dSigma = lengths[j] * (behind[j] * a[j] - later)
      later += weights[j] * a[j]
      let slope = Self.density(tile.distance[first + j] * settings.scale, settings.beta).slope
      tile.dDistance[first + j] += dSigma * slope * settings.scale
    }
  }
}
