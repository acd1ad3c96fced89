internal import CaptureCore
internal import Foundation

/// One camera's observations of a set, averaged along their normals with those beside them, with what the
/// camera saw at other times, brought to the set's time, and with what other cameras saw.
///
/// An observation `o` near a place `p` with normal `n` says that the surface lies at
///
///     ½ (n · (o − p) + n_o · (o − p) / n_o · n)
///
/// along the normal: the mean of its place and of its tangent plane, which bends as the surface does up to
/// the second order. How a subject moved is known to a millimetre or two only, alike for what lies close
/// together, and cameras are placed no better; so of each other set only what differs from its own mean over
/// ``span`` counts.
struct TemporalAverage {
  /// Of the set's observations, the share that stands for all in these means.
  private static let stride = 6
  /// These means are taken once for a patch; so many edges of patches are as long as the span.
  private static let patchesPerSpan: Float = 4
  /// Normals further apart are of different surfaces, cosine.
  private static let facing: Float = 0.6
  /// Places further along the normal are of another surface, metres, or noise deviations if they are more.
  private static let gate: (metres: Float, deviations: Float) = (0.008, 2)
  /// A ray that grazes the surface more is moved no further, cosine.
  private static let leastIncidence: Float = 0.2
  /// Observations that a thread takes at a time.
  private static let block = 2048

  /// Standard deviation of the weights along the surface, metres.
  let radius: Float
  let threads: Int?
  /// Over which the offsets of another set are taken for the motion's error, metres.
  private var span: Float { 12 * radius }

  /// What one set says of the surface near an observation.
  private struct Sum {
    var weight: Float = 0
    var offset: Float = 0
    var normal = SIMD3<Float>.zero

    var mean: Float { weight > 0 ? offset / weight : 0 }
  }

  /// The same observations, each moved along its ray and turned.
  ///
  /// - Parameter others: What else was seen, carried to this set; each list may err in its own way.
  func refined(
    _ surface: [SurfaceObservation], with others: [[SurfaceObservation]]
  ) -> [SurfaceObservation] {
    guard !surface.isEmpty, radius > 0 else { return surface }
    let sums = sums(surface, [surface] + others)
    let sets = others.count + 1
    let every = Swift.stride(from: 0, to: surface.count, by: Self.stride).map { $0 }
    let sparse = SurfaceCells(every.map { surface[$0] }, reach: 2 * span)
    let patches = PatchNumbers(
      surface.map { ($0.position, $0.normal) }, edge: span / Self.patchesPerSpan)
    let common = concurrentValues(patches.firsts.count, threads: threads, block: 64) { patch in
      errors(at: surface[patches.firsts[patch]], of: sets, sparse) {
        sums[every[$0] * sets..<(every[$0] + 1) * sets]
      }
    }
    return concurrentValues(surface.count, threads: threads, block: Self.block) { i in
      let errors = common[patches.numbers[i]]
      var all = Sum()
      for set in 0..<sets {
        let sum = sums[i * sets + set]
        all.weight += sum.weight
        all.offset += sum.offset - errors[set] * sum.weight
        all.normal += sum.normal
      }
      return Self.moved(surface[i], by: all)
    }
  }

  /// Along the ray, to where it meets the surface that has moved along its normal.
  private static func moved(_ o: SurfaceObservation, by sum: Sum) -> SurfaceObservation {
    var o = o
    let stretch = -sum.mean / max(o.incidence, leastIncidence)
    let place = o.position + o.direction * stretch
    (o.x, o.y, o.z) = (place.x, place.y, place.z)
    o.range += stretch
    let normal = sum.normal.normalized
    let incidence = -normal.dot(o.direction)
    if normal.dot(o.normal) > 0.5, incidence > 0 {
      (o.nx, o.ny, o.nz) = (normal.x, normal.y, normal.z)
      o.incidence = incidence
    }
    return o
  }

  /// `[surface][set]`.
  private func sums(_ surface: [SurfaceObservation], _ sets: [[SurfaceObservation]]) -> [Sum] {
    let reach = 2.5 * radius
    let cells = sets.map { SurfaceCells($0, reach: reach) }
    let falloff = 1 / (2 * radius * radius)
    return concurrentValues(surface.count * sets.count, threads: threads, block: Self.block) {
      index in
      let (center, cells) = (surface[index / sets.count], cells[index % sets.count])
      let (p, n) = (center.position, center.normal)
      let gate = max(Self.gate.metres, Self.gate.deviations * center.sigma)
      var sum = Sum()
      cells.surface.withUnsafeBufferPointer { others in
        cells.near(p) { places in
          for k in places {
            let (d, normal) = (others[k].position - p, others[k].normal)
            let cosine = normal.dot(n)
            let along = d.dot(n)
            let square = d.dot(d) - along * along
            guard cosine > Self.facing, square < reach * reach else { continue }
            let offset = 0.5 * (along + normal.dot(d) / cosine)
            let share = 1 - (offset / gate) * (offset / gate)
            guard share > 0 else { continue }
            let weight = expf(-square * falloff) * others[k].confidence * share * share
            sum.weight += weight
            sum.offset += weight * offset
            sum.normal += weight * normal
          }
        }
      }
      return sum
    }
  }

  /// How far each set lies off the first one around a place, by the observations in `sparse`.
  private func errors(
    at o: SurfaceObservation, of sets: Int, _ sparse: SurfaceCells,
    _ sums: (Int) -> ArraySlice<Sum>
  ) -> [Float] {
    var (errors, weights) = ([Float](repeating: 0, count: sets), [Float](repeating: 0, count: sets))
    guard sets > 1 else { return errors }
    sparse.near(o.position) { places in
      for k in places {
        let d = sparse.surface[k].position - o.position
        let cosine = sparse.surface[k].normal.dot(o.normal)
        let square = d.dot(d)
        guard square < 4 * span * span, cosine > 0.3 else { continue }
        let weight = expf(-square / (2 * span * span)) * cosine
        let near = sums(Int(sparse.numbers[k]))
        let own = near[near.startIndex].mean
        for set in 1..<sets where near[near.startIndex + set].weight > 0 {
          weights[set] += weight
          errors[set] += weight * (near[near.startIndex + set].mean - own)
        }
      }
    }
    for set in 1..<sets where weights[set] > 0 { errors[set] /= weights[set] }
    return errors
  }
}
