public import CaptureCore

/// What must hold of any mesh that is called a closed surface.
public struct MeshTopology {
  /// Directed edges that have no partner of the opposite direction, or occur twice.
  public var unmatchedEdges = 0
  /// Vertices whose triangles form more than one fan, or none.
  public var brokenVertices = 0
  /// Triangles with two equal corners, with corners at one place, or without area.
  public var degenerateTriangles = 0
  /// V − E + F.
  public var eulerCharacteristic = 0
  /// Enclosed volume, cubic metres; negative when faces point inward.
  public var volume = 0.0

  /// Whether the mesh is a closed 2-manifold without degenerate triangles.
  public var isClosedManifold: Bool {
    unmatchedEdges == 0 && brokenVertices == 0 && degenerateTriangles == 0
  }

  private struct Edge: Hashable { var a, b: UInt32 }

  /// Examines a mesh.
  public init(_ mesh: TriangleMesh) {
    // The corner that follows each directed edge's triangle: from (a, b) to (a, c).
    var following: [Edge: UInt32] = [:]
    var fans = [Int](repeating: 0, count: mesh.positions.count)
    for t in mesh.triangles {
      for (a, b, c) in [(t.x, t.y, t.z), (t.y, t.z, t.x), (t.z, t.x, t.y)] {
        if following.updateValue(c, forKey: Edge(a: a, b: b)) != nil { unmatchedEdges += 1 }
        fans[Int(a)] += 1
      }
      let p = [t.x, t.y, t.z].map { SIMD3<Double>(mesh.positions[Int($0)]) }
      let area = (p[1] - p[0]).cross(p[2] - p[0]).length
      if !(area > 0) || Set([t.x, t.y, t.z]).count < 3 || Set(p).count < 3 {
        degenerateTriangles += 1
      }
      volume += p[0].dot(p[1].cross(p[2])) / 6
    }
    for edge in following.keys where following[Edge(a: edge.b, b: edge.a)] == nil {
      unmatchedEdges += 1
    }
    var start: [UInt32: UInt32] = [:]
    for edge in following.keys { start[edge.a] = edge.b }
    for v in 0..<UInt32(mesh.positions.count) {
      guard let first = start[v] else {
        brokenVertices += 1
        continue
      }
      var (at, count) = (first, 0)
      repeat {
        guard let next = following[Edge(a: v, b: at)] else { break }
        (at, count) = (next, count + 1)
      } while at != first && count <= fans[Int(v)]
      if count != fans[Int(v)] || at != first { brokenVertices += 1 }
    }
    eulerCharacteristic = mesh.positions.count - following.count / 2 + mesh.triangles.count
  }
}
