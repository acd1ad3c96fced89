import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

@Suite struct VertexConfidenceTests {
  private func mesh(
    _ frame: SeenBall, _ trim: MeshingConfiguration.Trim = .none, confidence: Bool = true,
    threads: Int? = nil
  ) throws -> ExtractedMesh {
    var configuration = MeshingConfiguration()
    configuration.voxel = 0.02
    configuration.halvings = 3
    (configuration.trim, configuration.confidence) = (trim, confidence)
    return try SurfaceExtractor.mesh(
      of: AnalyticField.sphere(.zero, radius: Double(SeenBall.radius)),
      in: BoundingBox(lower: SIMD3(repeating: -0.5), upper: SIMD3(repeating: 0.5)),
      observations: frame, configuration: configuration, threads: threads)
  }

  @Test func whatMoreCamerasSawIsSurer() throws {
    let mesh = try mesh(SeenBall(from: [SIMD3(1, 0, 0), SIMD3(0, 1, 0)])).mesh
    #expect(mesh.confidence.count == mesh.positions.count)
    for (n, confidence) in zip(mesh.normals, mesh.confidence) {
      let (a, b) = (n.x, n.y)
      if a > 0.3 && b > 0.3 { #expect(confidence > 1.2 && confidence <= 1.6) }
      if a > 0.3 && b < 0.1 || b > 0.3 && a < 0.1 {
        #expect(confidence > 0.6 && confidence <= 0.8)
      }
      if a < 0.1 && b < 0.1 { #expect(confidence == 0) }
    }
  }

  @Test func theUnseenIsCutOffWhereThatIsAskedFor() throws {
    let frame = SeenBall(from: [SIMD3(1, 0, 0)])
    let (whole, open) = (try mesh(frame), try mesh(frame, .unseen))
    #expect(whole.report.unseenVertices == open.report.unseenVertices)
    #expect(whole.report.unseenVertices * 3 > whole.mesh.positions.count)
    #expect(whole.mesh.confidence.count { $0 == 0 } == whole.report.unseenVertices)
    #expect(open.mesh.confidence.allSatisfy { $0 > 0 })
    #expect(open.mesh.positions.allSatisfy { $0.x > 0.1 * SeenBall.radius })
    #expect(open.report.faces == open.mesh.triangles.count)
    // All that was seen is kept.
    let seen = whole.mesh.triangles.count { t in
      (0..<3).allSatisfy { whole.mesh.confidence[Int(t[$0])] > 0 }
    }
    #expect(open.mesh.triangles.count == seen)
    #expect(open.report.vertices == open.mesh.positions.count)
  }

  @Test func nothingIsSaidWithoutObservationsOrWhenNotAsked() throws {
    #expect(try mesh(SeenBall(from: [SIMD3(1, 0, 0)]), confidence: false).mesh.confidence.isEmpty)
    let blind = SeenBall(from: [])
    let unseen = try mesh(blind).mesh
    #expect(!unseen.positions.isEmpty)
    #expect(unseen.confidence == [Float](repeating: 0, count: unseen.positions.count))
    #expect(throws: CaptureError.self) { try mesh(blind, .unseen) }
  }

  @Test func anyNumberOfThreadsSaysTheSame() throws {
    let frame = SeenBall(from: [SIMD3(1, 0, 0), SIMD3(0, 0, 1)])
    #expect(try mesh(frame, threads: 1).mesh == mesh(frame, threads: 3).mesh)
  }
}
