internal import CaptureCore
internal import Foundation

/// The steps of one estimation: reads images, places clock after clock, refines them together.
struct ClockSearch {
  /// How far the search may be off, seconds: a subject moves its own limbs' width in this time.
  private static let searchError = 0.045
  /// Standard deviation of the search's offsets, seconds, and at least half of a period.
  private static let searchDeviation = 0.03
  /// How well a clock must be known that the search does not vouch for, and how closely it must come
  /// out from several starts, seconds.
  private static let confirmed = (deviation: 0.003, spread: 0.002)
  /// How many times a good calibration's errors make a bad one: half a degree, or a centimetre.
  private static let badCalibration = 2.0

  let cameras: [ClockCamera]
  let lenses: [ThumbnailLens?]
  let clockOf: [Int]
  let clocks: Int
  let configuration: ClockConfiguration
  let threads: Int?
  let load: @Sendable (Int, Int) -> DepthImage?

  /// By clock; names of cameras are left empty.
  private(set) var estimates: [ClockEstimate] = []
  private var placement: ClockPlacement
  private var streams: [ThumbnailStream] = []
  private var views: [ThumbnailView?] = []

  init(
    cameras: [ClockCamera], lenses: [ThumbnailLens?], clockOf: [Int], clocks: Int,
    configuration: ClockConfiguration, threads: Int?,
    load: @escaping @Sendable (Int, Int) -> DepthImage?
  ) {
    (self.cameras, self.lenses, self.clockOf, self.clocks) = (cameras, lenses, clockOf, clocks)
    (self.configuration, self.threads, self.load) = (configuration, threads, load)
    placement = ClockPlacement(clockOf: clockOf, clocks: clocks, threads: threads)
  }

  mutating func run(_ monitor: StageMonitor) throws(CaptureError) {
    begin()
    guard let lead = spans[0] else { return conclude(nil, [:]) }
    // The middle of the recording, as much of it as half of the images show.
    let length = Double(configuration.images) / 2 * period
    let middle = (lead.lowerBound + lead.upperBound) / 2
    let section =
      max(lead.lowerBound, middle - length / 2)...min(lead.upperBound, middle + length / 2)
    let candidates = (0..<clocks).map { offsets(of: $0) }
    try loadForSearch(section, candidates, monitor)
    let activity = activityOffsets(candidates)
    let first = timedViews()
    placement.place(candidates, first, period: period)
    placement.reconsider(candidates, first, period: period)
    guard placement.isPlaced.count(where: { $0 }) > 1 else { return conclude(nil, activity) }
    try loadSection(section, monitor)
    let views = timedViews()
    placement.settle(views, period: period)
    for clock in placement.tentative {
      try monitor.checkCancelled()
      let offset = placement.found[clock]
      if !isConfirmed(clock, at: offset, from: placement.fits, views) { placement.withdraw(clock) }
    }
    let placed = placement.isPlaced
    var result = refine(placement.fits, views)
    for clock in 1..<clocks where placement.isPlaced[clock] {
      // Far from where the search saw it: that was wrong, or the fine step ran away.
      let offset = result.fits[clock].offset
      guard abs(offset - placement.found[clock]) > Self.searchError else { continue }
      if isConfirmed(clock, at: offset, from: result.fits, views) {
        placement.move(clock, to: offset)
      } else {
        placement.withdraw(clock)
      }
    }
    if placement.isPlaced != placed { result = refine(placement.fits, views) }
    let likely = placement.isPlaced
    verify(result, candidates, views)
    if placement.isPlaced != likely { result = refine(placement.fits, views) }
    var latest = alignment(views)
    for window in windows(around: section, in: lead) {
      placement.fits = result.fits
      for part in window { try loadSection(part, monitor) }
      latest = alignment(timedViews())
      result = latest.refined(placement.fits, isPlaced: placement.isPlaced)
    }
    try monitor.checkCancelled()
    let discord = latest.discord(result)
    for clock in 1..<clocks {
      result.offsetDeviations[clock] = result.offsetDeviations[clock].map {
        ($0 * $0 + discord[clock]).squareRoot()
      }
    }
    conclude(result, activity)
  }

