internal import CaptureCore

/// Moves vertices onto the zero set of the field, and finds their normals and colours.
struct VertexRefinement {
  /// Newton steps.
  let steps: Int
  /// Whether colours are asked for.
  let color: Bool

  /// Unit normal, and sRGB colour where the field has one, of each vertex.
  struct Attributes {
    var normals: [SIMD3<Float>]
    /// Empty without colours.
    var colors: [SIMD3<UInt8>] = []
  }

  /// Moves the vertices; returns what else is known of them.
  ///
  /// Each step goes along the gradient `g` by `-d g / |g|²`, and never leaves the room that a
  /// vertex has, so that no triangle can degenerate. Vertices where carving or the box ends the
  /// surface stay, and take the normal of their faces. Normals and colours are those of the last place
  /// at which the gradient was asked, a fraction of a voxel away.
  func apply(
    to surface: inout RawSurface, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> Attributes {
    var attributes = Attributes(normals: Self.faceNormals(surface))
    let free = surface.kinds.indices.filter { surface.kinds[$0] == .field }
    let start = free.map { surface.positions[$0] }
    var points = start
    var colors = [SIMD4<UInt8>](repeating: .zero, count: color ? surface.positions.count : 0)
    // Without steps the gradient is still asked once, for the normals.
    let passes = max(1, steps)
    for pass in 0..<passes {
      let isLast = pass == passes - 1
      let answers =
        color && isLast
        ? try sampler.surface(points)
        : try sampler.slopes(points).map { FieldSampler.SurfaceAnswer(slope: $0) }
      for (k, i) in free.enumerated() {
        if color, isLast { colors[i] = answers[k].color }
        let (d, g) = (answers[k].slope.w, answers[k].slope.xyz)
        let square = g.dot(g)
        guard square > 1e-12, square.isFinite, d.isFinite else { continue }
        attributes.normals[i] = g / square.squareRoot()
        guard pass < steps else { continue }
        let offset = points[k] - g * (d / square) - start[k]
        let length = offset.length
        points[k] = start[k] + offset * (length > surface.room[i] ? surface.room[i] / length : 1)
      }
    }
    for (k, i) in free.enumerated() { surface.positions[i] = points[k] }
    if color {
      let fixed = surface.kinds.indices.filter { surface.kinds[$0] != .field }
      let answers = try sampler.colors(fixed.map { surface.positions[$0] })
      for (k, i) in fixed.enumerated() { colors[i] = answers[k] }
      if colors.allSatisfy({ $0.w == 1 }) {
        attributes.colors = colors.map { SIMD3($0.x, $0.y, $0.z) }
      }
    }
    return attributes
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
