internal import CaptureCore
internal import Foundation

/// The time-of-flight model: what a depth pixel reports of what is there.
///
/// - Axial noise: normal, with `sigma = depthNoise · (0.6 mm + 0.54 mm · z² / cos)`, z in metres,
///   cos of the incidence. Both numbers were fitted to floor and subject of recordings of the same
///   kind: 1.3 mm at 1.1 m and 2.6 mm at 1.9 m head-on, 8 mm at 1.9 m and 75 degrees.
/// - Mixed pixels: a pixel whose footprint straddles a depth edge averages the depths in it,
///   weighted by the light they return; most of these the sensor recognises and drops.
/// - Losses: at random, at grazing incidence, and where too little light returns
///   (`albedo · cos / z²`).
/// - Quantisation to the unit; nothing outside the working range.
struct DepthSensor: Sendable {
  let knobs: SyntheticRigConfiguration
  private let grazing: Float

  /// Depths in one footprint that differ by more are a mixed pixel, metres.
  private static let mixture: Float = 0.04

  init(_ knobs: SyntheticRigConfiguration) {
    self.knobs = knobs
    grazing = Float(cos(knobs.grazingLimit * .pi / 180))
  }

  /// Standard deviation of a depth, metres.
  func sigma(depth z: Float, incidence: Float) -> Float {
    Float(knobs.depthNoise) * (0.0006 + 0.00054 * z * z / max(incidence, 0.1))
  }

  /// Whether a surface at this cos of incidence is measured at all.
  func sees(incidence: Float) -> Bool { incidence > max(grazing, 1e-3) }

  /// Measures every pixel of a view whose centres hit `hits`.
  func measure(_ view: View, _ hits: [Hit], seed: UInt64) -> [UInt16] {
    let (width, height) = (view.rays.width, view.rays.height)
    return [UInt16](unsafeUninitializedCapacity: width * height) { samples, count in
      nonisolated(unsafe) let samples = samples
      hits.withUnsafeBufferPointer { hits in
        nonisolated(unsafe) let hits = hits
        concurrently(height) { v, _ in
          var random = SeededGenerator(seed: seed &+ UInt64(v) &* 0xd134_2543_de82_ef95)
          let tracer = Tracer(view.scene)
          for u in 0..<width {
            let edge =
              knobs.footprint > 0 && View.isEdge(hits, width, height, u, v)
            let sample =
              edge
              ? mixed(view, tracer, u, v, &random)
              : pure(view, hits[v * width + u], view.rays.direction(u, v), &random)
            (samples.baseAddress! + v * width + u).initialize(to: sample)
          }
        }
      }
      count = width * height
    }
  }

  private func pure(
    _ view: View, _ hit: Hit, _ direction: SIMD3<Float>, _ random: inout SeededGenerator
  ) -> UInt16 {
    guard hit.kind != .nothing else { return 0 }
    let incidence = view.incidence(hit, direction)
    return report(hit.t, incidence, Self.light(hit, incidence), &random)
  }

  /// A pixel over a depth edge: five sub-rays over its footprint, weighted by returned light.
  private func mixed(
    _ view: View, _ tracer: borrowing Tracer, _ u: Int, _ v: Int,
    _ random: inout SeededGenerator
  ) -> UInt16 {
    let center = view.rays.direction(u, v)
    let step = view.rays.steps(u, v)
    let reach = 0.5 * Float(knobs.footprint)
    var (light, depth, cosine, hits) = (Float.zero, Float.zero, Float.zero, 0)
    var (near, far) = (Float.infinity, Float.zero)
    for (x, y) in [(0, 0), (0.9, 0.3), (-0.3, 0.9), (-0.9, -0.3), (0.3, -0.9)] as [(Float, Float)] {
      let direction = center + x * reach * step.u + y * reach * step.v
      let hit = view.trace(tracer, direction)
      guard hit.kind != .nothing else { continue }
      let incidence = view.incidence(hit, direction)
      let weight = max(Self.light(hit, incidence), 1e-4)
      (light, depth, cosine) = (light + weight, depth + weight * hit.t, cosine + weight * incidence)
      hits += 1
      (near, far) = (min(near, hit.t), max(far, hit.t))
    }
    let chance = Double(random.uniform())
    guard hits > 0 else { return 0 }
    // Half a footprint of nothing returns too little to trust; a mixture is mostly recognised.
    if far - near > Self.mixture || hits < 4, chance >= knobs.flyingPixels { return 0 }
    return report(depth / light, cosine / light, light / 5, &random)
  }

  private func report(
    _ z: Float, _ incidence: Float, _ light: Float, _ random: inout SeededGenerator
  ) -> UInt16 {
    let lost = Double(random.uniform()) < knobs.randomDropout
    let noisy = z + sigma(depth: z, incidence: incidence) * random.normal()
    if lost || incidence < grazing || light < Float(knobs.darkLimit) { return 0 }
    guard noisy >= Float(knobs.depthNear), noisy <= Float(knobs.depthFar) else { return 0 }
    return UInt16(min(max((noisy / Float(knobs.depthUnit)).rounded(), 0), 65535))
  }

  /// Light that returns from a hit: 1 from a white surface head-on at 1 m.
  private static func light(_ hit: Hit, _ incidence: Float) -> Float {
    let albedo = hit.albedo.sum() / 3
    return albedo * incidence / max(hit.t * hit.t, 0.01)
  }
}
