internal import CaptureCore

/// Colours of vertices: as the cameras saw them, and the field's where they did not.
///
/// Where the observations around a vertex weigh `W < enough` together, the field's colour counts with
/// `prior · (1 − W / enough)`; it is asked there alone.
struct VertexColors {
  /// Weight of the field's colour where nobody looked.
  private static let prior: Float = 0.1
  /// Weight of observations from which on the field's colour does not count: a pixel or two at a slant.
  private static let enough: Float = 0.2

  /// Nil where the field's colours shall be taken everywhere.
  let seen: SeenColors?

  /// sRGB colours of the vertices; empty when the field has none.
  func colors(
    of mesh: TriangleMesh, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD3<UInt8>] {
    var sums =
      seen?.sums(around: mesh, threads: sampler.threads)
      ?? [SIMD4<Float>](repeating: .zero, count: mesh.positions.count)
    var open = sums.indices.filter { sums[$0].w < Self.enough }
    // A vertex at least tells whether the field has colours.
    if open.isEmpty { open = Array(sums.indices.prefix(1)) }
    let answers = try sampler.colors(open.map { mesh.positions[$0] })
    guard answers.allSatisfy({ $0.w == 1 }) else { return [] }
    for (i, color) in zip(open, answers) {
      let share = Self.prior * max(0, 1 - sums[i].w / Self.enough)
      sums[i] += SIMD4(Float(color.x), Float(color.y), Float(color.z), 1) * share
    }
    return parallelValues(sums.count, threads: sampler.threads) { [sums] i in
      let mean = (sums[i] / sums[i].w).rounded(.toNearestOrEven)
      return SIMD3(UInt8(mean.x), UInt8(mean.y), UInt8(mean.z))
    }
  }
}
