import CaptureCore
import CaptureTestSupport
import DepthFusion
import Meshing
import Testing

@Suite struct FusedSurfaceTests {
  @Test(arguments: [Float(0.02), 0.025]) func aFusedSphereIsClosedAndInPlace(
    _ voxel: Float
  ) throws {
    let take = SphereTake(frames: 1)
    var fusion = FusionConfiguration()
    fusion.voxel = 0.02
    var meshing = MeshingConfiguration()
    meshing.voxel = voxel
    meshing.carve = false
    let frame = try take.frame(0)
    let field = try FusedField(
      frame, cameras: take.cameras, box: take.box, configuration: fusion)
    let result = try SurfaceExtractor.mesh(
      of: field, in: take.box, observations: frame, configuration: meshing)
    #expect(MeshTopology(result.mesh).isClosedManifold)
    // No camera looks at the poles, above and below.
    let errors = result.mesh.positions.filter { abs($0.y) < 0.2 }
      .map { abs($0.length - take.radius) }
    #expect(errors.reduce(0, +) / Float(errors.count) < 0.003)
    #expect(errors.allSatisfy { $0 < 0.03 }, "\(errors.max() ?? 0)")
    #expect(result.mesh.colors.count == result.mesh.positions.count)
  }

  /// Pixels of this take are larger than its margins: carving bites into the silhouettes. Freedom
  /// is two metres right beside the sphere, which must not hide the sphere from a coarse search.
  @Test func freeSpaceBesideTheSubjectDoesNotHideIt() throws {
    let take = SphereTake(frames: 1)
    let field = AnalyticField.sphere(SIMD3(0, 0, 0), radius: Double(take.radius))
    var meshing = MeshingConfiguration()
    (meshing.voxel, meshing.halvings) = (0.02, 5)
    let result = try SurfaceExtractor.mesh(
      of: field, in: take.box, observations: try take.frame(0), configuration: meshing)
    let topology = MeshTopology(result.mesh)
    #expect(topology.isClosedManifold && topology.eulerCharacteristic == 2)
    #expect(abs(topology.volume / (4 / 3 * Double.pi * 0.027) - 1) < 0.15)
  }
}
