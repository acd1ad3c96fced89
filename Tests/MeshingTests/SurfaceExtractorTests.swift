import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

/// Settings for shapes of about half a metre.
private func settings(
  voxel: Float = 0.05, _ change: (inout MeshingConfiguration) -> Void = { _ in }
) -> MeshingConfiguration {
  var configuration = MeshingConfiguration()
  configuration.voxel = voxel
  configuration.halvings = 2
  change(&configuration)
  return configuration
}

private let cube = BoundingBox(
  lower: SIMD3(repeating: -1.013), upper: SIMD3(repeating: 0.987))

/// Observations that know nothing but a formula of what is free.
private final class Freedom: FrameObservations, @unchecked Sendable {
  let surface = UnsafeBufferPointer<SurfaceObservation>(start: nil, count: 0)
  let freeRays = UnsafeBufferPointer<FreeRay>(start: nil, count: 0)
  let formula: @Sendable (SIMD3<Float>) -> Float

  init(_ formula: @escaping @Sendable (SIMD3<Float>) -> Float) { self.formula = formula }

  func depth(ofCamera camera: Int) -> ObservedDepth? { nil }
  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    for i in points.indices { result[i] = formula(points[i]) }
  }
}

@Suite struct SurfaceExtractorTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    var name: String
    var field: AnalyticField
    var euler: Int
    var volume: Double
    /// Worst distance of a vertex, in voxels: edges and thin parts are cut off.
    var bound = 0.05
    var testDescription: String { name }
  }

  static let shapes = [
    Shape(
      name: "sphere", field: .sphere(SIMD3(0.0312, -0.0177, 0.0091), radius: 0.437), euler: 2,
      volume: 4 / 3 * .pi * 0.437 * 0.437 * 0.437),
    Shape(
      name: "box", field: .box(SIMD3(0.0107, 0.0271, -0.013), half: SIMD3(0.31, 0.22, 0.413)),
      euler: 2, volume: 8 * 0.31 * 0.22 * 0.413, bound: 0.9),
    Shape(
      name: "torus", field: .torus(SIMD3(0.011, 0.007, 0.023), radius: 0.5, tube: 0.173), euler: 0,
      volume: 2 * .pi * .pi * 0.5 * 0.173 * 0.173),
    Shape(
      name: "two merging spheres",
      field: .sphere(SIMD3(-0.21, 0.013, 0), radius: 0.31).union(
        .sphere(SIMD3(0.237, 0, 0.021), radius: 0.27), blend: 0.12), euler: 2, volume: 0.203,
      bound: 0.4),
    Shape(
      name: "thin plate", field: .box(SIMD3(0.01, 0.0221, 0), half: SIMD3(0.6, 0.0351, 0.55)),
      euler: 2, volume: 8 * 0.6 * 0.0351 * 0.55, bound: 0.9),
  ]

  @Test(arguments: shapes, [true, false])
  func shapesAreClosedOutwardAndInPlace(_ shape: Shape, gradientsTell: Bool) throws {
    var field = shape.field
    field.gradientsTell = gradientsTell
    let result = try SurfaceExtractor.mesh(of: field, in: cube, configuration: settings())
    let topology = MeshTopology(result.mesh)
    #expect(topology.isClosedManifold)
    #expect(topology.eulerCharacteristic == shape.euler)
    #expect(abs(topology.volume / shape.volume - 1) < 0.08, "volume \(topology.volume)")
    let worst = result.mesh.positions.map { abs(shape.field.value($0)) }.max() ?? 1
    #expect(worst < shape.bound * 0.05, "off by \(worst)")
    #expect(result.report.boxFaces == 0)
    #expect(result.report.vertices == result.mesh.positions.count)
    #expect(result.report.faces == result.mesh.triangles.count)
    #expect(result.report.components == 1)
  }

  @Test(arguments: [(false, 0.05), (true, 0.025)] as [(Bool, Float)])
  func normalsAreTheGradients(gradientsTell: Bool, voxel: Float) throws {
    let center = SIMD3<Float>(0.0312, -0.0177, 0.0091)
    var field = Self.shapes[0].field
    field.gradientsTell = gradientsTell
    let mesh = try SurfaceExtractor.mesh(
      of: field, in: cube, configuration: settings(voxel: voxel)
    ).mesh
    #expect(!mesh.positions.isEmpty && mesh.normals.count == mesh.positions.count)
    for (p, n) in zip(mesh.positions, mesh.normals) {
      #expect((n - (p - center).normalized).length < 1e-3)
    }
  }

  @Test func smoothFieldsAreNotAskedAtTheVertices() throws {
    var field = Self.shapes[0].field
    func asked() throws -> (gradients: Int, vertices: Int) {
      let report = try SurfaceExtractor.mesh(
        of: field, in: cube, configuration: settings(voxel: 0.02) { $0.halvings = 5 }
      ).report
      return (report.gradientQueries, report.vertices)
    }
    let told = try asked()
    field.gradientsTell = false
    let plain = try asked()
    #expect(told.vertices == plain.vertices && plain.gradients >= plain.vertices)
    #expect(told.gradients < told.vertices)
  }

  @Test func theErrorFallsFourfoldWhenTheVoxelHalves() throws {
    let field = AnalyticField.torus(SIMD3(0.013, 0.021, 0.007), radius: 0.5, tube: 0.2)
    func error(_ voxel: Float, steps: Int) throws -> Double {
      let mesh = try SurfaceExtractor.mesh(
        of: field, in: cube, configuration: settings(voxel: voxel) { $0.refinementSteps = steps }
      ).mesh
      let errors = mesh.positions.map { abs(field.value($0)) }
      return errors.reduce(0, +) / Double(errors.count)
    }
    let (coarse, fine) = (try error(0.08, steps: 0), try error(0.04, steps: 0))
    #expect((3.4...4.8).contains(coarse / fine), "\(coarse / fine)")
    #expect(try error(0.08, steps: 1) < 0.1 * coarse)
  }

  @Test func zerosAtLatticePointsBreakNothing() throws {
    // The lattice begins half a voxel before the box: its points lie at multiples of 1/16.
    let box = BoundingBox(lower: SIMD3(repeating: -0.96875), upper: SIMD3(repeating: 0.96875))
    for field in [
      AnalyticField.box(.zero, half: SIMD3(0.5, 0.25, 0.375)),
      AnalyticField { abs($0.x) + abs($0.y) + abs($0.z) - 0.5 },
      AnalyticField.sphere(.zero, radius: 0.5),
    ] {
      let result = try SurfaceExtractor.mesh(
        of: field, in: box, configuration: settings(voxel: 0.0625))
      let topology = MeshTopology(result.mesh)
      #expect(topology.isClosedManifold)
      #expect(topology.eulerCharacteristic == 2)
      #expect(result.mesh.positions.allSatisfy { abs(field.value($0)) < 0.02 * 0.0625 })
    }
  }

  @Test(arguments: 0..<6) func noiseGivesAClosedManifold(_ seed: Int) throws {
    let box = BoundingBox(lower: .zero, upper: SIMD3(repeating: 0.5))
    var field = AnalyticField.noise(seed: UInt64(seed), spacing: seed % 2 == 0 ? 0.05 : 0.07)
    field.gradientsTell = seed < 3
    let result = try SurfaceExtractor.mesh(
      of: field, in: box,
      configuration: settings {
        $0.hollows = true
        ($0.smallestArea, $0.smallestShare) = (0, 0)
      })
    #expect(result.mesh.triangles.count > 1000)
    #expect(MeshTopology(result.mesh).isClosedManifold)
  }

  @Test func aSurfaceThatLeavesTheBoxIsClosedAndReported() throws {
    let warned = Warnings()
    let field = AnalyticField.sphere(SIMD3(0.9, 0.1, 0.05), radius: 0.4)
    let result = try SurfaceExtractor.mesh(
      of: field, in: cube, configuration: settings(),
      monitor: StageMonitor(warn: { warned.add($0) }))
    let topology = MeshTopology(result.mesh)
    #expect(topology.isClosedManifold && topology.eulerCharacteristic == 2)
    #expect(result.mesh.bounds.upper.x == cube.upper.x)
    let disc = Double.pi * (0.4 * 0.4 - 0.087 * 0.087)
    #expect(abs(Double(result.report.boxArea) / disc - 1) < 0.2, "\(result.report.boxArea)")
    #expect(
      warned.all == [
        "The surface leaves the box: \(result.report.boxFaces) faces close it at the boundary."
      ])
  }

  @Test func aSurfaceThatEndsAtTheFloorDoesNotLeaveTheBox() throws {
    let warned = Warnings()
    func report(_ center: SIMD3<Double>) throws -> MeshReport {
      try SurfaceExtractor.mesh(
        of: AnalyticField.sphere(center, radius: 0.4), in: cube, endsAtFloor: true,
        configuration: settings(), monitor: StageMonitor(warn: { warned.add($0) })
      ).report
    }
    let standing = try report(SIMD3(0.1, -0.9, 0.05))
    #expect(standing.floorFaces > 0 && standing.boxFaces == 0 && standing.boxArea == 0)
    #expect(warned.all.isEmpty)
    // The other sides are no floor.
    let leaving = try report(SIMD3(0.9, -0.9, 0.05))
    #expect(leaving.floorFaces > 0 && leaving.boxFaces > 0 && warned.all.count == 1)
  }

  @Test func aFieldThatIsInsideEverywhereBecomesTheBox() throws {
    let result = try SurfaceExtractor.mesh(
      of: AnalyticField { _ in -3 }, in: cube, configuration: settings(voxel: 0.1))
    let topology = MeshTopology(result.mesh)
    #expect(topology.isClosedManifold && topology.eulerCharacteristic == 2)
    #expect(result.report.boxFaces > result.report.faces * 9 / 10)
    #expect(abs(topology.volume - 8) < 0.1)
  }

  @Test func anEmptyFieldIsAnError() {
    for field in [AnalyticField { _ in 1 }, AnalyticField { _ in .nan }] {
      let error = #expect(throws: CaptureError.self) {
        try SurfaceExtractor.mesh(of: field, in: cube, configuration: settings())
      }
      #expect(
        error?.description
          == "The surface is empty. Check the box, the masks and the calibration, or train longer.")
      #expect(error?.code == .badInput)
    }
  }

  @Test func theSameBytesForAnyNumberOfThreads() throws {
    let field = AnalyticField.person.union(.torus(SIMD3(0, 1, 0), radius: 0.4, tube: 0.05))
    let box = BoundingBox(lower: SIMD3(-0.8, 0, -0.6), upper: SIMD3(0.8, 1.8, 0.6))
    let results = try [1, 2, 3].map {
      try SurfaceExtractor.mesh(
        of: field, in: box, configuration: settings(voxel: 0.03), threads: $0)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func smallPartsAndHollowsAreDropped() throws {
    let ball = AnalyticField.sphere(SIMD3(0.01, 0.02, 0), radius: 0.5)
    let field = AnalyticField { p in
      let solid = max(ball.value(SIMD3<Float>(p)), 0.25 - p.length)
      return min(solid, (p - SIMD3(0.8, 0.8, 0.8)).length - 0.08)
    }
    let result = try SurfaceExtractor.mesh(
      of: field, in: cube, configuration: settings { $0.smallestShare = 0.05 })
    #expect(result.report.components == 3)
    #expect(result.report.smallComponents == 1 && result.report.hollowComponents == 1)
    #expect(MeshTopology(result.mesh).eulerCharacteristic == 2)
    let all = try SurfaceExtractor.mesh(
      of: field, in: cube,
      configuration: settings { ($0.smallestShare, $0.hollows) = (0, true) })
    #expect(MeshTopology(all.mesh).eulerCharacteristic == 6)
    #expect(MeshTopology(all.mesh).isClosedManifold)
  }

  @Test func whatNobodySawIsDroppedButNotEverything() throws {
    let far = SIMD3<Float>(0.75, 0.75, 0.75)
    let field = AnalyticField { p in
      min(p.length - Double(SeenBall.radius), (p - SIMD3<Double>(far)).length - 0.15)
    }
    func result(_ observations: SeenBall) throws -> ExtractedMesh {
      try SurfaceExtractor.mesh(
        of: field, in: cube, observations: observations,
        configuration: settings { ($0.carve, $0.seenColors, $0.confidence) = (false, false, false) }
      )
    }
    let seen = try result(SeenBall(from: [SIMD3(0, 0, 1), SIMD3(0, 0, -1)]))
    #expect(seen.report.components == 2 && seen.report.unobservedComponents == 1)
    #expect(seen.mesh.bounds.upper.x < 0.45)
    // So few observations are none; the larger part stays all the same.
    let barely = try result(SeenBall(from: [SIMD3(0, 0, 1)], step: 1.3))
    #expect(barely.report.components == 2 && barely.report.unobservedComponents == 1)
    #expect(barely.mesh.bounds.upper.x < 0.45 && barely.mesh.bounds.lower.x < -0.35)
  }

  @Test func whatACameraSawThroughIsCarved() throws {
    let field = AnalyticField.sphere(SIMD3(-0.4, 0.013, 0.02), radius: 0.4).union(
      .sphere(SIMD3(0.6, 0.02, 0.01), radius: 0.3))
    let seenThrough = Freedom { $0.x - 0.1 }
    let carved = try SurfaceExtractor.mesh(
      of: field, in: cube, observations: seenThrough, configuration: settings())
    #expect(carved.mesh.bounds.upper.x < 0.02)
    #expect(carved.report.components == 1 && carved.report.carvedVertices == 0)
    // A cut through a ball leaves a closed surface that ends where freedom begins.
    let cut = try SurfaceExtractor.mesh(
      of: field, in: cube, observations: Freedom { $0.x + 0.3031 }, configuration: settings())
    let topology = MeshTopology(cut.mesh)
    #expect(topology.isClosedManifold && topology.eulerCharacteristic == 2)
    #expect(abs(cut.mesh.bounds.upper.x + 0.3031) < 1e-5)
    #expect(cut.report.carvedVertices > 50)
    let whole = try SurfaceExtractor.mesh(
      of: field, in: cube, observations: seenThrough,
      configuration: settings { $0.carve = false })
    #expect(whole.report.components == 2 && whole.report.freedomQueries == 0)
  }

  @Test func aFieldThatIsNoDistanceIsFollowedAllTheSame() throws {
    // A tenth of the distance on one side, ten times on the other.
    let steep = AnalyticField { p in
      let d = (p - SIMD3(0.021, 0.013, 0.037)).length - 0.41
      return d < 0 ? 0.1 * d : 10 * d
    }
    let result = try SurfaceExtractor.mesh(of: steep, in: cube, configuration: settings())
    let topology = MeshTopology(result.mesh)
    #expect(topology.isClosedManifold && topology.eulerCharacteristic == 2)
  }

  @Test func onlyPlacesNearTheSurfaceAreAsked() throws {
    let result = try SurfaceExtractor.mesh(
      of: Self.shapes[0].field, in: cube,
      configuration: settings(voxel: 0.025) { $0.halvings = 4 })
    // The dense grid would have 82³ points; the surface needs 3 a vertex without gradients.
    #expect(result.report.distanceQueries < result.report.vertices / 4)
    #expect(result.report.gradientQueries < result.report.vertices * 2)
    #expect(result.report.colorQueries == result.report.vertices)
    #expect(result.mesh.colors.isEmpty)
  }

  @Test(arguments: [Float(0.02), 0.05]) func whatIsToldIsAsGoodAsWhatIsAsked(_ voxel: Float) throws
  {
    // A bent sheet of less than a voxel, and a crease: where corners say nothing of what is between.
    for field in [
      AnalyticField { abs($0.length - 0.6) - 0.0105 },
      AnalyticField { max(abs($0.x) + abs($0.y) * 0.5, abs($0.z)) - 0.43 },
    ] {
      var asked = field
      asked.gradientsTell = false
      let meshes = try [field, asked].map {
        try SurfaceExtractor.mesh(
          of: $0, in: cube, configuration: settings(voxel: voxel) { $0.hollows = true }
        ).mesh
      }
      #expect(MeshTopology(meshes[0]).isClosedManifold)
      #expect(
        abs(meshes[0].positions.count - meshes[1].positions.count) * 200 < meshes[1].positions.count
      )
      let off = meshes.map { mesh in
        mesh.positions.reduce(0.0) { $0 + abs(field.value($1)) } / Double(mesh.positions.count)
      }
      #expect(off[0] < off[1] * 1.05 + 1e-4 * Double(voxel), "\(off)")
    }
  }

  @Test func colorsAreThoseOfTheFieldAtTheVertices() throws {
    let field = AnalyticField(color: { SIMD3(0.5, 2, $0.x > 0 ? .nan : -1) }) {
      $0.length - 0.4
    }
    let mesh = try SurfaceExtractor.mesh(of: field, in: cube, configuration: settings()).mesh
    #expect(mesh.colors.count == mesh.positions.count)
    #expect(Set(mesh.colors) == [SIMD3(128, 255, 0)])
  }

  @Test func aStopIsHeard() {
    let error = #expect(throws: CaptureError.self) {
      try SurfaceExtractor.mesh(
        of: Self.shapes[0].field, in: cube, configuration: settings(),
        monitor: StageMonitor(isCancelled: { true }))
    }
    #expect(error?.code == .tryAgain)
  }

  @Test func boxesThatCannotBeMeshedAreRefused() {
    func message(_ box: BoundingBox, _ voxel: Float) -> String? {
      (#expect(throws: CaptureError.self) {
        try SurfaceExtractor.mesh(
          of: Self.shapes[0].field, in: box, configuration: settings(voxel: voxel))
      })?.description
    }
    #expect(message(.empty, 0.05) == "The box to mesh is empty or endless.")
    let endless = BoundingBox(lower: .zero, upper: SIMD3(repeating: .infinity))
    #expect(message(endless, 0.05) == "The box to mesh is empty or endless.")
    #expect(
      message(BoundingBox(lower: .zero, upper: SIMD3(repeating: 100)), 0.001)
        == "A box of 100.0 x 100.0 x 100.0 m is too large for voxels of 0.001 m. "
        + "Choose a smaller box or larger voxels.")
    #expect(
      message(cube, 0) == "voxel: 0.0 is out of range. Choose a value from 0.0005 to 0.5.")
  }
}

