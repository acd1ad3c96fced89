internal import CaptureCore

/// Takes out of a surface what flickers: detail that it has at one instant and not at those beside it.
///
/// Some vertices are carried along to each instant beside, and the field there is asked how far off its
/// surface they lie, `r_k`. The mean over all instants, the mesh's own included, moves the vertices along
/// their normals. Instants at which cameras saw more of the place, `s_k` (``SeenWeight``), count more:
///
///     x' = x − n · Σ_k w_k r_k / (s_0 + Σ_k w_k),   w_k = s_k (1 − (r_k / gate)²)²
///
/// Only some vertices are asked for.
struct SurfaceSteadying {
  /// One vertex in so many is asked for.
  private static let stride = 4
  /// Standard deviation of the weights of moves around a vertex, voxels.
  private static let blur: Float = 1
  /// What differs by more is not the same surface, metres.
  private static let gate: Float = 0.008
  let instants: [NearbyInstant]
  /// What was seen at the mesh's own instant; nil where nobody knows.
  let seen: (any FrameObservations)?
  let voxel: Float

  /// Moves the vertices that the field put where they are.
  func apply(
    to surface: inout RawSurface, normals: [SIMD3<Float>], _ sampler: inout FieldSampler
  ) throws(CaptureError) {
    let free = surface.kinds.indices.filter { surface.kinds[$0] == .field }
    let asked = Swift.stride(from: 0, to: free.count, by: Self.stride).map { free[$0] }
    guard !instants.isEmpty, !asked.isEmpty else { return }
    let moves = try moves(asked.map { surface.positions[$0] }, &sampler)
    let shifts = surface.shifts(
      of: free, normals, asked: asked, moves: moves, deviation: Self.blur * voxel,
      threads: sampler.threads)
    surface.sink(free, normals, by: shifts)
    try sampler.monitor.checkCancelled()
  }

  /// How far the surface lies off its mean over time at each place, along the normal, metres.
  private func moves(
    _ places: [SIMD3<Float>], _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [Float] {
    let threads = sampler.threads
    var sums = [SIMD2<Float>](repeating: .zero, count: places.count)
    for instant in instants {
      let weight = SeenWeight(instant.seen)
      let carried = concurrentValues(places.count, threads: threads, block: 2048) {
        instant.carry(places[$0]).map { (place: $0, weight: weight.at($0)) }
      }
      let known = carried.indices.filter { carried[$0] != nil }
      let answers = try sampler.distances(
        known.compactMap { carried[$0]?.place }, of: instant.field)
      for (i, offset) in zip(known, answers) where offset.isFinite {
        let share = max(0, 1 - (offset / Self.gate) * (offset / Self.gate))
        sums[i] += SIMD2(offset, 1) * (share * share * (carried[i]?.weight ?? 0))
      }
    }
    let own = seen.map(SeenWeight.init)
    return concurrentValues(places.count, threads: threads, block: 2048) { i in
      sums[i].x / ((own?.at(places[i]) ?? 1) + sums[i].y)
    }
  }
}
