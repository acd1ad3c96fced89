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
    let raw = surface
    let count = raw.positions.count
    let blocks = (count + FieldSampler.batch - 1) / FieldSampler.batch
    var normals = [SIMD3<Float>](repeating: .zero, count: count)
    var colors = [SIMD4<UInt8>](repeating: .zero, count: color ? count : 0)
    let field = sampler.field
    try surface.positions.withUnsafeMutableBufferPointer { positions throws(CaptureError) in
      try normals.withUnsafeMutableBufferPointer { normals throws(CaptureError) in
        try colors.withUnsafeMutableBufferPointer { colors throws(CaptureError) in
          nonisolated(unsafe) let (positions, normals, colors) = (positions, normals, colors)
          try sampler.inParallel(blocks) { block in
            let vertices = block * FieldSampler.batch..<min(count, (block + 1) * FieldSampler.batch)
            return move(
              vertices.filter { raw.kinds[$0] == .field }, raw, field, positions, normals, colors)
          }
        }
      }
    }
    Self.takeFaceNormals(raw, &normals)
    var attributes = Attributes(normals: normals)
    if color {
      let fixed = raw.kinds.indices.filter { raw.kinds[$0] != .field }
      let answers = try sampler.colors(fixed.map { raw.positions[$0] })
      for (k, i) in fixed.enumerated() { colors[i] = answers[k] }
      if colors.allSatisfy({ $0.w == 1 }) {
        attributes.colors = colors.map { SIMD3($0.x, $0.y, $0.z) }
      }
    }
    return attributes
  }

  /// Moves some vertices; normals stay zero where the gradient tells none.
  private func move(
    _ vertices: [Int], _ raw: RawSurface, _ field: any ScalarField,
    _ positions: UnsafeMutableBufferPointer<SIMD3<Float>>,
    _ normals: UnsafeMutableBufferPointer<SIMD3<Float>>,
    _ colors: UnsafeMutableBufferPointer<SIMD4<UInt8>>
  ) -> FieldSampler.Questions {
    var questions = FieldSampler.Questions()
    var points = vertices.map { raw.positions[$0] }
    // Without steps the gradient is still asked once, for the normals.
    let passes = max(1, steps)
    for pass in 0..<passes {
      let asksColor = color && pass == passes - 1
      questions.gradients += points.count
      if asksColor { questions.colors += points.count }
      let answers = FieldSampler.surface(of: field, points, color: asksColor)
      for (k, i) in vertices.enumerated() {
        if asksColor { colors[i] = answers[k].color }
        let (d, g) = (answers[k].slope.w, answers[k].slope.xyz)
        let square = g.dot(g)
        guard square > 1e-12, square.isFinite, d.isFinite else { continue }
        normals[i] = g / square.squareRoot()
        guard pass < steps else { continue }
        let start = raw.positions[i]
        let offset = points[k] - g * (d / square) - start
        let length = offset.length
        points[k] = start + offset * (length > raw.room[i] ? raw.room[i] / length : 1)
      }
    }
    for (k, i) in vertices.enumerated() { positions[i] = points[k] }
    return questions
  }

  /// Gives vertices without a normal the area-weighted one of the faces around them.
  private static func takeFaceNormals(_ raw: RawSurface, _ normals: inout [SIMD3<Float>]) {
    let open = normals.map { $0 == .zero }
    guard open.contains(true) else { return }
    for t in raw.triangles {
      let (i, j, k) = (Int(t.x), Int(t.y), Int(t.z))
      guard open[i] || open[j] || open[k] else { continue }
      let a = raw.positions[i]
      let n = (raw.positions[j] - a).cross(raw.positions[k] - a)
      for corner in [i, j, k] where open[corner] { normals[corner] += n }
    }
    for i in open.indices where open[i] {
      let length = normals[i].length
      // Opposite faces can cancel; any unit vector is then as good.
      normals[i] = length > 0 ? normals[i] / length : SIMD3(0, 1, 0)
    }
  }
}

extension SIMD4<Float> {
  /// The first three numbers.
  fileprivate var xyz: SIMD3<Float> { SIMD3(x, y, z) }
}
