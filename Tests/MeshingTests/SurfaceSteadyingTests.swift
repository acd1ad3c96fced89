import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

@Suite struct SurfaceSteadyingTests {
  private static let radius: Float = 0.2
  private let box = BoundingBox(
    lower: SIMD3(repeating: -0.263), upper: SIMD3(repeating: 0.257))

  /// A ball with ripples of some centimetres, and `swell` metres thicker.
  private func ball(ripple: Double, phase: Double, swell: Double = 0) -> AnalyticField {
    AnalyticField { p in
      let wave = sin(45 * p.x + phase) * sin(45 * p.y) * sin(45 * p.z)
      let length = (p.x * p.x + p.y * p.y + p.z * p.z).squareRoot()
      return length - Double(Self.radius) - swell - ripple * wave
    }
  }

  /// Mean distance of the surface from the ball, metres.
  private func error(_ instants: [NearbyInstant]) throws -> Float {
    var configuration = MeshingConfiguration()
    (configuration.voxel, configuration.halvings) = (0.01, 2)
    let mesh = try SurfaceExtractor.mesh(
      of: ball(ripple: 0.001, phase: 0), in: box, beside: instants, configuration: configuration
    ).mesh
    #expect(MeshTopology(mesh).isClosedManifold)
    return mesh.positions.reduce(0) { $0 + abs($1.length - Self.radius) }
      / Float(mesh.positions.count)
  }

  @Test func flickerGoes() throws {
    let alone = try error([])
    let others = [2, 4].map { phase in
      // The way there is known to half a millimetre.
      NearbyInstant(field: ball(ripple: 0.001, phase: Double(phase))) { $0 + SIMD3(0.0005, 0, 0) }
    }
    let steadied = try error(others)
    #expect(steadied < 0.65 * alone, "\(steadied) of \(alone)")
  }

  @Test func whatIsNotUnderstoodChangesNothing() throws {
    let alone = try error([])
    let lost = NearbyInstant(field: ball(ripple: 0.001, phase: 2)) { _ in nil }
    #expect(try error([lost]) == alone)
    // Another surface, two centimetres away.
    let other = NearbyInstant(field: ball(ripple: 0, phase: 0, swell: 0.02)) { $0 }
    #expect(try error([other]) == alone)
  }
}
