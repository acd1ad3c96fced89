import CaptureCore
import SurfaceMetrics
import Testing

@Suite struct SurfaceComparisonTests {
  let truth = TestSurfaces.sphere(radius: 0.5)

  func compare(
    _ result: TriangleMesh, unseen: (SIMD3<Float>) -> Bool = { _ in false }
  ) throws -> SurfaceComparison {
    let places = TestSurfaces.places(onSphere: truth, unseen: unseen)
    return try #require(
      try SurfaceComparison(of: result, to: truth, at: places, samples: 3000))
  }

  @Test func aSphereIsNoDistanceFromItself() throws {
    let figures = try compare(truth)
    #expect(figures.accuracy < 1e-3)
    #expect(figures.completeness < 1e-3)
    #expect(figures.chamferAll < 1e-3)
    #expect(figures.f5 == 1)
    #expect(figures.f10 == 1)
    // The places' normals are the sphere's, those of the result are its facets': some 3 degrees off.
    #expect(figures.normals > 0.998)
    #expect(abs(figures.offset) < 1e-3)
    #expect(figures.isWatertight)
  }

  @Test(arguments: [Float(0.507), 0.496]) func concentricSpheresAreTheirRadiiApart(
    _ radius: Float
  ) throws {
    let figures = try compare(TestSurfaces.sphere(radius: radius))
    let apart = Double(abs(radius - 0.5) * 1000)
    // A facet sags by up to 0.6 mm under its sphere.
    #expect(abs(figures.accuracy - apart) < 0.02 * apart)
    #expect(abs(figures.completeness - apart) < 0.1 * apart)
    #expect(figures.chamfer == (figures.accuracy + figures.completeness) / 2)
    #expect(abs(figures.offset - Double(radius - 0.5) * 1000) < 0.1 * apart)
    #expect(figures.f10 == 1)
    #expect(figures.f5 == (radius > 0.5 ? 0 : 1))
  }

  @Test func aMovedSquareIsAsFarAsItMoved() throws {
    let truth = TestSurfaces.square(size: 1, z: 0, cells: 3)
    let places = try #require(TruthPlaces.Frame(on: truth, count: 500))
    let result = TestSurfaces.square(size: 1, z: 0.0075, cells: 5)
    let figures = try #require(
      try SurfaceComparison(of: result, to: truth, at: places, samples: 2000))
    for value in [figures.accuracy, figures.completeness, figures.chamferAll, figures.offset] {
      #expect(abs(value - 7.5) < 1e-4)
    }
    #expect(figures.normals == 1)
    #expect(figures.f5 == 0)
    #expect(figures.f10 == 1)
    #expect(!figures.isWatertight)
  }

  @Test func whatNoCameraSeesCountsOnlyOverAll() throws {
    // The lower half is 30 mm off, and no camera sees it.
    var result = truth
    for i in result.positions.indices where result.positions[i].y < 0 {
      result.positions[i].y -= 0.03
    }
    let figures = try compare(result) { $0.y < 0.03 }
    #expect(figures.chamfer < 0.05)
    #expect(figures.f5 > 0.999)
    #expect(figures.chamferAll > 5)
    #expect(figures.signedDistances.filter(\.isNaN).count > truth.positions.count / 3)
  }

  @Test func thinPartsCountWhereBothSidesAreThere() throws {
    // A sheet 16 mm thick; what is found of it lacks its lower side, or is too thick by 6 mm on either.
    let truth = TestSurfaces.slab(size: 0.5, thickness: 0.016)
    let places = try #require(TruthPlaces.Frame(on: truth, count: 2000))
    func thin(_ result: TriangleMesh) throws -> Double {
      try #require(
        try SurfaceComparison(of: result, to: truth, at: places, samples: 2000)?.thin)
    }
    #expect(try thin(truth) == 1)
    #expect(try abs(thin(TestSurfaces.square(size: 0.5, z: 0.008, cells: 1)) - 0.5) < 0.03)
    #expect(try thin(TestSurfaces.slab(size: 0.5, thickness: 0.028)) == 0)
    // Nothing of what is thick is thin.
    let block = TestSurfaces.slab(size: 0.5, thickness: 0.04)
    let onBlock = try #require(TruthPlaces.Frame(on: block, count: 2000))
    #expect(try #require(try SurfaceComparison(of: block, to: block, at: onBlock)).thin == nil)
  }

  @Test func partsAwayFromTheTruthFloat() throws {
    #expect(try compare(truth).floaters == 0)
    for (gap, floaters) in [(Float(0.008), 0), (0.012, 1)] {
      var result = truth
      let first = UInt32(result.positions.count)
      let start = SIMD3<Float>(0.5 + gap, 0, 0)
      result.positions += [start, start + SIMD3(0.02, 0.01, 0), start + SIMD3(0.02, 0, 0.01)]
      // A vertex of no triangle is no part.
      result.positions.append(SIMD3(5, 5, 5))
      result.triangles.append(SIMD3(first, first + 1, first + 2))
      #expect(try compare(result).floaters == floaters)
    }
  }

  @Test func turnedTrianglesHaveTheSameNormalsUpToSign() throws {
    var result = truth
    result.triangles = result.triangles.map { SIMD3($0.x, $0.z, $0.y) }
    #expect(try compare(result).normals == compare(truth).normals)
  }

  @Test func anOpenMeshIsNotWatertight() throws {
    var open = truth
    open.triangles.removeLast()
    #expect(try !compare(open).isWatertight)
    var fin = truth
    fin.triangles += [truth.triangles[0], truth.triangles[0]]
    #expect(!fin.isWatertight)
    #expect(!TriangleMesh().isWatertight)
  }

  @Test func aMeshWithoutAreaIsNoResult() throws {
    let places = TestSurfaces.places(onSphere: truth)
    let flat = TriangleMesh(positions: [.zero], triangles: [SIMD3(0, 0, 0)])
    #expect(try SurfaceComparison(of: TriangleMesh(), to: truth, at: places) == nil)
    #expect(try SurfaceComparison(of: flat, to: truth, at: places) == nil)
  }

  @Test func figuresOfNoSeenPlaceAreUndefined() throws {
    let figures = try compare(truth) { _ in true }
    #expect(figures.accuracy.isNaN && figures.chamfer.isNaN && figures.offset.isNaN)
    #expect(figures.chamferAll < 1e-3)
  }

  @Test func theSameInputGivesTheSameFigures() throws {
    let result = TestSurfaces.sphere(radius: 0.503, level: 3)
    #expect(try compare(result) == compare(result))
  }

  @Test(arguments: [Float.nan, .infinity, 2e6]) func positionsThatMakeNoSenseAreRefused(
    _ value: Float
  ) {
    var result = truth
    result.positions[7].y = value
    let error = #expect(throws: CaptureError.self) { try compare(result) }
    #expect(
      error?.description
        == "The reconstructed mesh has a vertex that is not finite or lies beyond 1000 km. Meshes are in world metres."
    )
  }

  @Test func trianglesBeyondTheVerticesAreRefused() {
    var result = truth
    result.triangles.append(SIMD3(0, 1, UInt32(truth.positions.count)))
    let error = #expect(throws: CaptureError.self) { try compare(result) }
    #expect(error?.what == "The reconstructed mesh has a triangle beyond its vertices.")
  }
}
