extension TriangleMesh {
  /// The connected part of each vertex, numbered by their first vertices; a vertex without a triangle is one of
  /// its own.
  /// - Complexity: about O(V + F).
  public static func parts(vertices: Int, triangles: [SIMD3<UInt32>]) -> [Int32] {
    var parent = (0..<vertices).map { Int32($0) }
    parent.withUnsafeMutableBufferPointer { parent in
      func root(_ start: UInt32) -> Int32 {
        var at = Int32(start)
        while parent[Int(at)] != at {
          parent[Int(at)] = parent[Int(parent[Int(at)])]
          at = parent[Int(at)]
        }
        return at
      }
      func join(_ a: UInt32, _ b: UInt32) {
        let (a, b) = (root(a), root(b))
        // The smaller number leads, so that roots stand before what they lead.
        if a < b { parent[Int(b)] = a } else { parent[Int(a)] = b }
      }
      for t in triangles {
        join(t.x, t.y)
        join(t.y, t.z)
      }
    }
    var count: Int32 = 0
    for i in parent.indices {
      if parent[i] == Int32(i) {
        parent[i] = count
        count += 1
      } else {
        parent[i] = parent[Int(parent[i])]
      }
    }
    return parent
  }
}
