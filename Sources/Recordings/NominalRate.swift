internal import CaptureCore

/// The rate of a stream whose format does not say it.
enum NominalRate {
  /// Rates that cameras run at, hertz.
  private static let usual: [Double] = [5, 6, 10, 12, 15, 24, 25, 30, 50, 60, 90]

  /// One by the usual interval, and that of a usual camera where it is within 3 % of one; 30 where
  /// there are not two times.
  static func of(_ samples: [StreamSample]) -> Double {
    let gaps = zip(samples.dropFirst(), samples).map { $0.time - $1.time }.filter { $0 > 0 }
    guard !gaps.isEmpty else { return 30 }
    let rate = min(max(1 / gaps.sorted()[gaps.count / 2], 0.001), 1000)
    return usual.first { abs($0 - rate) < 0.03 * $0 } ?? rate
  }
}
