public import CaptureCore

extension TriangleMesh {
  /// Whether each edge belongs to exactly two triangles, by vertex index: nothing is open, and no
  /// fin is attached. A mesh without triangles is not watertight.
  /// - Complexity: O(F log F).
  public var isWatertight: Bool {
    guard !triangles.isEmpty else { return false }
    var edges: [UInt64] = []
    edges.reserveCapacity(3 * triangles.count)
    for t in triangles {
      for (a, b) in [(t.x, t.y), (t.y, t.z), (t.z, t.x)] {
        edges.append(UInt64(min(a, b)) << 32 | UInt64(max(a, b)))
      }
    }
    edges.sort()
    guard edges.count % 2 == 0 else { return false }
    for i in stride(from: 0, to: edges.count, by: 2) {
      if edges[i] != edges[i + 1] || (i > 0 && edges[i - 1] == edges[i]) { return false }
    }
    return true
  }
}
