import CaptureCore
import CaptureTestSupport
import Foundation
import Testing

@testable import Meshing

@Suite struct ThinSheetsTests {
  /// A slab across the z axis, 20 cm wide; its front lies at z = 0.
  private func slab(_ thickness: Double) -> AnalyticField {
    AnalyticField { p in
      let q = SIMD3(abs(p.x) - 0.1, abs(p.y) - 0.1, abs(p.z + thickness / 2) - thickness / 2)
      let outside = SIMD3(max(q.x, 0), max(q.y, 0), max(q.z, 0))
      return (outside * outside).sum().squareRoot() + min(max(q.x, max(q.y, q.z)), 0)
    }
  }

  /// What a camera before a plane sees of it.
  private func seen(at z: Float, from side: Float, camera: UInt32) -> [SurfaceObservation] {
    var all: [SurfaceObservation] = []
    for y in stride(from: Float(-0.1), through: 0.1, by: 0.004) {
      for x in stride(from: Float(-0.1), through: 0.1, by: 0.004) {
        var o = SurfaceObservation()
        (o.x, o.y, o.z, o.nz) = (x, y, z, side)
        (o.camera, o.confidence, o.incidence) = (camera, 0.8, 1)
        all.append(o)
      }
    }
    return all
  }

  /// Heights of the far side of a slab, away from its rim, and of the near one; metres.
  private func sides(
    _ thickness: Double, seen: [SurfaceObservation], sheets: Float = 0.003
  ) throws -> (far: [Float], near: [Float]) {
    var configuration = MeshingConfiguration()
    (configuration.halvings, configuration.sheets) = (3, sheets)
    let mesh = try SurfaceExtractor.mesh(
      of: slab(thickness),
      in: BoundingBox(lower: SIMD3(-0.151, -0.151, -0.101), upper: SIMD3(0.153, 0.153, 0.053)),
      observations: SeenPlaces(seen), configuration: configuration
    ).mesh
    #expect(MeshTopology(mesh).isClosedManifold)
    let middle = mesh.positions.indices.filter {
      abs(mesh.positions[$0].x) < 0.08 && abs(mesh.positions[$0].y) < 0.08
    }
    return (
      middle.filter { mesh.normals[$0].z < 0 }.map { mesh.positions[$0].z },
      middle.filter { mesh.normals[$0].z > 0 }.map { mesh.positions[$0].z }
    )
  }

  @Test func aSheetSeenFromOneSideIsThin() throws {
    let (far, near) = try sides(0.014, seen: seen(at: 0, from: 1, camera: 0))
    #expect(far.count > 500 && far.allSatisfy { abs($0 + 0.003) < 0.0005 })
    #expect(near.count > 500 && near.allSatisfy { abs($0) < 0.0005 })
  }

  @Test func whatIsDeepOrSeenStaysAsItIs() throws {
    let front = seen(at: 0, from: 1, camera: 0)
    func stays(_ thickness: Double, _ seen: [SurfaceObservation], sheets: Float = 0.003) throws {
      let far = try sides(thickness, seen: seen, sheets: sheets).far
      #expect(far.count > 500 && far.allSatisfy { abs($0 + Float(thickness)) < 0.0005 })
    }
    try stays(0.04, front)
    try stays(0.014, front + seen(at: -0.014, from: -1, camera: 1))
    try stays(0.014, front, sheets: 0)
    // Nobody knows of either side.
    try stays(0.014, seen(at: 0.05, from: 1, camera: 0))
  }
}
