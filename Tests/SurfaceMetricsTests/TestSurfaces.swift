import CaptureCore
import SurfaceMetrics

/// Surfaces with known distances.
enum TestSurfaces {
  /// A subdivided octahedron, projected to the sphere; closed, outward-facing, `8 * 4^level` faces.
  static func sphere(
    radius: Float, center: SIMD3<Float> = .zero, level: Int = 4
  ) -> TriangleMesh {
    var points: [SIMD3<Float>] = [
      SIMD3(1, 0, 0), SIMD3(-1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, -1, 0), SIMD3(0, 0, 1),
      SIMD3(0, 0, -1),
    ]
    var faces: [SIMD3<UInt32>] = [
      SIMD3(0, 2, 4), SIMD3(2, 1, 4), SIMD3(1, 3, 4), SIMD3(3, 0, 4), SIMD3(2, 0, 5),
      SIMD3(1, 2, 5), SIMD3(3, 1, 5), SIMD3(0, 3, 5),
    ]
    for _ in 0..<level {
      var middles: [UInt64: UInt32] = [:]
      func middle(_ a: UInt32, _ b: UInt32) -> UInt32 {
        let key = UInt64(min(a, b)) << 32 | UInt64(max(a, b))
        if let known = middles[key] { return known }
        points.append(((points[Int(a)] + points[Int(b)]) / 2).normalized)
        middles[key] = UInt32(points.count - 1)
        return UInt32(points.count - 1)
      }
      faces = faces.flatMap { f in
        let (a, b, c) = (middle(f.x, f.y), middle(f.y, f.z), middle(f.z, f.x))
        return [SIMD3(f.x, a, c), SIMD3(a, f.y, b), SIMD3(c, b, f.z), SIMD3(a, b, c)]
      }
    }
    return TriangleMesh(positions: points.map { $0 * radius + center }, triangles: faces)
  }

  /// A square of `size` metres at height `z`, facing +z, of `2 * cells²` triangles.
  static func square(size: Float, z: Float, cells: Int = 1) -> TriangleMesh {
    var mesh = TriangleMesh()
    let step = size / Float(cells)
    for row in 0...cells {
      for column in 0...cells {
        mesh.positions.append(
          SIMD3(Float(column) * step - size / 2, Float(row) * step - size / 2, z))
      }
    }
    for row in 0..<cells {
      for column in 0..<cells {
        let a = UInt32(row * (cells + 1) + column)
        let b = a + UInt32(cells + 1)
        mesh.triangles += [SIMD3(a, a + 1, b), SIMD3(a + 1, b + 1, b)]
      }
    }
    return mesh
  }

  /// Both faces of a slab around z = 0, without its rim.
  static func slab(size: Float, thickness: Float) -> TriangleMesh {
    var mesh = square(size: size, z: thickness / 2)
    let below = square(size: size, z: -thickness / 2)
    let first = UInt32(mesh.positions.count)
    mesh.positions += below.positions
    mesh.triangles += below.triangles.map { SIMD3($0.x, $0.z, $0.y) &+ first }
    return mesh
  }

  /// Places on a sphere's vertices, all seen but those that `unseen` picks.
  static func places(
    onSphere mesh: TriangleMesh, center: SIMD3<Float> = .zero,
    unseen: (SIMD3<Float>) -> Bool = { _ in false }
  ) -> TruthPlaces.Frame {
    TruthPlaces.Frame(
      points: mesh.positions, normals: mesh.positions.map { ($0 - center).normalized },
      seen: mesh.positions.map { !unseen($0) })
  }
}
