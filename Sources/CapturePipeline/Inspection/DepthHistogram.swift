internal import CaptureCore

/// Counts of depth steps over any number of images, in fixed memory.
struct DepthHistogram {
  private var counts = [Int](repeating: 0, count: 1 << 16)

  mutating func add(_ image: DepthImage) {
    for sample in image.samples { counts[Int(sample)] += 1 }
  }

  /// Pixels in all, with or without a measurement.
  var pixels: Int { counts.reduce(0, +) }
  /// Pixels with a measurement.
  var measured: Int { pixels - counts[0] }

  /// Measured pixels whose depth lies outside `range`, metres, in steps of `unit` metres.
  func outside(_ range: ClosedRange<Double>, unit: Double) -> Int {
    counts.indices.dropFirst().reduce(0) {
      range.contains(Double($1) * unit) ? $0 : $0 + counts[$1]
    }
  }

  /// The smallest step that at least a `share` of the measured pixels do not exceed.
  func percentile(_ share: Double) -> Int? {
    guard measured > 0 else { return nil }
    let needed = max(1, Int((share * Double(measured)).rounded(.up)))
    var seen = 0
    return counts.indices.dropFirst().first {
      seen += counts[$0]
      return seen >= needed
    }
  }
}
