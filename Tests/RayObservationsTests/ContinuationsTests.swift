import Foundation
import Testing

@testable import RayObservations

@Suite struct ContinuationsTests {
  /// A disc on a wide stem, seen from high above: its rim hides where the stem goes on to.
  private let disc = DistanceScene(height: 2) { p in
    let r = (p.x * p.x + p.z * p.z).squareRoot()
    return min(max(r - 0.25, abs(p.y - 0.8) - 0.02), max(r - 0.13, p.y - 0.8))
  }

  /// Places all around.
  private func ring(_ radius: Float, _ y: Float) -> [SIMD3<Float>] {
    (0..<8).map { k in
      SIMD3(radius * cos(Float(k) * .pi / 4), y, radius * sin(Float(k) * .pi / 4))
    }
  }

  /// The smallest surface would go from the rim to where the stem was last seen, 7 cm below.
  @Test func whatPassesBehindARimGoesOnThere() throws {
    let (beside, body) = (ring(0.17, 0.763), ring(0.11, 0.763) + ring(0.22, 0.79))
    let inside = try disc.areInside(beside + body, opening: 0)
    #expect(inside == beside.map { _ in false } + body.map { _ in true })
  }
}
