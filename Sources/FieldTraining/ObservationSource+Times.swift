internal import CaptureCore

/// Images that lie off by less than this share of a frame count as taken at its time: less than a
/// subject moves within its noise, and averaging over cameras is worth more.
private let sameTime = 0.1

extension ObservationSource {
  /// Mean time between frames, seconds; 0 with one frame.
  var meanPeriod: Double {
    times.count > 1 ? (times[times.count - 1] - times[0]) / Double(times.count - 1) : 0
  }

  /// Whether a frame set's images were taken at different times, as by cameras that share no wire.
  func isApart(frame: Int) -> Bool {
    guard times.count > 1 else { return false }
    let limit = sameTime * meanPeriod
    return cameras.indices.contains { abs(timing(frame: frame, camera: $0).depth) > limit }
  }
}
