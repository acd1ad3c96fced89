internal import CaptureCore

/// Moves vertices onto the zero set of the field, and finds their normals.
struct VertexRefinement {
  /// Newton steps.
  let steps: Int

  /// Moves the vertices; returns unit normals.
  ///
  /// Each step goes along the gradient `g` by `-d g / |g|²`, and never leaves the room that a
  /// vertex has, so that no triangle can degenerate. Vertices where carving or the box ends the
  /// surface stay, and take the normal of their faces.
  func apply(
    to surface: inout RawSurface, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD3<Float>] {
    var normals = Self.faceNormals(surface)
    let free = surface.kinds.indices.filter { surface.kinds[$0] == .field }
    let start = free.map { surface.positions[$0] }
    var points = start
    // Without steps the gradient is still asked once, for the normals.
    for pass in 0..<max(1, steps) {
      let answers = try sampler.gradients(points)
      for (k, i) in free.enumerated() {
        let (d, g) = (answers[k].w, answers[k].xyz)
        let square = g.dot(g)
        guard square > 1e-12, square.isFinite, d.isFinite else { continue }
        normals[i] = g / square.squareRoot()
        guard pass < steps else { continue }
        let offset = points[k] - g * (d / square) - start[k]
        let length = offset.length
        points[k] = start[k] + offset * (length > surface.room[i] ? surface.room[i] / length : 1)
      }
    }
    for (k, i) in free.enumerated() { surface.positions[i] = points[k] }
    return normals
  }

  /// Area-weighted normals of the faces around each vertex.
  private static func faceNormals(_ surface: RawSurface) -> [SIMD3<Float>] {
    var normals = [SIMD3<Float>](repeating: .zero, count: surface.positions.count)
    for t in surface.triangles {
      let a = surface.positions[Int(t.x)]
      let n = (surface.positions[Int(t.y)] - a).cross(surface.positions[Int(t.z)] - a)
      for corner in 0..<3 { normals[Int(t[corner])] += n }
    }
    return normals.map {
      let length = $0.length
      // Opposite faces can cancel; any unit vector is then as good.
      return length > 0 ? $0 / length : SIMD3(0, 1, 0)
    }
  }
}

extension SIMD4<Float> {
  /// The first three numbers.
  fileprivate var xyz: SIMD3<Float> { SIMD3(x, y, z) }
}
