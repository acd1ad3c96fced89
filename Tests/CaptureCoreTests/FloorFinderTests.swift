import CaptureCore
import Foundation
import Testing

@Suite struct FloorFinderTests {
  private var random = SeededGenerator(seed: 3)

  /// Points spread over a rectangle about a point, with noise across it.
  private mutating func patch(
    _ count: Int, at center: SIMD3<Float>, _ a: SIMD3<Float>, _ b: SIMD3<Float>,
    noise: Float = 0.004
  ) -> [SIMD3<Float>] {
    let normal = a.cross(b).normalized
    return (0..<count).map { _ in
      center + a * (2 * random.uniform() - 1) + b * (2 * random.uniform() - 1)
        + normal * (noise * random.normal())
    }
  }

  /// A leaning floor of little depth pixels, a table above it, and a wall.
  private mutating func room() -> [SIMD3<Float>] {
    patch(400, at: SIMD3(0, -1.2, 0), SIMD3(1.5, 0.15, 0), SIMD3(0, 0, 1.5))
      + patch(3000, at: SIMD3(0.3, -0.4, 0.2), SIMD3(0.6, 0.06, 0), SIMD3(0, 0, 0.5))
      + patch(4000, at: SIMD3(0, 0, -2), SIMD3(1.5, 0, 0), SIMD3(0, 1.1, 0))
  }

  @Test mutating func theFloorIsFoundBelowATableAndBesideAWall() throws {
    let finder = FloorFinder(up: SIMD3(0, 1, 0), largestTilt: 0.3, leastShare: 0.025)
    let plane = try #require(finder.find(in: room()))
    let normal = SIMD3(-0.1, 1, 0).normalized
    #expect(plane.normal.dot(normal) > cos(0.004))
    #expect(abs(plane.height(SIMD3(0, -1.2, 0))) < 0.002)
    #expect(abs(plane.share - 400 / 7400) < 0.01)
    #expect(abs(plane.roughness - 0.004) < 0.001)
  }

  @Test mutating func anyLevelSurfaceWillDoWhereAskedFor() throws {
    var finder = FloorFinder(up: SIMD3(0, 1, 0), largestTilt: 0.3, leastShare: 0.025)
    finder.mostBelow = 1
    let plane = try #require(finder.find(in: room()))
    #expect(abs(plane.height(SIMD3(0.3, -0.4, 0.2))) < 0.002)
  }

  @Test mutating func whatIsTooSteepTooSmallOrTooFewIsNoFloor() {
    let points = room()
    var finder = FloorFinder(up: SIMD3(0, 1, 0), largestTilt: 0.05, leastShare: 0.025)
    #expect(finder.find(in: points) == nil)
    (finder.largestTilt, finder.leastShare) = (0.3, 0.1)
    #expect(finder.find(in: points) == nil)
    (finder.leastShare, finder.leastExtent) = (0.025, 4)
    #expect(finder.find(in: points) == nil)
    #expect(finder.find(in: Array(points.prefix(99))) == nil)
    #expect(finder.find(in: []) == nil)
  }

  @Test mutating func legsWithoutAFloorAreNone() {
    // Four sides of a leg, as high as what is looked at; feet on a floor that is seen are told apart from it.
    let leg = [SIMD3<Float>(0.3, 0, 0), SIMD3(-0.3, 0, 0)].flatMap { side in
      patch(1500, at: side + SIMD3(0, 0.15, 0), SIMD3(0.05, 0, 0.05), SIMD3(0, 0.15, 0))
    }
    var finder = FloorFinder(up: SIMD3(0, 1, 0), largestTilt: 0.14, leastShare: 0.1)
    (finder.leastExtent, finder.mostBelow) = (0.1, 1)
    #expect(finder.find(in: leg) == nil)
    let leastContrast = finder.leastContrast
    finder.leastContrast = 0
    #expect(finder.find(in: leg) != nil)
    finder.leastContrast = leastContrast
    let floor = patch(2000, at: .zero, SIMD3(0.5, 0, 0), SIMD3(0, 0, 0.5))
    #expect(abs(finder.find(in: leg + floor)?.offset ?? 1) < 0.002)
    // Nor are the tops of boots, with little above them, however much is seen of them.
    for tops in [1000, 3000] {
      let boots = [SIMD3<Float>(0.3, 0, 0), SIMD3(-0.3, 0, 0)].flatMap { side in
        patch(4000, at: side + SIMD3(0, 0.05, 0), SIMD3(0.1, 0, 0.1), SIMD3(0, 0.05, 0))
          + patch(tops, at: side + SIMD3(0, 0.1, 0), SIMD3(0.1, 0, 0), SIMD3(0, 0, 0.1))
      }
      #expect(finder.find(in: boots) == nil)
      let room = boots + floor + floor + floor + floor + floor + floor
      #expect(abs(finder.find(in: room)?.offset ?? 1) < 0.004)
    }
  }

  @Test func pointsOnALineHoldNoFloor() {
    let finder = FloorFinder(up: SIMD3(0, 1, 0), largestTilt: 0.3, leastShare: 0.1)
    #expect(finder.find(in: (0..<500).map { SIMD3(Float($0) * 0.01, 0, 0) }) == nil)
    #expect(finder.find(in: [SIMD3<Float>](repeating: SIMD3(1, 0, 2), count: 500)) == nil)
  }
}
