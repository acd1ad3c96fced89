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
    func result() throws -> ExtractedMesh {
      try SurfaceExtractor.mesh(
        of: field, in: BoundingBox(lower: SIMD3(repeating: -0.5), upper: SIMD3(repeating: 0.5)),
        observations: SeenBall(from: [SIMD3(1, 0, 0)]), configuration: configuration
      )
    }
    let (seen, asked) = (try result().mesh, try result().report.colorQueries)
    configuration.seenColors = false
    let plain = try result().mesh
    #expect(try result().report.colorQueries == plain.positions.count)
    #expect((1..<plain.positions.count * 3 / 4).contains(asked))
    #expect(seen.positions == plain.positions)
    #expect(plain.colors.allSatisfy { $0 == SIMD3(0, 255, 0) })
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
