import CaptureCore
import Testing

@testable import SurfaceMetrics

@Suite struct TriangleTreeTests {
  /// Distance to a triangle in double precision, by minimising over its inside and its edges.
  static func distance(
    _ p: SIMD3<Double>, _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>
  ) -> Double {
    func toSegment(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
      let d = b - a
      let t = d.dot(d) > 0 ? min(1, max(0, (p - a).dot(d) / d.dot(d))) : 0
      return (a + d * t - p).length
    }
    var best = min(toSegment(a, b), toSegment(b, c), toSegment(c, a))
    let n = (b - a).cross(c - a).normalized
    let foot = p - n * (p - a).dot(n)
    let inside = [(a, b), (b, c), (c, a)].allSatisfy { ($1 - $0).cross(foot - $0).dot(n) >= 0 }
    if n != .zero && inside { best = min(best, (foot - p).length) }
    return best
  }

  @Test(arguments: [1, 2, 5, 33, 400]) func theNearestOfAllTrianglesIsFound(_ count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    func point(_ scale: Float) -> SIMD3<Float> {
      SIMD3(random.normal(), random.normal(), random.normal()) * scale
    }
    var mesh = TriangleMesh()
    for i in 0..<count {
      let a = point(1)
      // Some are segments and points, some are large.
      let (b, c) = (i % 7 == 3 ? a : a + point(0.3), i % 5 == 3 ? a : a + point(0.3))
      mesh.positions += [a, b, c]
      mesh.triangles.append(SIMD3(UInt32(3 * i), UInt32(3 * i + 1), UInt32(3 * i + 2)))
    }
    let queries = (0..<200).map { _ in point(1.5) } + mesh.positions.prefix(20)
    for (query, hit) in zip(queries, TriangleTree(mesh).nearest(to: queries)) {
      let distances = (0..<count).map { i in
        Self.distance(
          SIMD3<Double>(query), SIMD3<Double>(mesh.positions[3 * i]),
          SIMD3<Double>(mesh.positions[3 * i + 1]), SIMD3<Double>(mesh.positions[3 * i + 2]))
      }
      let best = distances.min()!
      #expect(abs(Double(hit.squaredDistance.squareRoot()) - best) < 2e-6)
      #expect(abs(distances[hit.triangle] - best) < 2e-6)
      #expect(abs(Double((hit.point - query).length) - best) < 2e-6)
    }
  }

  @Test func thePlacesOfAPointCloudAreFound() {
    var random = SeededGenerator(seed: 3)
    let points = (0..<300).map { _ in
      SIMD3<Float>(random.uniform(), random.uniform(), random.uniform())
    }
    let queries = (0..<100).map { _ in
      SIMD3<Float>(random.uniform(), random.uniform(), random.uniform())
    }
    for (query, hit) in zip(queries, TriangleTree(points: points).nearest(to: queries)) {
      let nearest = points.indices.min {
        (points[$0] - query).length < (points[$1] - query).length
      }
      #expect(hit.triangle == nearest)
    }
  }

  @Test func manyTrianglesInOnePlaceStillEnd() {
    let points = [SIMD3<Float>](repeating: SIMD3(1, 2, 3), count: 1000)
    // A geometric progression defeats halving by space; halving by count takes over.
    let spiral = (0..<140).map {
      SIMD3<Float>(Float(sign: .plus, exponent: -$0, significand: 1), 0, 0)
    }
    let hits = TriangleTree(points: points + spiral).nearest(to: [
      SIMD3(1, 2, 3), SIMD3(0.25, 0, 0),
    ])
    #expect(hits[0].squaredDistance == 0)
    #expect(hits[1].triangle == 1002)
  }
}