  // MARK: Times

  /// First and last device time of each clock.
  private var spans: [ClosedRange<Double>?] {
    (0..<clocks).map { clock in
      let times = cameras.indices.filter { clockOf[$0] == clock }.map { cameras[$0].depthTimes }
      guard let first = times.compactMap(\.first).min(), let last = times.compactMap(\.last).max()
      else { return nil }
      return first...last
    }
  }

  /// The usual time between two images, seconds; those of a burst, of which a recorder may write many
  /// at nearly one time, do not count.
  private var period: Double {
    let intervals = cameras.flatMap { camera in
      zip(camera.depthTimes.dropFirst(), camera.depthTimes).lazy.map { $0 - $1 }
        .filter { $0 >= TakeDescription.shortestGap }
    }.sorted()
    return intervals.isEmpty ? 1.0 / 30 : intervals[intervals.count / 2]
  }

  private mutating func begin() {
    placement.fits = spans.map { span in
      ClockFit(reference: span.map { ($0.lowerBound + $0.upperBound) / 2 } ?? 0)
    }
    placement.fits[0] = .rig
    streams = cameras.map { _ in ThumbnailStream() }
    views = zip(cameras, lenses).map { camera, lens in
      guard let lens, let place = camera.worldFromDepth else { return nil }
      return ThumbnailView(lens, worldFromDepth: place)
    }
  }

  /// Offsets to try: around none, as far as the recordings then overlap, and around that at which
  /// they start together.
  private func offsets(of clock: Int) -> [Double] {
    guard clock > 0, let lead = spans[0], let own = spans[clock] else { return [] }
    let (step, reach) = (period / 2, configuration.search)
    var result: Set<Int> = []
    for center in [0, own.lowerBound - lead.lowerBound] {
      let shifted = (own.lowerBound - center)...(own.upperBound - center)
      guard shifted.overlaps(lead), abs(center) < 1e9 else { continue }
      let (first, last) = ((center - reach) / step, (center + reach) / step)
      for k in Int(first.rounded(.up))...Int(last.rounded(.down)) { result.insert(k) }
    }
    return result.sorted().map { Double($0) * step }
  }

  /// Pairs of ever later and earlier parts of the recording, for the rates of clocks.
  private func windows(
    around section: ClosedRange<Double>, in all: ClosedRange<Double>
  ) -> [[ClosedRange<Double>]] {
    let images = 14
    let length = Double(images) * period
    let left = section.lowerBound - all.lowerBound, right = all.upperBound - section.upperBound
    guard max(left, right) > 2 * length else { return [] }
    let count = max(1, configuration.images / 2 / images / 2)
    return (1...count).map { n in
      let share = Double(n) / Double(count)
      var parts: [ClosedRange<Double>] = []
      if left > 2 * length {
        let start = section.lowerBound - share * left
        parts.append(start...start + length)
      }
      if right > 2 * length {
        let end = section.upperBound + share * right
        parts.append(end - length...end)
      }
      return parts
    }
  }

  // MARK: Images

  private mutating func loadForSearch(
    _ section: ClosedRange<Double>, _ candidates: [[Double]], _ monitor: StageMonitor
  ) throws(CaptureError) {
    for camera in cameras.indices {
      var wanted = [section]
      let offsets = candidates[clockOf[camera]]
      if let least = offsets.first, let most = offsets.last {
        // Two separate bands of offsets show two separate parts.
        let gap = zip(offsets, offsets.dropFirst()).max { $0.1 - $0.0 < $1.1 - $1.0 } ?? (0, 0)
        let parts =
          gap.1 - gap.0 > 2 * period ? [least...gap.0, gap.1...most] : [least...most]
        wanted = parts.map {
          section.lowerBound + $0.lowerBound...section.upperBound + $0.upperBound
        }
      }
      try read(camera, wanted, limit: configuration.images / 2, monitor)
    }
  }

