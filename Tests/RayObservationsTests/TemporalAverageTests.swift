import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import RayObservations

@Suite struct TemporalAverageTests {
  private static let radius: Float = 0.12
  private let average = TemporalAverage(radius: 0.005, threads: nil)

  /// A patch of a ball, seen every 4 mm, with so much noise along the normal, in metres.
  private func ball(
    noise: Float, seed: UInt64, pushed: Float = 0, phase: Float = 0
  ) -> [SurfaceObservation] {
    var random = SeededGenerator(seed: seed)
    let step = 0.004 / Self.radius
    return stride(from: Float(-0.6) + phase * step, to: 0.6, by: step).flatMap { a in
      stride(from: Float(-0.6) + phase * step, to: 0.6, by: step).map { b in
        let n = SIMD3(sinf(a) * cosf(b), sinf(b), cosf(a) * cosf(b))
        let p = n * (Self.radius + pushed + noise * random.normal())
        var o = SurfaceObservation()
        (o.x, o.y, o.z) = (p.x, p.y, p.z)
        (o.nx, o.ny, o.nz) = (n.x, n.y, n.z)
        (o.dx, o.dy, o.dz) = (-n.x, -n.y, -n.z)
        (o.sigma, o.confidence, o.incidence, o.range) = (noise, 1, 1, 2)
        return o
      }
    }
  }

  /// Mean and mean square root of the distance outwards, away from the patch's edges, millimetres.
  private func errors(_ surface: [SurfaceObservation]) -> (mean: Float, spread: Float) {
    let inner = surface.filter { $0.normal.z > 0.9 }
    let distances = inner.map { 1000 * ($0.position.length - Self.radius) }
    let mean = distances.reduce(0, +) / Float(distances.count)
    return (mean, (distances.reduce(0) { $0 + $1 * $1 } / Float(distances.count)).squareRoot())
  }

  @Test func noiseFallsAndCurvatureStays() {
    let surface = ball(noise: 0.001, seed: 1)
    let others = (2...5).map { ball(noise: 0.001, seed: $0, phase: Float($0) / 5) }
    let alone = errors(average.refined(surface, with: []))
    let together = errors(average.refined(surface, with: others))
    #expect(errors(surface).spread > 0.9)
    #expect(alone.spread < 0.45)
    #expect(together.spread < 0.6 * alone.spread)
    // A plain mean over so much of the ball lies 0.2 mm inside.
    #expect(abs(errors(average.refined(ball(noise: 0, seed: 1), with: [])).mean) < 0.005)
    #expect(abs(together.mean) < 0.1)
  }

  @Test func anErrorOfTheMotionDoesNotMoveTheSurface() {
    let surface = ball(noise: 0.0005, seed: 1)
    let pushed = ball(noise: 0.0005, seed: 2, pushed: 0.003)
    #expect(abs(errors(average.refined(surface, with: [pushed])).mean) < 0.05)
  }

  @Test func anotherSurfaceDoesNotCount() {
    let surface = ball(noise: 0.0005, seed: 1)
    let alone = average.refined(surface, with: [])
    let behind = ball(noise: 0, seed: 2, pushed: -0.012)
    #expect(average.refined(surface, with: [behind]) == alone)
    #expect(
      TemporalAverage(radius: 0, threads: nil).refined(surface, with: [pushed(surface)]) == surface)
    #expect(average.refined([], with: [surface]).isEmpty)
  }

  private func pushed(_ surface: [SurfaceObservation]) -> [SurfaceObservation] {
    surface.map { o in
      var o = o
      o.z += 0.001
      return o
    }
  }

  /// Mean distance of what was seen in the first of some sets to the sphere, millimetres.
  private func error(sets: Int, frames: Int, at instant: (Int) -> Int) throws -> Double {
    let folder = Scratch.unused()
    let scene = SphereScene(frames: frames)
    var random = SeededGenerator(seed: 11)
    let images = try (0..<frames).map { k in
      try scene.images(instant(k)) { _ in 0.002 * Double(random.normal()) }
    }
    var configuration = ObservationConfiguration.unaveraged
    configuration.box = [-0.8, 0.1, -0.5, 0.8, 1.3, 0.5]
    (configuration.averageSets, configuration.averageRadius) = (sets, 0.015)
    _ = try ObservationStage.build(
      cameras: scene.cameras, frames: scene.frames, load: { images[$0.index] },
      configuration: configuration, folder: folder)
    let frame = try ObservationCache.open(folder: folder).frame(0)
    return withExtendedLifetime(frame) {
      let errors = frame.surface.map { abs(scene.signedDistance($0.position, frame: instant(0))) }
      return 1000 * errors.reduce(0, +) / Double(errors.count)
    }
  }

  @Test func whatIsSeenInSetsAroundIsAveraged() throws {
    let alone = try error(sets: 0, frames: 1) { _ in 1 }
    let averaged = try error(sets: 1, frames: 2) { _ in 1 }
    #expect(averaged < 0.9 * alone, "\(averaged) mm for \(alone) mm")
  }
}
