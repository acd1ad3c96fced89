internal import CaptureCore

extension RawSurface {
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.3

  /// How far vertices shall go inward, metres: the mean of what those around shall that were asked for, weighted by
  /// nearness.
  ///
  /// - Parameters:
  ///   - vertices: Those that may move.
  ///   - asked: Vertices of which it is known.
  ///   - moves: How far each of these shall go inward, metres.
  ///   - deviation: Standard deviation of the weights, metres.
  func shifts(
    of vertices: [Int], _ normals: [SIMD3<Float>], asked: [Int], moves: [Float],
    deviation: Float, threads: Int?
  ) -> [Float] {
    let samples = zip(asked, moves).map {
      SurfaceSums.Sample(
        place: positions[$0], normal: normals[$0], value: SIMD4($1, 0, 0, 1))
    }
    let sums = SurfaceSums(samples, deviation: deviation, facing: Self.facing)
    return concurrentValues(vertices.count, threads: threads, block: 2048) { k in
      let sum = sums.around(positions[vertices[k]], facing: normals[vertices[k]])
      return sum.w > 0 ? sum.x / sum.w : 0
    }
  }

  /// Moves vertices against their normals, metres.
  mutating func sink(_ vertices: [Int], _ normals: [SIMD3<Float>], by shifts: [Float]) {
    for (i, shift) in zip(vertices, shifts) { positions[i] -= normals[i] * shift }
  }
}
