internal import CaptureCore
internal import Foundation

/// How much of a camera's image changes, as a function of device time: all that can be compared of
/// cameras of which nobody knows where they stand.
struct MotionActivity: Sendable {
  /// Middle of each interval between two images, ascending, seconds, and the share of pixels that
  /// changed within it, as a rate.
  let times, values: [Double]

  init(_ stream: ThumbnailStream, spacing: Double) {
    var (times, values): ([Double], [Double]) = ([], [])
    for k in stream.times.indices.dropFirst() {
      let span = stream.times[k] - stream.times[k - 1]
      // The share of changed pixels does not grow in proportion to time: drops do not count.
      guard span < 1.5 * spacing else { continue }
      times.append((stream.times[k] + stream.times[k - 1]) / 2)
      values.append(Self.change(stream.images[k - 1], stream.images[k]) / span)
    }
    (self.times, self.values) = (times, values)
  }

  private static func change(_ a: Thumbnail, _ b: Thumbnail) -> Double {
    var (sum, count) = (0.0, 0)
    for i in 0..<a.count where a[i] > 0 && b[i] > 0 {
      count += 1
      let still = 0.015 + 0.003 * a[i] * a[i]
      // Beyond two decimetres it is another surface, and how far behind says nothing.
      sum += Double(max(0, min(abs(a[i] - b[i]), 0.2) - still))
    }
    return count > 0 ? sum / Double(count) : 0
  }

  /// The activity at a time; nil where there are no images around it.
  func value(at time: Double, reach: Double) -> Double? {
    let low = times.partitionPoint { $0 <= time }
    guard low > 0, low < times.count, times[low] - times[low - 1] < reach else { return nil }
    let share = (time - times[low - 1]) / (times[low] - times[low - 1])
    return values[low - 1] + share * (values[low] - values[low - 1])
  }

  /// How far another camera's clock is ahead, with its deviation; nil where the two do not clearly
  /// rise and fall together at one offset only.
  func offset(
    of other: MotionActivity, among offsets: [Double], spacing: Double
  ) -> (offset: Double, deviation: Double)? {
    let all = correlations(other, offsets, spacing, part: 0..<1)
    guard let best = offsets.indices.max(by: { (all[$0] ?? -1) < (all[$1] ?? -1) }),
      let top = all[best], top > 0.75
    else { return nil }
    let rival = offsets.indices.filter { abs(offsets[$0] - offsets[best]) > 5 * spacing }
      .compactMap { all[$0] }.max()
    guard (rival ?? 0) < top - 0.15 else { return nil }
    let near = offsets.indices.filter { abs(offsets[$0] - offsets[best]) < 4 * spacing }
    let parts = (0..<4).compactMap { n -> Double? in
      let part = correlations(
        other, near.map { offsets[$0] }, spacing, part: Double(n) / 4..<Double(n + 1) / 4)
      return part.indices.max { (part[$0] ?? -1) < (part[$1] ?? -1) }.map { offsets[near[$0]] }
    }
    guard parts.count == 4 else { return nil }
    let scatter = parts.reduce(0) { $0 + ($1 - offsets[best]) * ($1 - offsets[best]) } / 4
    guard scatter.squareRoot() < 2 * spacing else { return nil }
    return (refined(best, offsets, all), max(spacing / 3, (scatter / 4).squareRoot()))
  }

  private func refined(_ best: Int, _ offsets: [Double], _ all: [Double?]) -> Double {
    guard best > 0, best + 1 < offsets.count, let a = all[best - 1], let b = all[best],
      let c = all[best + 1], 2 * b - a - c > 1e-9
    else { return offsets[best] }
    let step = (c - a) / (2 * (2 * b - a - c))
    return offsets[best] + max(-0.5, min(0.5, step)) * (offsets[best + 1] - offsets[best])
  }

  /// Pearson's correlation by offset, over a part of this camera's times.
  private func correlations(
    _ other: MotionActivity, _ offsets: [Double], _ spacing: Double, part: Range<Double>
  ) -> [Double?] {
    let first = Int(part.lowerBound * Double(times.count))
    let last = Int(part.upperBound * Double(times.count))
    return offsets.map { offset in
      var pairs: [SIMD2<Double>] = []
      for i in first..<last {
        if let y = other.value(at: times[i] + offset, reach: 3 * spacing) {
          pairs.append(SIMD2(values[i], y))
        }
      }
      // Steps repeat, and a few are easily alike: most of the recording has to agree.
      guard pairs.count >= 12, 4 * pairs.count > 3 * (last - first) else { return nil }
      let mean = pairs.reduce(.zero, +) / Double(pairs.count)
      var (xx, xy, yy) = (0.0, 0.0, 0.0)
      for p in pairs {
        let d = p - mean
        xx += d.x * d.x
        xy += d.x * d.y
        yy += d.y * d.y
      }
      return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
    }
  }
}