  private mutating func loadSection(
    _ section: ClosedRange<Double>, _ monitor: StageMonitor
  ) throws(CaptureError) {
    for camera in cameras.indices where placement.isPlaced[clockOf[camera]] {
      let fit = placement.fits[clockOf[camera]]
      // Two images before and after, for speeds.
      let first = fit.deviceTime(section.lowerBound) - 2.5 * period
      let last = fit.deviceTime(section.upperBound) + 2.5 * period
      try read(camera, [first...last], limit: configuration.images, monitor)
    }
  }

  private mutating func read(
    _ camera: Int, _ parts: [ClosedRange<Double>], limit: Int, _ monitor: StageMonitor
  ) throws(CaptureError) {
    try monitor.checkCancelled()
    guard let lens = lenses[camera] else { return }
    let times = cameras[camera].depthTimes
    let wanted = times.indices.filter { i in parts.contains { $0.contains(times[i]) } }
    let chosen = wanted.evenlySpread(limit).filter { !streams[camera].indices.contains($0) }
    let load = load
    let images = concurrentValues(chosen.count, threads: threads) { i -> Thumbnail? in
      monitor.isCancelled() ? nil : load(camera, chosen[i]).flatMap { lens.reduce($0) }
    }
    try monitor.checkCancelled()
    for (index, image) in zip(chosen, images) {
      if let image { streams[camera].insert(image, at: times[index], index: index) }
    }
  }

  // MARK: Estimates

  private func timedViews() -> [ClockPlacement.View] {
    cameras.indices.compactMap { camera in
      guard let view = views[camera], streams[camera].times.count >= 4 else { return nil }
      let moving = MovingSurface(streams[camera].images, pixels: view.width * view.height)
      return .init(
        camera: camera, view: TimedView(stream: streams[camera], moving: moving, view: view))
    }
  }

  /// Takes back clocks, where the calibration turns out to be a bad one, that do not fit well once it
  /// is put right: surfaces that lie apart by themselves fit as well, or as badly, a stride away. Of
  /// one that does not, those that hardly fit at all.
  private mutating func verify(
    _ result: MotionAlignment.Result, _ candidates: [[Double]], _ views: [ClockPlacement.View]
  ) {
    let isBad = result.looseness > Self.badCalibration
    let placed = (1..<clocks).filter { placement.isPlaced[$0] }
    let corrected = zip(views, result.poses).map { view, pose -> ClockPlacement.View in
      guard let lens = lenses[view.camera], let place = cameras[view.camera].worldFromDepth else {
        return view
      }
      return .init(
        camera: view.camera,
        view: TimedView(
          stream: view.view.stream, moving: view.view.moving,
          view: ThumbnailView(lens, worldFromDepth: pose.corrected(place))))
    }
    var trial = placement
    trial.fits = result.fits
    let fitting = trial.fitting(
      placed, candidates, corrected, period: period, isStrict: isBad)
    for clock in placed where !fitting.contains(clock) {
      placement.withdraw(
        clock,
        because:
          "The cameras stand too far from their calibration to tell: place them, as with 'fieldmesh align', then ask again."
      )
    }
  }

  private func refine(
    _ fits: [ClockFit], _ views: [ClockPlacement.View]
  ) -> MotionAlignment.Result {
    alignment(views).refined(fits, isPlaced: placement.isPlaced)
  }

