internal import CaptureCore
internal import Foundation
internal import LinearAlgebra

extension DepthAligner {
  /// What lenses, sensors and interpolation leave however much is averaged: radians and metres.
  private static let floor = (turn: 0.0001, shift: 0.0002)

  /// Draws the conclusions from where the steps ended, with the motions that nothing tells.
  func conclude(
    start: AlignmentState, _ state: AlignmentState, _ noise: Float, _ tones: [Tone?],
    _ converged: Bool
  ) -> (result: AlignmentResult, free: FreeMotions) {
    let fine = levels.last ?? .fine
    let last = gather(state, fine.rule(noise: noise, byPlace: true), tones)
    var wide = fine.rule(noise: noise)
    (wide.gate, wide.likeness) = (0.05, 0.7)
    let (first, now) = (gather(start, wide), gather(state, wide))
    let (system, derivatives) = system(last, state)
    let observability = Observability(system)
    let covariance = covariance(last, system, derivatives, observability)
    let free = FreeMotions(
      space: observability?.unknown ?? [], cameras: system.cameras,
      lenses: state.worldFromColor.map(\.translation), lever: system.lever)
    let result = AlignmentResult(
      cameras: cameras.indices.map { camera in
        self.camera(camera, state, system, covariance, last)
      },
      pairs: pairResults(first: first, now: now), unknown: free.named, noise: Double(noise),
      moments: frames.moments, hasConverged: converged)
    return (result, free)
  }

  /// The sandwich estimate: how much places disagree with each other, and moments. A place is one to
  /// all pairs: what a camera measured there goes into each of its pairs.
  private func covariance(
    _ gathered: [Gathered], _ system: JointSystem, _ derivatives: [JointSystem.Derivatives],
    _ observability: Observability?
  ) -> DenseMatrix {
    let n = max(1, system.size)
    var result = DenseMatrix(rows: n, columns: n)
    guard let observability else { return result }
    let rows = PairSums.size
    for part in [\Gathered.sums.byPlace, \Gathered.byMoment] {
      let parts = gathered.map { $0[keyPath: part] }
      for k in stride(from: 0, to: parts.map(\.count).max() ?? 0, by: rows) {
        var gradient = [Double](repeating: 0, count: system.size)
        var isEmpty = true
        for (part, derivatives) in zip(parts, derivatives) where k < part.count {
          let right = part[k..<k + rows]
          guard right.contains(where: { $0 != 0 }) else { continue }
          isEmpty = false
          for (i, value) in system.gradient(right, derivatives).enumerated() {
            gradient[i] += value
          }
        }
        if isEmpty { continue }
        let change = observability.response(to: gradient)
        for a in 0..<n { for b in 0..<n { result[a, b] += change[a] * change[b] } }
      }
    }
    return result
  }

  private func camera(
    _ camera: Int, _ state: AlignmentState, _ system: JointSystem, _ covariance: DenseMatrix,
    _ gathered: [Gathered]
  ) -> AlignmentResult.Camera {
    var own = [Double](repeating: 0, count: 36)
    if let position = system.cameras.firstIndex(of: camera) {
      for i in 0..<6 {
        for j in 0..<6 {
          let scale = (i < 3 ? 1 / system.lever : 1) * (j < 3 ? 1 / system.lever : 1)
          own[6 * i + j] = covariance[6 * position + i, 6 * position + j] * scale
        }
        let floor = i < 3 ? Self.floor.turn : Self.floor.shift
        own[7 * i] += floor * floor
      }
    }
    let clock = clockOf[camera]
    let clockPosition = system.clocks.firstIndex(of: clock)
    let clockVariance = clockPosition.map { position in
      let i = system.poseColumns + position
      return covariance[i, i] + 1e-7
    }
    var (tried, matched) = (0, 0)
    for (pair, g) in zip(pairs, gathered) where pair.from == camera {
      tried = max(tried, g.sums.tried)
      matched += g.sums.matched
    }
    return AlignmentResult.Camera(
      id: cameras[camera].description.id, worldFromColor: state.worldFromColor[camera],
      covariance: own, clockShift: state.shifts[clock],
      clockDeviation: clockVariance.map { $0.squareRoot() },
      overlap: tried > 0 ? min(1, Double(matched) / Double(tried)) : 0)
  }

  private func pairResults(first: [Gathered], now: [Gathered]) -> [AlignmentResult.Pair] {
    pairs.indices.compactMap { i -> AlignmentResult.Pair? in
      let pair = pairs[i]
      guard pair.from < pair.to,
        let j = pairs.firstIndex(of: .init(from: pair.to, to: pair.from))
      else { return nil }
      func rms(_ g: [Gathered]) -> Double? {
        let near = g[i].sums.near + g[j].sums.near
        let squares = g[i].sums.nearSquares + g[j].sums.nearSquares
        return near > 0 ? (squares / Double(near)).squareRoot() : nil
      }
      func share(_ of: KeyPath<PairSums, Int>, _ all: KeyPath<PairSums, Int>) -> Double {
        let total = now[i].sums[keyPath: all] + now[j].sums[keyPath: all]
        let part = now[i].sums[keyPath: of] + now[j].sums[keyPath: of]
        return total > 0 ? Double(part) / Double(total) : 0
      }
      return AlignmentResult.Pair(
        first: pair.from, second: pair.to, overlap: share(\.matched, \.tried), before: rms(first),
        after: rms(now), matches: now[i].sums.near + now[j].sums.near,
        seenThrough: share(\.seenThrough, \.inView))
    }
  }
}
