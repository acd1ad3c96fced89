internal import CaptureCore
internal import Foundation

/// What is known at some places of a surface, summed around other places:
///
///     Σ_k v_k · exp(−|x − x_k|² / 2σ²) · ⟨n, n_k⟩
///
/// over the places `x_k` within 2.5 σ whose normals face the same way. Where the last number of each value is
/// its weight, so is that of the sum.
struct SurfaceSums {
  /// A place, its unit normal, and what is known of it.
  struct Sample {
    var place, normal: SIMD3<Float>
    var value: SIMD4<Float>
  }

  /// Cosine from which on normals belong to the same surface.
  private let facing: Float
  private let reach, falloff: Float
  private let cells: PointCells
  /// In the order of the cells.
  private let samples: [Sample]

  /// Sorts the samples into cells: O(samples + cells).
  /// - Parameters:
  ///   - deviation: `σ`, metres.
  ///   - facing: Least cosine between normals.
  init(_ samples: [Sample], deviation: Float, facing: Float) {
    (reach, falloff) = (2.5 * deviation, -1 / (2 * deviation * deviation))
    self.facing = facing
    cells = PointCells(samples.lazy.map(\.place), reach: reach)
    self.samples = cells.order.map { samples[Int($0)] }
  }

  /// The sum around a place with a unit normal; zero where there is nothing.
  func around(_ p: SIMD3<Float>, facing n: SIMD3<Float>) -> SIMD4<Float> {
    var sum = SIMD4<Float>.zero
    cells.near(p) { range in
      for k in range {
        let d = samples[k].place - p
        let square = (d * d).sum()
        guard square < reach * reach else { continue }
        let cosine = (samples[k].normal * n).sum()
        guard cosine > facing else { continue }
        sum += samples[k].value * (expf(square * falloff) * cosine)
      }
    }
    return sum
  }
}
