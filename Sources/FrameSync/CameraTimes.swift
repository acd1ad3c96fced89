public import CaptureCore

/// When one camera took its images: all that synchronization needs to know of a recording.
public struct CameraTimes: Equatable, Sendable {
  /// Name of the camera, for the report.
  public var id: String
  /// Clock of the device.
  public var sync: SyncRole
  /// Device times by kind of image, seconds, finite. A missing kind is an empty stream.
  public var times: [StreamKind: [Double]]
  /// What is known of the clock; nil where nobody looked: then it is the rig's.
  public var clock: ClockEstimate?

  /// The times of a camera.
  public init(
    id: String, sync: SyncRole, times: [StreamKind: [Double]], clock: ClockEstimate? = nil
  ) {
    (self.id, self.sync, self.times, self.clock) = (id, sync, times, clock)
  }

  /// Times of one stream on the rig's clock, in the stream's order, seconds: device time minus the
  /// device's delay, less what the clock shows too much.
  public func rigTimes(_ kind: StreamKind) -> [Double] {
    (times[kind] ?? []).map { (clock?.fit ?? .rig).rigTime($0 - sync.delay) }
  }

  /// One stream on the rig's clock, in ascending order.
  func stream(_ kind: StreamKind) -> RigTimes { RigTimes(rigTimes(kind)) }
}

/// Times of one stream on the rig's clock, ascending, each with its place in the stream.
struct RigTimes {
  /// Ascending times, seconds.
  let times: [Double]
  /// Position in the recording's stream of each time.
  let indices: [Int]

  init(_ values: [Double]) {
    // Equal times keep the stream's order, so that results do not depend on the sorting algorithm.
    indices = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    times = indices.map { values[$0] }
  }

  /// Intervals between neighbours, seconds.
  var intervals: [Double] { zip(times.dropFirst(), times).map { $0 - $1 } }

  /// The usual interval, seconds; repeated times do not count.
  var medianInterval: Double? { median(intervals.filter { $0 > 0 }) }

  /// Position of the time nearest to `time`, the earlier one of two; nil in an empty stream.
  func nearest(to time: Double) -> Int? {
    let low = times.partitionPoint { $0 < time }
    if low == times.count { return low > 0 ? firstOfEqual(low - 1) : nil }
    if low > 0, time - times[low - 1] <= times[low] - time { return firstOfEqual(low - 1) }
    return low
  }

  private func firstOfEqual(_ position: Int) -> Int {
    var first = position
    while first > 0, times[first - 1] == times[position] { first -= 1 }
    return first
  }

  /// Images missing inside the stream: of each interval, the whole periods beyond the first.
  func drops(period: Double) -> Int {
    // The cap keeps the sum in range for streams that span ages.
    intervals.reduce(0) { $0 + max(0, Int(min(($1 / period).rounded(), 1e9)) - 1) }
  }
}

/// The middle one of the values, the upper one of two; nil without values.
func median(_ values: [Double]) -> Double? {
  let sorted = values.sorted()
  return sorted.isEmpty ? nil : sorted[sorted.count / 2]
}
