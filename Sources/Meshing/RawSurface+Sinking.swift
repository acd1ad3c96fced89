internal import CaptureCore

extension RawSurface {
  /// Standard deviation of the weights of moves around a vertex, voxels.
  private static let blur: Float = 1
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.3

  /// Moves vertices against their normals: by the mean of the moves of those around that were asked for, weighted by
  /// nearness.
  ///
  /// - Parameters:
  ///   - vertices: Those that may move.
  ///   - asked: Vertices whose moves are known.
  ///   - moves: How far each of these shall go inward, metres.
  mutating func sink(
    _ vertices: [Int], _ normals: [SIMD3<Float>], asked: [Int], by moves: [Float], voxel: Float,
    threads: Int?
  ) {
    let samples = zip(asked, moves).map {
      SurfaceSums.Sample(
        place: positions[$0], normal: normals[$0], value: SIMD4($1, 0, 0, 1))
    }
    let sums = SurfaceSums(samples, deviation: Self.blur * voxel, facing: Self.facing)
    let start = positions
    let shifts = concurrentValues(vertices.count, threads: threads, block: 2048) { k in
      let sum = sums.around(start[vertices[k]], facing: normals[vertices[k]])
      return sum.w > 0 ? sum.x / sum.w : 0
    }
    for (k, i) in vertices.enumerated() { positions[i] = start[i] - normals[i] * shifts[k] }
  }
}
