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
  /// What shutters, lenses and the interpolation between images leave, as a share of the time from one
  /// image to the next; of a bad calibration, once it is put right, more remains.
  private static let floor = 0.009
  /// Edge of the regions whose errors are taken to be one all along, and what thumbnails, noise and
  /// interpolation do to each of them where a camera looks straight at it, metres.
  private static let region: (edge: Float, error: Double) = (0.2, 0.00035)
  /// How far a calibration may be worse than a good one.
  private static let loosest = 8.0
  /// Largest distance of what is taken for the same surface, metres, pass by pass.
  private static let gates: [Float] = [0.12, 0.08, 0.05, 0.03, 0.03, 0.03]

  private let pieces: AlignmentPieces
  /// As ``MotionAlignment/floor`` makes it, seconds.
  private let floor: Double

  init(views: [TimedView], clockOfView: [Int], threads: Int) {
    floor = Self.floor * (views.map(\.spacing).max() ?? 0)
    pieces = AlignmentPieces(views: views, clockOfView: clockOfView, threads: threads)
  }

  struct Result {
    var fits: [ClockFit]
    var offsetDeviations, rateDeviations: [Double?]
    /// By clock: by how much its offset follows one of each pair of clocks, first the smaller.
    var reliance: [[SIMD2<Int>: Double]]
    /// By view: by how much it stands elsewhere than the calibration says.
    var poses: [PoseCorrection]
    /// How many times that is more than is expected of a good calibration, at least 1; infinite where
    /// nothing tells.
    var looseness: Double
  }

  /// Refines the fits of those clocks that `isPlaced` names. Where too little that moves agrees to say
  /// how well a clock is known, its fit stays what it was, without deviations.
  ///
  /// - Parameter fixed: The clock that the others are related to: the rig's.
  func refined(_ start: [ClockFit], isPlaced: [Bool], fixed: Int = 0) -> Result {
    var isTold = isPlaced
    var first: Result?
    while true {
      var result = solved(start, isPlaced: isTold, fixed: fixed)
      // What all of them say of the calibration.
      let all = first ?? result
      first = all
      (result.poses, result.looseness) = (all.poses, all.looseness)
      let vague = start.indices.filter {
        isTold[$0] && $0 != fixed && result.offsetDeviations[$0] == nil
      }
      if vague.isEmpty { return result }
      // Others must not lean on them.
      for clock in vague { isTold[clock] = false }
    }
  }

  /// By how much pairs of clocks, each aligned without the others, contradict the offsets of all of
  /// them beyond what the pairs' deviations explain: by clock, the mean square over the pairs that it
  /// relies on, s². Around a ring of cameras a pair that hangs on a few wrong surfaces does not close.
  func discord(_ all: Result) -> [Double] {
    let known = all.fits.indices.filter { $0 == 0 || all.offsetDeviations[$0] != nil }
    var excess: [SIMD2<Int>: Double] = [:]
    for (n, a) in known.enumerated() where known.count > 2 {
      for b in known[(n + 1)...] {
        let isPair = all.fits.indices.map { $0 == a || $0 == b }
        let alone = refined(all.fits, isPlaced: isPair, fixed: a)
        guard let deviation = alone.offsetDeviations[b] else { continue }
        let difference = alone.fits[b].offset - all.fits[b].offset
        excess[SIMD2(a, b)] = max(0, difference * difference - deviation * deviation)
      }
    }
    return all.reliance.map { pairs in
      var (sum, weight) = (0.0, 0.0)
      for (pair, square) in excess.sorted(by: { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }) {
        let share = abs(pairs[pair] ?? 0)
        sum += share * square
        weight += share
      }
      return weight > 0 ? sum / weight : 0
    }
  }

  private func solved(_ start: [ClockFit], isPlaced: [Bool], fixed: Int) -> Result {
    var state = AlignmentState(
      fits: start, poses: pieces.views.map { _ in PoseCorrection() })
    var result = Result(
      fits: start, offsetDeviations: start.map { _ in nil }, rateDeviations: start.map { _ in nil },
      reliance: start.map { _ in [:] }, poses: state.poses, looseness: .infinity)
    let clocks = start.indices.filter { isPlaced[$0] && $0 != fixed }
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
      (result.poses, result.looseness) = (state.poses, looseness)
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
  /// may be wrong by all along, and from what was expected. None for a clock that hardly more than
  /// one moment or one place tells: what moves there agrees by chance at many offsets.
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
    let byMoment = Grouping(samples.map { SIMD2(Int($0.block), $0.pair) })
    guard byTime.count > 3 else { return }
    let floor = floor * result.looseness.squareRoot()
    result.fits = state.fits
    for (n, clock) in equations.clocks.enumerated() {
      func pulls(_ column: Int) -> (inverse: [Double], pulls: [RobustSolution.Pull]) {
        var unit = [Double](repeating: 0, count: equations.size)
        unit[column] = 1
        let inverse = factors.solve(unit)
        return (inverse, solution.pulls(along: inverse, samples, equations))
      }
      let offset = pulls(2 * n)
      // What share of a change of the clock each sample sees.
      let shares = zip(offset.pulls, samples).map { pull, s in
        pull.unit * equations.speed(s, byClock: clock)
      }
      for (pull, s) in zip(offset.pulls, samples) {
        let (from, to) = (pieces.clockOfView[Int(s.from)], pieces.clockOfView[Int(s.to)])
        let change = pull.unit * Double(s.speed) * (from < to ? 1 : -1)
        result.reliance[clock][SIMD2(min(from, to), max(from, to)), default: 0] += change
      }
      let spread = min(byMoment.spread(of: shares), byRegion.spread(of: shares))
      guard spread > Grouping.fewest else { continue }
      let deviations = [offset, pulls(2 * n + 1)].map { inverse, pulls in
        let actual = pulls.map(\.actual)
        let lasting = zip(pulls, samples).map { $0.unit * Self.region.error * Double($1.graze) }
        var variance =
          byTime.variance(actual, spread: spread) + byRegion.variance(actual, spread: spread)
          + byRegion.squares(lasting)
        for column in 0..<equations.size {
          guard let prior = equations.prior(column) else { continue }
          let x = inverse[column] / prior.deviation
          variance += x * x
        }
        return variance.squareRoot()
      }
      result.offsetDeviations[clock] =
        (deviations[0] * deviations[0] + floor * floor).squareRoot()
      result.rateDeviations[clock] = deviations[1]
    }
  }
}
