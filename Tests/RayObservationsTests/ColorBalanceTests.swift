import CaptureCore
import Foundation
import Testing

@testable import RayObservations

@Suite struct ColorBalanceTests {
  private static let scene = SphereScene()

  /// What the cameras saw, in colours that belong to the places, as each camera would make them.
  private func sightings(
    _ gains: [SIMD3<Float>], blind: Set<Int> = []
  ) throws -> ([CameraObserver.Sighting?], [CameraRays?]) {
    let scene = Self.scene
    let rays = ObservationStage.rays(scene.cameras)
    let images = try scene.frames.map { try scene.images($0.index) }
    let configuration = ObservationConfiguration.unaveraged
    let ranges = scene.cameras.map { ObservationStage.range($0, configuration) }
    let survey = try ObservationStage.survey(
      rays, ranges, scene.frames, { images[$0.index] }, configuration, .silent)
    let sightings = scene.cameras.indices.map { c -> CameraObserver.Sighting? in
      guard let lens = rays[c] else { return nil }
      var seen = CameraObserver(
        camera: c, rays: lens, placed: scene.cameras[c], range: ranges[c], survey: survey,
        configuration: configuration
      ).observe(images[0][c])
      for i in (seen?.surface ?? []).indices where !blind.contains(c) {
        let o = seen!.surface[i]
        let color = (SIMD3(sinf(9 * o.x), cosf(7 * o.y), sinf(5 * o.z)) * 0.3 + 0.45) * 200
        let made = (color * gains[c]).clamped(
          lowerBound: .zero, upperBound: SIMD3(repeating: 255))
        (seen!.surface[i].red, seen!.surface[i].green) = (UInt8(made.x), UInt8(made.y))
        (seen!.surface[i].blue, seen!.surface[i].hasColor) = (UInt8(made.z), 1)
      }
      return seen
    }
    return (sightings, rays)
  }

  @Test func differingExposuresAreEvenedOut() throws {
    let gains = [SIMD3<Float>(1, 1, 1), [0.8, 0.8, 0.9], [1.1, 1, 1.2], [0.9, 1.1, 1]]
    let (seen, rays) = try sightings(gains)
    var balance = ColorBalance(cameras: 4)
    for _ in 0..<12 { balance.add(seen, rays) }
    let factors = balance.factors()
    // All factors may share one, as nobody knows the true exposure.
    for channel in 0..<3 {
      let even = zip(factors, gains).map { $0[channel] * $1[channel] }
      let mean = even.reduce(0, +) / 4
      for value in even { #expect(abs(value / mean - 1) < 0.03, "\(even)") }
      let product = factors.reduce(1) { $0 * $1[channel] }
      #expect(abs(product - 1) < 0.01)
    }
  }

  @Test func whoSharesNoColoursIsLeftAlone() throws {
    let gains = [SIMD3<Float>](repeating: SIMD3(repeating: 0.7), count: 4)
    let (seen, rays) = try sightings(gains, blind: [2])
    var balance = ColorBalance(cameras: 4)
    for _ in 0..<12 { balance.add(seen, rays) }
    #expect(balance.factors()[2] == SIMD3(repeating: 1))
    #expect(ColorBalance(cameras: 3).factors() == [SIMD3](repeating: SIMD3(1, 1, 1), count: 3))
  }
}
