import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

@Suite struct VertexColorsTests {
  private func ball(
    seenFrom cameras: [SIMD3<Float>], seenColors: Bool = true
  ) throws -> (TriangleMesh, MeshReport) {
    let field = AnalyticField(color: { _ in SIMD3(0, 1, 0) }) { p in
      (p.x * p.x + p.y * p.y + p.z * p.z).squareRoot() - Double(SeenBall.radius)
    }
    var configuration = MeshingConfiguration()
    (configuration.voxel, configuration.halvings) = (0.03, 2)
    (configuration.carve, configuration.observedWithin) = (false, 0)
    configuration.seenColors = seenColors
    let result = try SurfaceExtractor.mesh(
      of: field, in: BoundingBox(lower: SIMD3(repeating: -0.5), upper: SIMD3(repeating: 0.5)),
      observations: SeenBall(from: cameras),
      cameras: cameras.map { .flatLens(at: SIMD3<Double>($0) * 2, pixels: 128, focal: 130) },
      configuration: configuration)
    return (result.mesh, result.report)
  }

  @Test func whatWasSeenTakesThePixelsColourAndTheRestWhatWasSeenAroundIt() throws {
    let (seen, seenReport) = try ball(seenFrom: [SIMD3(1, 0, 0)])
    let (plain, plainReport) = try ball(seenFrom: [SIMD3(1, 0, 0)], seenColors: false)
    #expect(plainReport.colorQueries == plainReport.vertices)
    #expect((1..<plainReport.vertices * 3 / 4).contains(seenReport.colorQueries))
    #expect(seen.positions == plain.positions)
    #expect(plain.colors == [SIMD3](repeating: SIMD3(0, 255, 0), count: plain.positions.count))
    for (p, color) in zip(seen.positions, seen.colors) {
      if p.x > 0.25 {
        #expect(color.x > 180 && color.y < 30)
      } else {
        #expect(color.x > 130 && color.y < 90, "\(p): \(color)")
      }
    }
  }

  @Test func partsOfWhichNothingWasSeenKeepTheFieldsColour() throws {
    let (mesh, report) = try ball(seenFrom: [])
    #expect(report.colorQueries == report.vertices)
    #expect(mesh.colors == [SIMD3](repeating: SIMD3(0, 255, 0), count: mesh.positions.count))
  }
}