  private func alignment(_ views: [ClockPlacement.View]) -> MotionAlignment {
    MotionAlignment(
      views: views.map(\.view), clockOfView: views.map { clockOf[$0.camera] },
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Whether a clock that the search alone does not vouch for comes out near an offset, and well
  /// known, wherever the fine step starts.
  private func isConfirmed(
    _ clock: Int, at offset: Double, from fits: [ClockFit], _ views: [ClockPlacement.View]
  ) -> Bool {
    var offsets: [Double] = []
    for step in [-0.6, 0, 0.6] {
      var start = fits
      start[clock].offset += step * period
      let result = refine(start, views)
      guard let deviation = result.offsetDeviations[clock], deviation < Self.confirmed.deviation,
        abs(result.fits[clock].offset - offset) < Self.searchError
      else { return false }
      offsets.append(result.fits[clock].offset)
    }
    return (offsets.max() ?? 0) - (offsets.min() ?? 0) < Self.confirmed.spread
  }

  /// Offsets by the amount of motion, against the rig's clock, where one camera of each can be
  /// compared.
  private func activityOffsets(
    _ candidates: [[Double]]
  ) -> [Int: (offset: Double, deviation: Double)] {
    var result: [Int: (offset: Double, deviation: Double)] = [:]
    let spacing = period
    func activity(_ clock: Int) -> MotionActivity? {
      cameras.indices.first { clockOf[$0] == clock && streams[$0].times.count >= 20 }
        .map { MotionActivity(streams[$0], spacing: spacing) }
    }
    guard let lead = activity(0) else { return [:] }
    for clock in 1..<clocks {
      guard let own = activity(clock) else { continue }
      result[clock] = lead.offset(of: own, among: candidates[clock], spacing: spacing)
    }
    return result
  }

  private mutating func conclude(
    _ result: MotionAlignment.Result?, _ activity: [Int: (offset: Double, deviation: Double)]
  ) {
    estimates = (0..<clocks).map { clock in
      guard clock > 0 else { return ClockEstimate(id: "", source: .shared) }
      if placement.isPlaced[clock] { return placedEstimate(clock, result) }
      return guess(clock, activity[clock])
    }
  }

  /// The refined fit; where too little can be compared to refine it, the search's.
  private func placedEstimate(
    _ clock: Int, _ result: MotionAlignment.Result?
  ) -> ClockEstimate {
    let coarse = max(period / 2, Self.searchDeviation)
    if let result, let deviation = result.offsetDeviations[clock], deviation < coarse,
      abs(result.fits[clock].offset - placement.found[clock]) < Self.searchError
    {
      return ClockEstimate(
        id: "", source: .shape, fit: result.fits[clock], offsetDeviation: deviation,
        rateDeviation: result.rateDeviations[clock],
        note: deviation > configuration.largestDeviation
          ? "Cameras that see more of the same side would tell more." : "")
    }
    return ClockEstimate(
      id: "", source: .shape,
      fit: ClockFit(
        offset: placement.found[clock], reference: placement.fits[clock].reference),
      offsetDeviation: coarse,
      note: "Cameras see too little of the same surface to know more.")
  }

  private func guess(
    _ clock: Int, _ activity: (offset: Double, deviation: Double)?
  ) -> ClockEstimate {
    let (reference, note) = (placement.fits[clock].reference, placement.notes[clock])
    if let activity {
      return ClockEstimate(
        id: "", source: .activity, fit: ClockFit(offset: activity.offset, reference: reference),
        offsetDeviation: activity.deviation,
        note: note.isEmpty ? "Only the amount of motion was compared." : note)
    }
    let isCalibrated = cameras.indices.contains { clockOf[$0] == clock && views[$0] != nil }
    let because =
      !note.isEmpty
      ? note
      : isCalibrated
        ? "Nothing that two cameras see moves enough."
        : "Without a calibration only the amount of motion can be compared, and that tells nothing."
    guard let lead = spans[0], let own = spans[clock], !lead.overlaps(own) else {
      return ClockEstimate(id: "", source: .recorded, note: because)
    }
    return ClockEstimate(
      id: "", source: .starts,
      fit: ClockFit(offset: own.lowerBound - lead.lowerBound, reference: reference), note: because)
  }
}
