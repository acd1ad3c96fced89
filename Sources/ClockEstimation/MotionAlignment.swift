internal import CaptureCore
internal import Foundation

/// Clocks such that moving surfaces agree: robust least squares over everything that moves.
///
/// A piece of surface that camera A saw at a time of the rig lies a distance ρ off the surface that
/// camera B shows at that time, interpolated between images. Were B's clock off by dt, the distance
/// would be ρ + g dt, where g is the speed of B's surface along its normal, from the images around
/// those two: their noise does not enter ρ, and so does not pull the result. Unknown are an offset and
/// a rate for every clock but the rig's, and, held near zero, by how much every camera stands elsewhere
/// and every pair of cameras sees too deep: where motion is steady these and dt cannot be told apart,
/// and the deviations that come out say so.
struct MotionAlignment {
  /// Samples of one pair of cameras and one quarter second that are taken for independent, at most.
  private static let independent = 12.0
  /// What interpolation, shutters and lenses leave, seconds.
  private static let floor = 0.0003
  /// Edge of the regions whose errors are taken to be one all along, and what thumbnails, noise and
  /// interpolation do to each of them, metres.
  private static let region: (edge: Float, error: Double) = (0.2, 0.0016)
  /// How far a calibration may be worse than a good one.
  private static let loosest = 8.0
  /// Largest distance of what is taken for the same surface, metres, pass by pass.
  private static let gates: [Float] = [0.12, 0.08, 0.05, 0.03, 0.03, 0.03]

  private let pieces: AlignmentPieces
  /// Which clock is the rig's.
  private let rigClock: Int

  init(views: [TimedView], clockOfView: [Int], rigClock: Int, threads: Int) {
    pieces = AlignmentPieces(views: views, clockOfView: clockOfView, threads: threads)
    self.rigClock = rigClock
  }

  struct Result {
    var fits: [ClockFit]
    var offsetDeviations, rateDeviations: [Double?]
  }

  /// Refines the fits of those clocks that `isPlaced` names; deviations are nil where nothing moved.
  func refined(_ start: [ClockFit], isPlaced: [Bool]) -> Result {
    var state = AlignmentState(
      fits: start, poses: pieces.views.map { _ in PoseCorrection() })
    var result = Result(
      fits: start, offsetDeviations: start.map { _ in nil }, rateDeviations: start.map { _ in nil })
    let clocks = start.indices.filter { isPlaced[$0] && $0 != rigClock }
    guard !clocks.isEmpty else { return result }
    var looseness = 1.0
    for (pass, gate) in Self.gates.enumerated() {
      let isLast = pass == Self.gates.count - 1
      let samples = pieces.samples(
        state, isPlaced: isPlaced, gate: gate, every: pass < Self.gates.count / 2 ? 3 : 1)
      guard samples.count >= 40 else { break }
      let equations = AlignmentEquations(
        samples, pieces, state, clocks: clocks, looseness: looseness)
      guard let solution = RobustSolution(samples, equations, independent: Self.independent) else {
        break
      }
      step(&state, solution.values, equations)
      looseness = Self.looseness(state)
      if isLast { conclude(&result, state, samples, equations, solution) }
    }
    return result
  }

  private func step(
    _ state: inout AlignmentState, _ values: [Double], _ equations: AlignmentEquations
  ) {
    for (n, clock) in equations.clocks.enumerated() {
      state.fits[clock].offset += values[2 * n]
      state.fits[clock].rate += values[2 * n + 1]
    }
    for view in state.poses.indices {
      let first = equations.poseColumn(view)
      for axis in 0..<3 {
        state.poses[view].shift[axis] += values[first + axis]
        state.poses[view].turn[axis] += values[first + 3 + axis]
      }
    }
  }

  /// By how much the poses' corrections are larger than is expected of a good calibration, at least
  /// 1 (Birge's ratio).
  private static func looseness(_ state: AlignmentState) -> Double {
    let squares = state.poses.reduce(0.0) { sum, pose in
      let (shift, turn) = (
        pose.shift / AlignmentEquations.Prior.shift,
        pose.turn / AlignmentEquations.Prior.turn
      )
      return sum + shift.dot(shift) + turn.dot(turn)
    }
    return min(max(1, (squares / Double(6 * max(1, state.poses.count))).squareRoot()), loosest)
  }

  /// Deviations from how much the parts of the recording disagree (the sandwich of H⁻¹ and the sum
  /// of the parts' outer products), its moments among each other and its regions, from what regions
  /// may be wrong by all along, and from what was expected.
  private func conclude(
    _ result: inout Result, _ state: AlignmentState, _ samples: [AlignmentSample],
    _ equations: AlignmentEquations, _ solution: RobustSolution
  ) {
    guard let factors = solution.factors else { return }
    let regions = samples.map { s -> SIMD4<Int32> in
      let cell = (s.place / Self.region.edge).rounded(.down)
      func index(_ x: Float) -> Int32 { Int32(max(-1e6, min(1e6, x))) }
      return SIMD4(Int32(truncatingIfNeeded: s.pair), index(cell.x), index(cell.y), index(cell.z))
    }
    let (byTime, byRegion) = (Grouping(samples.map(\.block)), Grouping(regions))
    guard byTime.count >= 4 else { return }
    result.fits = state.fits
    for (n, clock) in equations.clocks.enumerated() {
      var deviations: [Double] = []
      for c in [2 * n, 2 * n + 1] {
        var unit = [Double](repeating: 0, count: equations.size)
        unit[c] = 1
        let inverse = factors.solve(unit)
        let pulls = solution.pulls(along: inverse, samples, equations)
        let error = Self.region.error
        var variance =
          byTime.variance(pulls.map(\.actual)) + byRegion.variance(pulls.map(\.actual))
          + byRegion.variance(pulls.map { $0.unit * error })
        for column in 0..<equations.size {
          guard let prior = equations.prior(column) else { continue }
          let x = inverse[column] / prior.deviation
          variance += x * x
        }
        deviations.append(variance.squareRoot())
      }
      result.offsetDeviations[clock] =
        (deviations[0] * deviations[0] + Self.floor * Self.floor).squareRoot()
      result.rateDeviations[clock] = deviations[1]
    }
  }
}

/// Samples by a property that they share.
private struct Grouping {
  private let group: [Int]
  let count: Int

  init<Key: Hashable>(_ keys: [Key]) {
    var known: [Key: Int] = [:]
    group = keys.map { key in
      if let index = known[key] { return index }
      known[key] = known.count
      return known.count - 1
    }
    count = known.count
  }

  /// Sum of the squares of each group's sum, for few groups made larger.
  func variance(_ values: [Double]) -> Double {
    var sums = [Double](repeating: 0, count: count)
    for (g, value) in zip(group, values) { sums[g] += value }
    return sums.reduce(0) { $0 + $1 * $1 } * Double(count) / Double(max(1, count - 3))
  }
}
