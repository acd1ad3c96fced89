internal import CaptureCore

/// Moves vertices onto the zero set of the field, and finds their normals.
struct VertexRefinement {
  /// Newton steps.
  let steps: Int
  /// What is known of the field around the vertices; nil where it has to be asked at each.
  let interpolation: SlopeInterpolation?

  /// Moves the vertices; returns their unit normals.
  ///
  /// Each step goes along the gradient `g` by `-d g / |g|²`, and never leaves the room that a
  /// vertex has, so that no triangle can degenerate. The field is asked where interpolation can't tell.
  /// Vertices where carving or the box ends the surface stay, and take the normal of their faces. Normals
  /// are those of the last place at which the gradient was known, a fraction of a voxel away.
  func apply(
    to surface: inout RawSurface, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD3<Float>] {
    let free = surface.kinds.indices.filter { surface.kinds[$0] == .field }
    let start = free.map { surface.positions[$0] }
    var (points, normals) = (start, [SIMD3<Float>](repeating: .zero, count: surface.kinds.count))
    // Without steps the gradient is still needed once, for the normals.
    for pass in 0..<max(1, steps) {
      let slopes = try slopes(at: points, &sampler)
      for (k, i) in free.enumerated() {
        let (d, g) = (slopes[k].w, SIMD3(slopes[k].x, slopes[k].y, slopes[k].z))
        let square = g.dot(g)
        // Where the gradient tells nothing, the normal stays zero.
        guard square > 1e-12, square.isFinite, d.isFinite else { continue }
        normals[i] = g / square.squareRoot()
        guard pass < steps else { continue }
        let offset = points[k] - g * (d / square) - start[k]
        let length = offset.length
        let room = surface.room[i]
        points[k] = start[k] + offset * (length > room ? room / length : 1)
      }
    }
    for (k, i) in free.enumerated() { surface.positions[i] = points[k] }
    Self.takeFaceNormals(surface, &normals)
    return normals
  }

  /// Gradients and, in the last place, distances.
  private func slopes(
    at points: [SIMD3<Float>], _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD4<Float>] {
    guard let interpolation else { return try sampler.slopes(points) }
    let unknown = SIMD4<Float>(repeating: .nan)
    var slopes = concurrentValues(points.count, threads: sampler.threads, block: 2048) {
      interpolation.slope(at: points[$0]) ?? unknown
    }
    let open = slopes.indices.filter { slopes[$0].w.isNaN }
    let answers = try sampler.slopes(open.map { points[$0] })
    for (i, answer) in zip(open, answers) { slopes[i] = answer }
    return slopes
  }

  /// Gives vertices without a normal the area-weighted one of the faces around them.
  private static func takeFaceNormals(_ surface: RawSurface, _ normals: inout [SIMD3<Float>]) {
    let open = normals.map { $0 == .zero }
    guard open.contains(true) else { return }
    for t in surface.triangles {
      let (i, j, k) = (Int(t.x), Int(t.y), Int(t.z))
      guard open[i] || open[j] || open[k] else { continue }
      let a = surface.positions[i]
      let n = (surface.positions[j] - a).cross(surface.positions[k] - a)
      for corner in [i, j, k] where open[corner] { normals[corner] += n }
    }
    for i in open.indices where open[i] {
      let length = normals[i].length
      // Opposite faces can cancel; any unit vector is then as good.
      normals[i] = length > 0 ? normals[i] / length : SIMD3(0, 1, 0)
    }
  }
}
