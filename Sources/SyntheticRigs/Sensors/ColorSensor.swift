internal import CaptureCore
internal import Foundation

/// The colour camera: matte surfaces in even light, smoothed silhouettes, a little noise.
struct ColorSensor: Sendable {
  let knobs: SyntheticRigConfiguration
  /// What this camera makes of red, green and blue.
  let gain: SIMD3<Float>

  init(knobs: SyntheticRigConfiguration, camera: Int) {
    self.knobs = knobs
    gain = Self.gain(knobs, camera)
  }

  /// A camera's exposure and white balance.
  static func gain(_ knobs: SyntheticRigConfiguration, _ camera: Int) -> SIMD3<Float> {
    var random = SeededGenerator(seed: RigLayout.mix(knobs.seed, camera, 17, 0))
    let (spread, exposure) = (Float(knobs.exposureSpread), random.normal())
    func factor() -> Float { expf(spread * (exposure + 0.5 * random.normal())) }
    return SIMD3(factor(), factor(), factor())
  }

  /// Colour of a ray that meets nothing.
  private static let background = SIMD3<Float>(0.02, 0.02, 0.03)

  /// Interleaved RGB of a view whose pixel centres hit `hits`.
  func measure(_ view: View, _ hits: [Hit], seed: UInt64) -> [UInt8] {
    let (width, height) = (view.rays.width, view.rays.height)
    return [UInt8](unsafeUninitializedCapacity: 3 * width * height) { pixels, count in
      nonisolated(unsafe) let pixels = pixels
      hits.withUnsafeBufferPointer { hits in
        nonisolated(unsafe) let hits = hits
        concurrently(height) { v, _ in
          var random = SeededGenerator(seed: seed &+ UInt64(v) &* 0xd134_2543_de82_ef95)
          let tracer = Tracer(view.scene)
          for u in 0..<width {
            let color =
              View.isEdge(hits, width, height, u, v)
              ? blended(view, tracer, u, v) : Self.color(hits[v * width + u])
            let at = pixels.baseAddress! + 3 * (v * width + u)
            for channel in 0..<3 {
              let noisy =
                255 * gain[channel] * color[channel] + Float(knobs.colorNoise) * random.normal()
              (at + channel).initialize(to: UInt8(min(max(noisy.rounded(), 0), 255)))
            }
          }
        }
      }
      count = 3 * width * height
    }
  }

  private func blended(
    _ view: View, _ tracer: borrowing Tracer, _ u: Int, _ v: Int
  ) -> SIMD3<Float> {
    let center = view.rays.direction(u, v)
    let step = view.rays.steps(u, v)
    var sum = SIMD3<Float>.zero
    for (x, y) in [(-1, -1), (1, -1), (-1, 1), (1, 1)] as [(Float, Float)] {
      sum += Self.color(view.trace(tracer, center + 0.25 * x * step.u + 0.25 * y * step.v))
    }
    return sum / 4
  }

  private static func color(_ hit: Hit) -> SIMD3<Float> {
    hit.kind == .nothing ? background : Light.shade(hit.albedo, normal: hit.normal)
  }
}
