internal import CaptureCore

/// Colours of vertices: as the cameras saw them at the mesh's instant, and the field's where they did not.
///
/// A field's colours are as fine as its layers could learn for all instants; pixels are finer. A vertex takes
/// the mean of the observations around it that face its way, weighing by nearness, direction and confidence,
/// together with the field's colour. That is asked at some vertices alone: it counts for little where cameras
/// looked, and is a smooth guess where none did.
struct VertexColors {
  /// Least standard deviation of the weights along the surface, metres: pixels of a camera two metres away
  /// lie so far apart.
  private static let least: Float = 0.004
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.5
  /// Weight of the field's own colour.
  private static let prior: Float = 0.1
  /// The field is asked at one vertex in so many, and in more where they lie closer than pixels.
  private static let share: Float = 12
  /// Standard deviation of the weights of what it says there, by that of what pixels say: these vertices lie farther apart.
  private static let spread: Float = 1.25

  let voxel: Float
  /// What the cameras saw; nil where the field's colours shall be taken as they are.
  let observations: (any FrameObservations)?

  /// sRGB colours of the vertices; empty when the field has none.
  func colors(
    of mesh: TriangleMesh, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD3<UInt8>] {
    let (positions, normals) = (mesh.positions, mesh.normals)
    guard let observations else {
      let answers = try sampler.colors(positions)
      return answers.allSatisfy { $0.w == 1 } ? answers.map { SIMD3($0.x, $0.y, $0.z) } : []
    }
    let deviation = max(Self.least, voxel)
    let step = Int(Self.share * (deviation / voxel) * (deviation / voxel))
    let asked = Array(stride(from: 0, to: positions.count, by: step))
    let answers = try sampler.colors(asked.map { positions[$0] })
    guard answers.allSatisfy({ $0.w == 1 }) else { return [] }
    let guesses = SurfaceSums(
      zip(asked, answers).map { i, color in
        .init(place: positions[i], normal: normals[i], value: Self.value(color))
      }, deviation: Self.spread * deviation, facing: Self.facing)
    let seen = SurfaceSums(
      observations.surface.filter { $0.hasColor == 1 }.map {
        .init(
          place: $0.position, normal: $0.normal,
          value: SIMD4(Float($0.red), Float($0.green), Float($0.blue), 1) * $0.confidence)
      }, deviation: max(Self.least, 0.6 * voxel), facing: Self.facing)
    var sums = concurrentValues(positions.count, threads: sampler.threads, block: 2048) { i in
      let guess = guesses.around(positions[i], facing: normals[i])
      let sum = seen.around(positions[i], facing: normals[i])
      return guess.w > 0 ? sum + guess * (Self.prior / guess.w) : sum
    }
    // Of these neither cameras nor vertices nearby know anything.
    let open = sums.indices.filter { !(sums[$0].w > 0) }
    for (i, color) in zip(open, try sampler.colors(open.map { positions[$0] })) {
      sums[i] = Self.value(color)
    }
    return concurrentValues(sums.count, threads: sampler.threads, block: 2048) { [sums] i in
      let mean = (sums[i] / sums[i].w).rounded(.toNearestOrEven)
      return SIMD3(UInt8(mean.x), UInt8(mean.y), UInt8(mean.z))
    }
  }

  /// A colour as a sum of weight 1. Number by number: conversions of vectors take ten times as long.
  private static func value(_ color: SIMD4<UInt8>) -> SIMD4<Float> {
    SIMD4(Float(color.x), Float(color.y), Float(color.z), 1)
  }
}