/// Collects what a monitor is told.
final class Warnings: @unchecked Sendable {
  private let lock = NSLock()
  private var sentences: [String] = []
  func add(_ sentence: String) { lock.withLock { sentences.append(sentence) } }
  var all: [String] { lock.withLock { sentences } }
}

@Suite struct MeshingConfigurationTests {
  @Test func everyKeyIsDocumentedAndTheDefaultsHold() throws {
    let data = try JSONEncoder().encode(MeshingConfiguration())
    let keys = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    #expect(Set(keys) == Set(MeshingConfiguration.documentation.map(\.key)))
    try MeshingConfiguration().validate()
  }
}

@Suite struct MarchingCubesTableTests {
  /// The rim of a case's triangles runs once through each crossing: rings that neighbouring cells close.
  @Test func everyCrossingIsUsedByOneRing() {
    let table = MarchingCubesTable.shared
    for code in 0..<256 {
      let crossed = MarchingCubesTable.edges.indices.filter {
        let edge = MarchingCubesTable.edges[$0]
        return code >> edge.corner & 1 != code >> edge.upper & 1
      }
      let corners = table.triangles(code).map { Int($0) }
      var sides: Set<[Int]> = []
      for first in stride(from: 0, to: corners.count, by: 3) {
        for k in 0..<3 { sides.insert([corners[first + k], corners[first + (k + 1) % 3]]) }
      }
      #expect(sides.count == corners.count, "case \(code): no side twice the same way")
      let rim = sides.filter { !sides.contains([$0[1], $0[0]]) }
      #expect(rim.map { $0[0] }.sorted() == crossed, "case \(code)")
      #expect(rim.map { $0[1] }.sorted() == crossed, "case \(code)")
    }
  }
}
