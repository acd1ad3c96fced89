/// Times every period from that of the best-aligned images, in both directions.
///
/// The best-aligned instant is the one at which most cameras have an image and their times spread the
/// least. From there the expected time moves by the period and gently follows what the cameras show,
/// so that a period known to a microsecond does not drift away over an hour. Instants without any
/// image within half a period are left out.
func anchoredInstants(_ streams: [RigTimes], period: Double) -> [Double] {
  guard let anchor = bestAligned(streams, period: period) else { return [] }
  let all = streams.flatMap { [$0.times.first, $0.times.last].compactMap { $0 } }
  guard let first = all.min(), let last = all.max() else { return [] }
  var instants = [anchor]
  // Each step meets an image, or comes nearer to the next one by a jump; a third step can be spent
  // on half a period. Periods that are nothing beside the times would never end.
  let steps = 3 * streams.reduce(0) { $0 + $1.times.count } + 3
  for direction in [1.0, -1.0] {
    var expected = anchor
    for _ in 0..<steps {
      expected += direction * period
      let found = near(expected, streams, period)
      if found.isEmpty {
        guard expected >= first - period, expected <= last + period else { break }
        // Over a gap nothing is lost but time.
        let ahead = streams.compactMap { next(after: expected, $0, direction) }
        guard let jump = direction > 0 ? ahead.min() : ahead.max() else { break }
        let periods = (abs(jump - expected) / period).rounded(.down)
        expected += max(0, periods - 1) * direction * period
        continue
      }
      instants.append(expected)
      let shift = (found.max() ?? 0) / 2 + (found.min() ?? 0) / 2
      expected += 0.05 * shift
    }
  }
  return instants.sorted()
}

/// The middle of the images that are best aligned.
private func bestAligned(_ streams: [RigTimes], period: Double) -> Double? {
  var best: (cameras: Int, spread: Double, time: Double)?
  for stream in streams {
    for time in stream.times {
      let found = near(time, streams, period)
      guard let least = found.min(), let most = found.max() else { continue }
      let candidate = (found.count, most - least, time + (least + most) / 2)
      if let old = best, (old.cameras, -old.spread) >= (candidate.0, -candidate.1) { continue }
      best = candidate
    }
  }
  return best?.time
}

/// How far the nearest image of each camera lies from a time, of those within half a period.
private func near(_ time: Double, _ streams: [RigTimes], _ period: Double) -> [Double] {
  streams.compactMap { stream in
    stream.nearest(to: time).map { stream.times[$0] - time }
  }.filter { abs($0) <= period / 2 }
}

/// A stream's first image after a time, in a direction.
private func next(after time: Double, _ stream: RigTimes, _ direction: Double) -> Double? {
  guard let position = stream.nearest(to: time) else { return nil }
  let candidates = [position - 1, position, position + 1].filter {
    stream.times.indices.contains($0)
  }
  .map { stream.times[$0] }.filter { direction * ($0 - time) > 0 }
  return direction > 0 ? candidates.min() : candidates.max()
}
