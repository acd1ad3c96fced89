import CaptureCore
import CaptureTestSupport
import Meshing
import Testing

@Suite struct DistanceGridTests {
  private static let box = BoundingBox(
    lower: SIMD3(-0.613, -0.587, -0.641), upper: SIMD3(0.599, 0.633, 0.617))

  /// Sizes that are and are not multiples of a brick's.
  @Test(arguments: [Float(0.05), 0.037, 0.021])
  func surfacesAreClosedOutwardAndInPlace(_ step: Float) throws {
    let field = AnalyticField.torus(SIMD3(0.011, 0.007, 0.023), radius: 0.35, tube: 0.153)
    let grid = try DistanceGrid(of: field, in: Self.box, spacing: step)
    #expect(grid.distances.count == Int(grid.points.x * grid.points.y * grid.points.z))
    let mesh = try SurfaceExtractor.surface(of: grid)
    let topology = MeshTopology(mesh)
    #expect(topology.isClosedManifold)
    #expect(topology.eulerCharacteristic == 0)
    #expect(abs(topology.volume / (2 * .pi * .pi * 0.35 * 0.153 * 0.153) - 1) < 0.1)
    #expect(mesh.positions.allSatisfy { abs(field.value($0)) < 0.05 * Double(step) })
    #expect(mesh == (try SurfaceExtractor.surface(of: grid, threads: 1)))
  }

  @Test(arguments: [UInt64(1), 2]) func noiseHasBordersOnTheGridsSidesAlone(_ seed: UInt64) throws {
    let field = AnalyticField.noise(seed: seed, spacing: 0.11)
    let grid = try DistanceGrid(of: field, in: Self.box, spacing: 0.03)
    let mesh = try SurfaceExtractor.surface(of: grid)
    let upper = grid.origin + SIMD3<Float>(grid.points &- 1) * grid.spacing
    struct Edge: Hashable { var a, b: UInt32 }
    var edges = Set<Edge>()
    for t in mesh.triangles {
      for edge in [Edge(a: t.x, b: t.y), Edge(a: t.y, b: t.z), Edge(a: t.z, b: t.x)] {
        #expect(edges.insert(edge).inserted)
      }
    }
    let border = edges.filter { !edges.contains(Edge(a: $0.b, b: $0.a)) }
    #expect(!border.isEmpty)
    for edge in border {
      let (a, b) = (mesh.positions[Int(edge.a)], mesh.positions[Int(edge.b)])
      #expect(
        (0..<3).contains { axis in
          [grid.origin[axis], upper[axis]].contains {
            abs(a[axis] - $0) < 1e-5 && abs(b[axis] - $0) < 1e-5
          }
        })
    }
    #expect(Set(mesh.triangles.flatMap { [$0.x, $0.y, $0.z] }).count == mesh.positions.count)
  }

  @Test func whatIsNoNumberIsOutside() throws {
    var distances = [Float](repeating: 1, count: 27)
    (distances[13], distances[12], distances[14]) = (-1, .nan, .infinity)
    let grid = try DistanceGrid(
      points: SIMD3(3, 3, 3), origin: .zero, spacing: 1, distances: distances)
    let mesh = try SurfaceExtractor.surface(of: grid)
    #expect(mesh.positions.count == 6)
    #expect(mesh.positions.allSatisfy { ($0 - 1).length > 0 && ($0 - 1).length < 1 })
    #expect(MeshTopology(mesh).isClosedManifold)
    let empty = try DistanceGrid(
      points: SIMD3(3, 3, 3), origin: .zero, spacing: 1, distances: distances.map(abs))
    #expect(try SurfaceExtractor.surface(of: empty).triangles.isEmpty)
  }

  @Test func impossibleGridsAreRefused() throws {
    #expect(throws: CaptureError.self) {
      try DistanceGrid(points: SIMD3(3, 3, 3), origin: .zero, spacing: 1, distances: [1, 2])
    }
    #expect(throws: CaptureError.self) {
      try DistanceGrid(points: SIMD3(1, 3, 3), origin: .zero, spacing: 1, distances: [])
    }
    let field = AnalyticField.sphere(.zero, radius: 1)
    for step in [Float(0), -1, .nan, 1e-7] {
      #expect(throws: CaptureError.self) {
        try DistanceGrid(of: field, in: Self.box, spacing: step)
      }
    }
    #expect(throws: CaptureError.self) {
      try DistanceGrid(of: field, in: .empty, spacing: 0.1)
    }
  }
}
