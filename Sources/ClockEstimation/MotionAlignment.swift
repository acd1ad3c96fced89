internal import CaptureCore
internal import Foundation

/// Clocks such that moving surfaces agree: robust least squares over everything that moves.
///
/// A piece of surface that camera A saw at a time of the rig lies a distance ρ off the surface that
/// camera B shows at that time, interpolated between two images. Were B's clock off by dt, the
/// distance would be ρ + g dt, where g is the speed of B's surface along its normal, from the images
/// around those two: their noise does not enter ρ, and so does not pull the result. Unknown are an
/// offset and a rate for every clock but the rig's, and for every pair of cameras the vector by which
/// their calibration is off and what each shows too deep, held near zero: where motion is steady these
/// and dt cannot be told apart, and the deviations that come out say so.
struct MotionAlignment {
  /// Standard deviation of a calibration's error, metres and radians, and of what a depth image shows
  /// too far or, for a thumbnail's pixels are wide, too flat, metres.
  private static let calibrationDeviation = 0.006
  private static let turnDeviation = 0.005
  private static let depthDeviation = 0.004
  /// Columns of the equations for each pair of cameras.
  private static let pairColumns = 8
  /// Standard deviation of a clock's rate before anything is known, seconds per second.
  static let rateDeviation = 0.0003
  /// Slowest and fastest surface that counts, metres per second along the normal.
  private static let speeds: ClosedRange<Float> = 0.04...4
  private static let pieces = 700
  private static let images = 200
  /// Samples of one pair of images that are taken for independent, at most.
  private static let independent = 6.0
  /// What interpolation, shutters and lenses leave, seconds, and what lenses and sensors do to a
  /// moving surface all along, metres.
  private static let floor = (time: 0.0003, distance: 0.0002)

  let views: [TimedView]
  /// By camera, then image: what is compared; none of images that are left out.
  private let pieces: [[[SurfacePiece]]]
  /// Clock of each camera.
  let clockOfView: [Int]
  /// Whether a clock is the rig's.
  let rigClock: Int
  let threads: Int

  init(views: [TimedView], clockOfView: [Int], rigClock: Int, threads: Int) {
    (self.views, self.clockOfView, self.rigClock, self.threads) = (
      views, clockOfView, rigClock, threads
    )
    var pieces = views.map { [[SurfacePiece]](repeating: [], count: $0.stream.times.count) }
    pieces.withUnsafeMutableBufferPointer { pieces in
      nonisolated(unsafe) let pieces = pieces
      concurrently(views.count, threads: threads) { camera, _ in
        let (view, all) = (views[camera], views[camera].stream.times.count)
        let count = min(Self.images, all)
        for i in (0..<count).map({ $0 * all / count }) {
          pieces[camera][i] = view.moving.pieces(
            view.stream.images[i], view.view, limit: Self.pieces)
        }
      }
    }
    self.pieces = pieces
  }

  private struct Sample {
    var distance, speed, bend: Float
    var normal: SIMD3<Float>
    /// From the middle of all samples, metres.
    var place: SIMD3<Float>
    var from, to: UInt8
    /// Device times since the references.
    var sinceFrom, sinceTo: Float
    /// Part of the recording, for the deviations.
    var block: Int32
  }

  struct Result {
    var fits: [ClockFit]
    var offsetDeviations, rateDeviations: [Double?]
  }

  /// Refines the fits of those clocks that `isPlaced` names; deviations are nil where nothing moved.
  func refined(_ start: [ClockFit], isPlaced: [Bool], passes: Int = 5) -> Result {
    var result = Result(
      fits: start, offsetDeviations: start.map { _ in nil }, rateDeviations: start.map { _ in nil })
    for pass in 0..<passes {
      let gate: Float = pass == 0 ? 0.12 : pass == 1 ? 0.06 : 0.03
      let samples = samples(result.fits, isPlaced, gate: gate)
      guard let solved = solve(samples, result.fits, isPlaced) else { break }
      result = solved
    }
    return result
  }

  // MARK: Samples

