import Testing

@testable import RayObservations

@Suite struct ContinuationsTests {
  /// A disc on a wide stem, seen from high above: its rim hides where the stem goes on to.
  private let disc = DistanceScene(height: 2) { p in
    let r = (p.x * p.x + p.z * p.z).squareRoot()
    return min(max(r - 0.25, abs(p.y - 0.8) - 0.02), max(r - 0.13, p.y - 0.8))
  }

  /// The smallest surface would go from the rim to where the stem was last seen, 7 cm below.
  @Test func whatPassesBehindARimGoesOnThere() throws {
    let beside = DistanceScene.ring(radius: 0.17, height: 0.763)
    let body =
      DistanceScene.ring(radius: 0.11, height: 0.763)
      + DistanceScene.ring(radius: 0.22, height: 0.79)
    let inside = try disc.areInside(beside + body, opening: 0)
    #expect(inside == beside.map { _ in false } + body.map { _ in true })
  }
}
