public import CaptureCore

/// Puts the images that belong to one instant together, by time and never by position.
///
/// Times are device time minus the wired delay, less what the camera's clock shows too much. The
/// frame sets' times are those of one camera's depth images: the master's, or without one the
/// camera's with the most. (Anchored grouping puts them elsewhere, see ``FrameSyncConfiguration``.) Every other depth image
/// joins the nearest set, if it lies within the tolerance and no image of its camera lies nearer.
/// Depth images that no set is near enough for (the leading camera had dropped its own) make sets
/// in turn, by the next camera; so a set exists wherever any camera has depth, and two sets are
/// always farther apart than the tolerance. Colour and mask join the depth of their own camera by
/// nearest time within the tolerance, less the delay between the two that the device was set to, or
/// the set's time where the depth is missing.
///
/// Clocks of standalone devices are not estimated here: what is known of them comes with the
/// camera, and where nothing is, times are compared as they stand and the report warns of it.
///
/// - Parameters:
///   - cameras: Times of each camera, in the take's order; all finite.
///   - framesPerSecond: Nominal rate, hertz; taken when no stream has two images.
///   - configuration: Validated tolerances.
/// - Returns: Sets in ascending order of time, numbered from 0, and what was found. No sets when no
///   camera has depth; the report warns of that too.
/// - Complexity: O(n log n) in the number of images.
public func frameSets(
  of cameras: [CameraTimes], framesPerSecond: Double,
  configuration: FrameSyncConfiguration = FrameSyncConfiguration()
) -> (sets: [FrameSet], report: SyncReport) {
  let streams = cameras.map { $0.stream(.depth) }
  let period = median(streams.compactMap(\.medianInterval)) ?? 1 / framesPerSecond
  let tolerance =
    configuration.grouping == .strict
    ? min(configuration.window, period / 2) : period * configuration.tolerance
  let order = leadership(cameras, streams)
  let instants =
    configuration.grouping == .anchored
    ? anchoredInstants(streams, period: period)
    : instants(streams, order: order, tolerance: tolerance)
  var sets = instants.enumerated().map { index, time in
    FrameSet(
      index: index, time: time, entries: [FrameSet.Entry](repeating: .init(), count: cameras.count))
  }
  for (camera, stream) in streams.enumerated() {
    assignDepth(of: camera, stream, to: &sets, instants: instants, tolerance: tolerance)
  }
  for (camera, times) in cameras.enumerated() {
    assignImages(
      of: camera, color: times.stream(.color), mask: times.stream(.mask),
      depthDelay: times.sync.depthDelay, to: &sets, tolerance: tolerance)
  }
  let report = SyncReport(
    sets, cameras, lead: order.first, period: period, tolerance: tolerance,
    framesPerSecond: framesPerSecond, configuration: configuration)
  return (sets, report)
}

/// The order in which cameras give the sets their times.
private func leadership(_ cameras: [CameraTimes], _ streams: [RigTimes]) -> [Int] {
  cameras.indices.sorted { a, b in
    let (leadsA, leadsB) = (cameras[a].sync.mode == .master, cameras[b].sync.mode == .master)
    if leadsA != leadsB { return leadsA }
    let (countA, countB) = (streams[a].times.count, streams[b].times.count)
    return countA == countB ? a < b : countA > countB
  }
}

/// Ascending times, farther apart than the tolerance, such that every depth image is within the
/// tolerance of one.
private func instants(_ streams: [RigTimes], order: [Int], tolerance: Double) -> [Double] {
  var instants: [Double] = []
  for camera in order {
    let known = RigTimes(instants)
    var latest = -Double.infinity
    for time in streams[camera].times where time - latest > tolerance {
      if let near = known.nearest(to: time), abs(known.times[near] - time) <= tolerance { continue }
      instants.append(time)
      latest = time
    }
  }
  return instants.sorted()
}

private func assignDepth(
  of camera: Int, _ stream: RigTimes, to sets: inout [FrameSet], instants: [Double],
  tolerance: Double
) {
  let targets = RigTimes(instants)
  for (position, time) in stream.times.enumerated() {
    guard let set = targets.nearest(to: time) else { return }
    let error = time - instants[set]
    let old = sets[set].entries[camera]
    guard abs(error) <= tolerance, old.depth == nil || abs(error) < abs(old.error) else { continue }
    sets[set].entries[camera].depth = stream.indices[position]
    sets[set].entries[camera].error = error
  }
}

private func assignImages(
  of camera: Int, color: RigTimes, mask: RigTimes, depthDelay: Double, to sets: inout [FrameSet],
  tolerance: Double
) {
  func position(_ stream: RigTimes, _ time: Double) -> Int? {
    stream.nearest(to: time).flatMap { abs(stream.times[$0] - time) <= tolerance ? $0 : nil }
  }
  for i in sets.indices {
    let entry = sets[i].entries[camera]
    // The colour image that a depth image belongs to was taken when the delay says.
    let time = sets[i].time + entry.error - (entry.depth == nil ? 0 : depthDelay)
    if let near = position(color, time) {
      sets[i].entries[camera].color = color.indices[near]
      sets[i].entries[camera].colorError = color.times[near] - sets[i].time
    }
    sets[i].entries[camera].mask = position(mask, time).map { mask.indices[$0] }
  }
}
