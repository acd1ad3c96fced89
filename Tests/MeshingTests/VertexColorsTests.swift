import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

@Suite struct VertexColorsTests {
  @Test func whatWasSeenTakesThePixelsColourAndTheRestKeepsTheFields() throws {
    let field = AnalyticField(color: { _ in SIMD3(0, 1, 0) }) { p in
      (p.x * p.x + p.y * p.y + p.z * p.z).squareRoot() - Double(SeenBall.radius)
    }
    var configuration = MeshingConfiguration()
    (configuration.voxel, configuration.halvings) = (0.03, 2)
    (configuration.carve, configuration.observedWithin) = (false, 0)
    func result() throws -> (TriangleMesh, MeshReport) {
      let result = try SurfaceExtractor.mesh(
        of: field, in: BoundingBox(lower: SIMD3(repeating: -0.5), upper: SIMD3(repeating: 0.5)),
        observations: SeenBall(from: [SIMD3(1, 0, 0)]), configuration: configuration)
      return (result.mesh, result.report)
    }
    let (seen, seenReport) = try result()
    configuration.seenColors = false
    let (plain, plainReport) = try result()
    #expect(plainReport.colorQueries == plainReport.vertices)
    #expect((1..<plainReport.vertices * 3 / 4).contains(seenReport.colorQueries))
    #expect(seen.positions == plain.positions)
    #expect(plain.colors == [SIMD3](repeating: SIMD3(0, 255, 0), count: plain.positions.count))
    for (p, color) in zip(seen.positions, seen.colors) {
      if p.x > 0.15 {
        #expect(color.x > 180 && color.y < 30)
      } else if p.x < -0.05 {
        #expect(color == SIMD3(0, 255, 0))
      }
    }
    #expect(seen.colors.contains { $0.x > 180 } && seen.colors.contains(SIMD3(0, 255, 0)))
  }
}
