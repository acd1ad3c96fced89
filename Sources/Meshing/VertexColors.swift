internal import CaptureCore

/// Colours of vertices: as the cameras saw them at the mesh's instant, and between those where they did not.
///
/// A field's colours are as fine as its layers could learn for all instants; pixels are finer. A vertex takes
/// what the pixels before it show (``PixelColors``), of each camera as far as that saw the place well, together
/// with a little of the field's colour, asked at some vertices alone. What nobody saw takes its colours from
/// what was seen around it on the surface: the field would tell it those of what is near in space, such as a cape's behind a chest.
struct VertexColors {
  /// Least length that the field's spread is counted in, metres: pixels of a camera two metres away lie so far apart.
  private static let least: Float = 0.004
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.5
  /// Least weight of what was seen of a vertex, in confidences, for it to count as seen: what is seen at a grazing
  /// angle has little.
  private static let enough: Float = 0.05
  /// Weight of the field's own colour, and the weight of what was seen below which it falls with that.
  private static let prior: (most: Float, full: Float) = (0.1, 0.2)
  /// The field is asked at one vertex in so many, and in more where they lie closer than pixels.
  private static let share: Float = 12
  /// Standard deviation of the weights of what it says there, in voxels or, of fine ones, in the least: these vertices lie
  /// farther apart.
  private static let spread: Float = 1.25

  let voxel: Float
  /// What the cameras saw; nil where the field's colours shall be taken as they are.
  let observations: (any FrameObservations)?
  /// Those that saw it, in the take's order.
  let cameras: [PlacedCamera]

  /// sRGB colours of the vertices; empty when the field has none.
  func colors(
    of mesh: TriangleMesh, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD3<UInt8>] {
    let (positions, normals) = (mesh.positions, mesh.normals)
    guard let observations else {
      return try Self.said(positions, &sampler)?.map(Self.levels) ?? []
    }
    let views = concurrentValues(cameras.count, threads: sampler.threads) {
      PixelColors(observations, camera: $0, cameras[$0], voxel: voxel)
    }.compactMap { $0 }
    let seen = concurrentValues(positions.count, threads: sampler.threads, block: 2048) { i in
      var sum = PixelColors.Sum()
      for view in views { sum += view.around(positions[i], facing: normals[i]) }
      return sum.color.w > 0 ? sum.color * (sum.weight / sum.color.w) : .zero
    }
    let deviation = max(Self.least, voxel)
    let step = Int(Self.share * (deviation / voxel) * (deviation / voxel))
    let asked = stride(from: 0, to: positions.count, by: step).filter { seen[$0].w >= Self.enough }
    guard let answers = try Self.said(asked.map { positions[$0] }, &sampler) else { return [] }
    let guesses = SurfaceSums(
      zip(asked, answers).map { i, color in
        .init(place: positions[i], normal: normals[i], value: color)
      }, deviation: Self.spread * deviation, facing: Self.facing)
    var values = concurrentValues(positions.count, threads: sampler.threads, block: 2048) { i in
      guard seen[i].w >= Self.enough else { return SIMD4<Float>.zero }
      let guess = guesses.around(positions[i], facing: normals[i])
      let prior = Self.prior.most * min(1, seen[i].w / Self.prior.full)
      let sum = guess.w > 0 ? seen[i] + guess * (prior / guess.w) : seen[i]
      return sum / sum.w
    }
    SurfaceFill.fill(&values, over: mesh.triangles)
    // Nothing was seen of their parts.
    let open = values.indices.filter { values[$0].w == 0 }
    guard let guessed = try Self.said(open.map { positions[$0] }, &sampler) else { return [] }
    for (i, color) in zip(open, guessed) { values[i] = color }
    return values.map(Self.levels)
  }

  /// The field's colours at some places, each as a sum of weight 1; nil when it has none.
  private static func said(
    _ places: [SIMD3<Float>], _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [SIMD4<Float>]? {
    let answers = try sampler.colors(places)
    guard answers.allSatisfy({ $0.w == 1 }) else { return nil }
    // Number by number: conversions of vectors take ten times as long.
    return answers.map { SIMD4(Float($0.x), Float($0.y), Float($0.z), 1) }
  }

  private static func levels(_ value: SIMD4<Float>) -> SIMD3<UInt8> {
    let value = value.rounded(.toNearestOrEven)
    return SIMD3(UInt8(value.x), UInt8(value.y), UInt8(value.z))
  }
}
