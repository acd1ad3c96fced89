internal import CaptureCore

extension PoseRefiner {
  /// What one camera saw in one frame, beside the other cameras and the field.
  struct Look {
    /// The field at a camera's time, and before and after with the seconds in between.
    struct Moment {
      var now: FieldSurface
      var change: (early: FieldSurface, late: FieldSurface, seconds: Float)?
    }

    let camera: Int
    let part: UnsafeBufferPointer<SurfaceObservation>
    /// All cameras' observations of the frame, and where they lie.
    let whole: any FrameObservations
    let grid: SurfaceGrid
    /// One a camera.
    let moments: [Moment]
    let seed: UInt64
    /// One a camera.
    let pivots: [SIMD3<Double>]

    func evidence() -> Evidence {
      let (own, others) = draw()
      var evidence = Evidence(cameras: moments.count)
      guard !own.isEmpty else { return evidence }
      let moment = moments[camera]
      let points = own.map(\.position)
      var distances = [Float](repeating: 0, count: points.count)
      var gradients = [SIMD3<Float>](repeating: .zero, count: points.count)
      points.withUnsafeBufferPointer { points in
        distances.withUnsafeMutableBufferPointer { distances in
          gradients.withUnsafeMutableBufferPointer {
            moment.now.gradients(at: points, into: distances, gradients: $0)
          }
        }
      }
      let change = moment.change.map {
        (early: $0.early.distances(at: points), late: $0.late.distances(at: points), $0.seconds)
      }
      let means = means(distances, others)
      for (i, o) in own.enumerated() {
        let (g, mean) = (gradients[i], means[i].value)
        let length = g.length
        guard let mean, abs(distances[i]) < farthest, (0.5...2).contains(length),
          g.dot(o.normal) > 0.5 * length
        else { continue }
        let pace = change.map { Double(($0.late[i] - $0.early[i]) / ($0.2 * length)) } ?? 0
        let residual = (distances[i] - mean) / length
        let trust = min(1, outlier / max(abs(residual), 1e-9))
        let variance = o.sigma * o.sigma + fieldError * fieldError
        evidence.add(
          Double(residual), of: camera,
          slopes(
            at: SIMD3<Double>(o.position), normal: SIMD3<Double>(g / length), pace,
            means[i].cameras), weight: Double(o.confidence * trust / variance))
      }
      return evidence
    }

    /// How a residual changes with the corrections: of this camera, and of those in the mean.
    private func slopes(
      at p: SIMD3<Double>, normal n: SIMD3<Double>, _ pace: Double, _ cameras: [Int]
    ) -> [(camera: Int, slope: [7 of Double])] {
      let share = 1 / Double(cameras.count + 1)
      return ([camera] + cameras).map { c in
        let factor = c == camera ? 1 - share : -share
        let turn = (p - pivots[c]).cross(n) * factor
        let push = n * factor
        return (c, [push.x, push.y, push.z, turn.x, turn.y, turn.z, pace * factor])
      }
    }

    /// Mean over the cameras of their distances at the place of each observation, each at its own
    /// time, and the other cameras in it; nil where one of them saw another surface.
    private func means(
      _ own: [Float], _ others: [(place: Int, observation: SurfaceObservation)]
    ) -> [(value: Float?, cameras: [Int])] {
      var sums = own
      var cameras = [[Int]](repeating: [], count: own.count)
      for other in moments.indices where other != camera {
        let theirs = others.filter { $0.observation.camera == other }
        let distances = moments[other].now.distances(at: theirs.map(\.observation.position))
        for (k, distance) in distances.enumerated() {
          let place = theirs[k].place
          sums[place] += abs(distance) < farthest ? distance : .nan
          cameras[place].append(other)
        }
      }
      return zip(sums, cameras).map { ($0.isNaN ? nil : $0 / Float($1.count + 1), $1) }
    }

    /// Some of the observations whose place other cameras saw too, and what these saw there.
    private func draw() -> (
      own: [SurfaceObservation], others: [(place: Int, observation: SurfaceObservation)]
    ) {
      guard !part.isEmpty else { return ([], []) }
      var random = SeededGenerator(seed: seed)
      _ = random.next()
      var own: [SurfaceObservation] = []
      var others: [(place: Int, observation: SurfaceObservation)] = []
      for _ in 0..<min(observations, part.count) {
        let o = part[random.index(part.count)]
        let found = grid.counterparts(of: o, within: shared, in: whole.surface)
        guard !found.isEmpty else { continue }
        for other in found { others.append((own.count, other)) }
        own.append(o)
      }
      return (own, others)
    }
  }
}

extension FieldSurface {
  /// Signed distance at each point, metres.
  fileprivate func distances(at points: [SIMD3<Float>]) -> [Float] {
    var result = [Float](repeating: 0, count: points.count)
    points.withUnsafeBufferPointer { points in
      result.withUnsafeMutableBufferPointer { distances(at: points, into: $0) }
    }
    return result
  }
}
