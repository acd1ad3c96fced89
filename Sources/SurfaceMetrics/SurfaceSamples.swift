internal import CaptureCore

/// Points spread evenly over a mesh's area, neighbours in the list being neighbours on the surface.
struct SurfaceSamples: Sendable {
  /// Positions, metres.
  var points: [SIMD3<Float>]
  /// The triangle of each point.
  var triangles: [Int]

  /// `count` points, one in each of `count` equal parts of the area, which leaves less chance than
  /// independent draws and keeps the order of the triangles.
  ///
  /// Nil when the mesh has no area.
  init?(_ mesh: TriangleMesh, count: Int, seed: UInt64) {
    let ends = Self.areaEnds(mesh)
    guard let total = ends.last, total > 0 else { return nil }
    var random = SeededGenerator(seed: seed)
    (points, triangles) = ([], [])
    points.reserveCapacity(count)
    triangles.reserveCapacity(count)
    var triangle = 0
    for i in 0..<count {
      let at = (Double(i) + Double(random.uniform())) / Double(count) * total
      while triangle < ends.count - 1 && ends[triangle] <= at { triangle += 1 }
      var (u, v) = (random.uniform(), random.uniform())
      if u + v > 1 { (u, v) = (1 - u, 1 - v) }
      let t = mesh.triangles[triangle]
      let a = mesh.positions[Int(t.x)]
      let (ab, ac) = (mesh.positions[Int(t.y)] - a, mesh.positions[Int(t.z)] - a)
      points.append(a + ab * u + ac * v)
      triangles.append(triangle)
    }
  }

  /// Twice the area of all triangles up to and with each.
  private static func areaEnds(_ mesh: TriangleMesh) -> [Double] {
    var sum = 0.0
    return mesh.triangles.map { t in
      sum += Double(mesh.crossProduct(t).length)
      return sum
    }
  }
}

extension TriangleMesh {
  /// Normal of a triangle, as long as twice its area.
  @inline(__always)
  fileprivate func crossProduct(_ t: SIMD3<UInt32>) -> SIMD3<Float> {
    let a = positions[Int(t.x)]
    return (positions[Int(t.y)] - a).cross(positions[Int(t.z)] - a)
  }

  /// Unit normal of each triangle; zero for those without area.
  var triangleNormals: [SIMD3<Float>] {
    triangles.map { crossProduct($0).normalized }
  }
}