  private func samples(_ fits: [ClockFit], _ isPlaced: [Bool], gate: Float) -> [Sample] {
    var pairs: [(Int, Int)] = []
    for a in views.indices {
      for b in views.indices
      where a != b && clockOfView[a] != clockOfView[b] && isPlaced[clockOfView[a]]
        && isPlaced[clockOfView[b]]
      { pairs.append((a, b)) }
    }
    var results = [[Sample]](repeating: [], count: pairs.count)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let results = results
      concurrently(pairs.count, threads: threads) { i, _ in
        results[i] = samples(from: pairs[i].0, to: pairs[i].1, fits, gate)
      }
    }
    var all = results.flatMap { $0 }
    let middle = all.reduce(SIMD3<Float>.zero) { $0 + $1.place } / Float(max(1, all.count))
    for i in all.indices { all[i].place -= middle }
    return all
  }

  private func samples(
    from a: Int, to b: Int, _ fits: [ClockFit], _ gate: Float
  ) -> [Sample] {
    let (own, other) = (views[a], views[b])
    let (ownFit, otherFit) = (fits[clockOfView[a]], fits[clockOfView[b]])
    let spacing = other.spacing
    var result: [Sample] = []
    for i in own.stream.times.indices where !pieces[a][i].isEmpty {
      let deviceTime = own.stream.times[i]
      let rigTime = ownFit.rigTime(deviceTime)
      let time = otherFit.deviceTime(rigTime)
      guard let moment = Moment(other.stream, time, spacing: spacing) else { continue }
      for piece in pieces[a][i] {
        guard let place = other.view.place(piece.position),
          let c = moment.compare(piece, place, other, gate: gate, speeds: Self.speeds)
        else { continue }
        result.append(
          Sample(
            distance: c.distance, speed: c.speed, bend: c.bend, normal: c.normal,
            place: piece.position, from: UInt8(a), to: UInt8(b),
            sinceFrom: Float(deviceTime - ownFit.reference),
            sinceTo: Float(time - otherFit.reference), block: block(rigTime)))
      }
    }
    return result
  }

  /// Quarters of a second: shorter than that, errors of neighbouring images are one.
  private func block(_ time: Double) -> Int32 {
    Int32(max(-1e9, min(1e9, (time * 4).rounded(.down))))
  }

  // MARK: Equations

  private func solve(
    _ samples: [Sample], _ fits: [ClockFit], _ isPlaced: [Bool]
  ) -> Result? {
    let free = fits.indices.filter { isPlaced[$0] && $0 != rigClock }
    guard samples.count >= 40, !free.isEmpty else { return nil }
    var column = [Int?](repeating: nil, count: fits.count)
    for (n, clock) in free.enumerated() { column[clock] = 2 * n }
    var pairColumn: [Int: Int] = [:]
    for s in samples {
      let key = pairKey(s)
      if pairColumn[key] == nil {
        pairColumn[key] = 2 * free.count + Self.pairColumns * pairColumn.count
      }
    }
    var system = NormalEquations(size: 2 * free.count + Self.pairColumns * pairColumn.count)
    let rows = samples.map { row($0, column, pairColumn) }
    var solution = [Double](repeating: 0, count: system.size)
    var moments = Set<Int>()
    for s in samples { moments.insert((Int(s.block) << 16) | Int(s.from) << 8 | Int(s.to)) }
    let share = min(1, Self.independent * Double(moments.count) / Double(samples.count))
    var deviation = 0.0
    for _ in 0..<4 {
      let residuals = zip(samples, rows).map { s, r in
        Double(s.distance) + r.reduce(0) { $0 + $1.value * solution[$1.column] }
      }
      let sizes = residuals.map { abs($0) }.sorted()
      deviation = max(1.4826 * sizes[sizes.count / 2], 0.0005)
      system = NormalEquations(size: system.size)
      addPriors(&system, fits, free)
      for i in samples.indices {
        let weight = Self.weight(residuals[i], samples[i].bend, deviation) * share
        if weight > 0 { system.add(rows[i], -Double(samples[i].distance), weight) }
      }
      guard let next = system.solved() else { return nil }
      solution = next
    }
    return conclude(
      samples, rows, solution, system, deviation, share, fits, free)
  }

  /// One over the variance, times Tukey's biweight.
  private static func weight(_ residual: Double, _ bend: Float, _ deviation: Double) -> Double {
    let variance = deviation * deviation + Double(bend) * Double(bend)
    let x = residual * residual / (7 * variance)
    return x < 1 ? (1 - x) * (1 - x) / variance : 0
  }

  private func pairKey(_ s: Sample) -> Int {
    Int(min(s.from, s.to)) << 8 | Int(max(s.from, s.to))
  }

  /// Derivatives of a sample's distance.
  private func row(
    _ s: Sample, _ column: [Int?], _ pairColumn: [Int: Int]
  ) -> [NormalEquations.Entry] {
    var entries: [NormalEquations.Entry] = []
    let speed = Double(s.speed)
    if let to = column[clockOfView[Int(s.to)]] {
      entries.append(.init(column: to, value: speed))
      entries.append(.init(column: to + 1, value: speed * Double(s.sinceTo)))
    }
    if let from = column[clockOfView[Int(s.from)]] {
      entries.append(.init(column: from, value: -speed))
      entries.append(.init(column: from + 1, value: -speed * Double(s.sinceFrom)))
    }
    let sign: Double = s.from < s.to ? 1 : -1
    if let pair = pairColumn[pairKey(s)] {
      for axis in 0..<3 {
        entries.append(.init(column: pair + axis, value: sign * Double(s.normal[axis])))
      }
      let turn = s.place.cross(s.normal)
      for axis in 0..<3 {
        entries.append(.init(column: pair + 3 + axis, value: sign * Double(turn[axis])))
      }
      entries.append(.init(column: pair + (sign > 0 ? 6 : 7), value: 1))
    }
    return entries
  }

  private func addPriors(
    _ system: inout NormalEquations, _ fits: [ClockFit], _ free: [Int]
  ) {
    for (n, clock) in free.enumerated() {
      let weight = 1 / (Self.rateDeviation * Self.rateDeviation)
      system.add([.init(column: 2 * n + 1, value: 1)], -fits[clock].rate, weight)
    }
    for c in 2 * free.count..<system.size {
      let deviation = Self.pairDeviation(c - 2 * free.count)
      system.add([.init(column: c, value: 1)], 0, 1 / (deviation * deviation))
    }
  }

  /// Standard deviation of an unknown of pairs, metres.
  private static func pairDeviation(_ place: Int) -> Double {
    switch place % pairColumns {
    case ..<3: calibrationDeviation
    case ..<6: turnDeviation
    default: depthDeviation
    }
  }

  /// How much larger the unknowns of pairs came out than was expected, at least 1 (Birge's ratio).
  private func unease(_ solution: [Double], from first: Int) -> Double {
    let shares = (first..<solution.count).map { c in
      let share = solution[c] / Self.pairDeviation(c - first)
      return share * share
    }
    return max(1, shares.reduce(0, +) / Double(max(1, shares.count))).squareRoot()
  }

  /// What each part of the samples would still change: the parts' gradients, in order of their keys.
  private func gradients(
    _ samples: [Sample], _ rows: [[NormalEquations.Entry]], _ solution: [Double],
    _ deviation: Double,
    _ share: Double, _ size: Int, by key: (Sample) -> Int
  ) -> [[Double]] {
    var parts: [Int: [Double]] = [:]
    for (s, row) in zip(samples, rows) {
      let residual = Double(s.distance) + row.reduce(0) { $0 + $1.value * solution[$1.column] }
      let weight = Self.weight(residual, s.bend, deviation) * share
      guard weight > 0 else { continue }
      for entry in row {
        parts[key(s), default: [Double](repeating: 0, count: size)][entry.column] +=
          weight * residual * entry.value
      }
    }
    return parts.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Steps the fits, and finds deviations from how much the parts of the recording disagree (the
  /// sandwich of H⁻¹ and the sum of the parts' outer products): its moments among each other, and
  /// its pairs of cameras.
  private func conclude(
    _ samples: [Sample], _ rows: [[NormalEquations.Entry]], _ solution: [Double],
    _ system: NormalEquations,
    _ deviation: Double, _ share: Double, _ fits: [ClockFit], _ free: [Int]
  ) -> Result? {
    let byTime = gradients(samples, rows, solution, deviation, share, system.size) { Int($0.block) }
    let byPair = gradients(samples, rows, solution, deviation, share, system.size) {
      Int($0.from) << 8 | Int($0.to)
    }
    guard byTime.count >= 4, let factors = LinearSystem(system.matrix, size: system.size) else {
      return nil
    }
    let speeds = samples.reduce(0) { $0 + Double($1.speed * $1.speed) } / Double(samples.count)
    let typicalSpeed = speeds.squareRoot()
    var result = Result(
      fits: fits, offsetDeviations: fits.map { _ in nil }, rateDeviations: fits.map { _ in nil })
    for (n, clock) in free.enumerated() {
      result.fits[clock].offset += solution[2 * n]
      result.fits[clock].rate += solution[2 * n + 1]
      var deviations: [Double] = []
      for c in [2 * n, 2 * n + 1] {
        var unit = [Double](repeating: 0, count: system.size)
        unit[c] = 1
        let inverse = factors.solve(unit)
        var variance = 0.0
        for parts in [byTime, byPair] {
          let correction = Double(parts.count) / Double(max(1, parts.count - 3))
          for g in parts {
            let along = zip(inverse, g).reduce(0) { $0 + $1.0 * $1.1 }
            variance += along * along * correction
          }
        }
        for other in free.indices {
          let x = inverse[2 * other + 1]
          variance += x * x / (Self.rateDeviation * Self.rateDeviation)
        }
        for i in 2 * free.count..<system.size {
          let deviation = Self.pairDeviation(i - 2 * free.count)
          variance += inverse[i] * inverse[i] / (deviation * deviation)
        }
        deviations.append(variance.squareRoot())
      }
      // A calibration worse than was expected leaves more than its vector behind.
      for i in deviations.indices { deviations[i] *= unease(solution, from: 2 * free.count) }
      let bias = Self.floor.distance / typicalSpeed
      result.offsetDeviations[clock] =
        (deviations[0] * deviations[0] + Self.floor.time * Self.floor.time + bias * bias)
        .squareRoot()
      result.rateDeviations[clock] = deviations[1]
    }
    return result
  }
}
