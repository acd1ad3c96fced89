internal import CaptureCore

extension SyncReport {
  /// Counts what the sets and the streams show.
  init(
    _ sets: [FrameSet], _ cameras: [CameraTimes], lead: Int?, period: Double, tolerance: Double,
    framesPerSecond: Double, configuration: FrameSyncConfiguration
  ) {
    self.sets = sets.count
    (start, end) = (sets.first?.time ?? 0, sets.last?.time ?? 0)
    setBeforeLongestGap = sets.indices.dropLast().max {
      sets[$0 + 1].time - sets[$0].time < sets[$1 + 1].time - sets[$1].time
    }
    (self.period, self.tolerance) = (period, tolerance)
    let leadDelay = lead.map { cameras[$0].sync.depthDelay } ?? 0
    self.cameras = cameras.enumerated().map { index, camera in
      Camera(
        camera, entries: sets.map { $0.entries[index] }, period: period,
        expected: camera.sync.depthDelay - leadDelay,
        suspicious: configuration.suspiciousDeviation)
    }
    warnings = []
    for index in cameras.indices {
      let clock = cameras.count > 1 ? cameras[index].clock.flatMap(clockWarning) : nil
      self.cameras[index].warnings =
        (clock.map { [$0] } ?? []) + cameraWarnings(index, sets, configuration)
    }
    warnings += clockWarnings(cameras)
    warnings += rateWarnings(framesPerSecond)
    if sets.isEmpty { warnings.append("No camera has a depth image, so there are no frame sets.") }
    warnings += self.cameras.flatMap { $0.warnings ?? [] }
  }

  private func clockWarnings(_ cameras: [CameraTimes]) -> [String] {
    guard cameras.count > 1 else { return [] }
    let own = cameras.filter { $0.sync.mode == .standalone && $0.clock == nil }.map(\.id)
    return own.isEmpty
      ? []
      : [
        "Clocks are unrelated: \(own.joined(separator: ", ")) standalone. Times are compared as they stand, so images may be paired wrongly."
      ]
  }

  private func clockWarning(_ clock: ClockEstimate) -> String? {
    let remedy =
      "Images may be paired wrongly: record a clap, or walk through the view of all cameras."
    switch clock.source {
    case .shared: return nil
    case .shape where clock.note.isEmpty: return nil
    case .shape, .activity:
      return
        "The clock of camera \(clock.id) is known to \(rounded((clock.offsetDeviation ?? 0) * 1000)) ms only. \(clock.note)"
    case .recorded:
      return
        "The clock of camera \(clock.id) cannot be told from the images; its times stand as recorded. \(clock.note) \(remedy)"
    case .starts:
      return
        "The clock of camera \(clock.id) cannot be told from the images; it is taken to have started with the others. \(clock.note) \(remedy)"
    }
  }

  private func rateWarnings(_ nominal: Double) -> [String] {
    guard abs(period * nominal - 1) > 0.1 else { return [] }
    return [
      "The depth streams run at \(rounded(1 / period)) Hz, but the take says \(rounded(nominal)) Hz; the streams count."
    ]
  }

  private func cameraWarnings(
    _ index: Int, _ sets: [FrameSet], _ configuration: FrameSyncConfiguration
  ) -> [String] {
    guard !sets.isEmpty else { return [] }
    let (camera, suspicious) = (cameras[index], configuration.suspiciousDeviation)
    guard camera.depthFrames > 0 else { return ["Camera \(camera.id) has no depth image."] }
    var found: [String] = []
    let shares = sets.contains { set in
      set.entries[index].depth != nil && set.entries.count { $0.depth != nil } > 1
    }
    if !shares, cameras.count(where: { $0.depthFrames > 0 }) > 1 {
      found.append(
        "Camera \(camera.id) shares no frame set with another camera: its times do not fit the others'."
      )
    }
    if camera.suspiciousSets > 0 {
      found.append(
        "Camera \(camera.id) is more than \(rounded(suspicious * 1000)) ms off in \(camera.suspiciousSets) of \(sets.count) frame sets; a wired rig does not do that. Check its delay and its cable."
      )
    } else if camera.isWired, abs(camera.medianError) > configuration.wiredTolerance {
      found.append(
        "Camera \(camera.id) is \(rounded(camera.medianError * 1000)) ms off throughout: old firmware of Azure Kinects adds about 0.1 ms. It is tolerated; newer firmware does not."
      )
    }
    return found
  }
}

extension SyncReport.Camera {
  fileprivate init(
    _ camera: CameraTimes, entries: [FrameSet.Entry], period: Double, expected: Double,
    suspicious: Double
  ) {
    let (depth, color) = (camera.stream(.depth), camera.stream(.color))
    // What the device was told to wait with its depth is no error of a wired camera.
    let wanted = camera.sync.mode == .standalone ? 0 : expected
    let signed = entries.filter { $0.depth != nil }.map { $0.error - wanted }
    let errors = signed.map { abs($0) }
    id = camera.id
    (depthFrames, colorFrames) = (depth.times.count, color.times.count)
    maskFrames = camera.times[.mask]?.count ?? 0
    isWired = camera.sync.mode != .standalone
    clock = camera.clock
    repeatedTimes = [depth, color].reduce(0) { $0 + $1.intervals.count { $0 == 0 } }
    (first, last) = (depth.times.first ?? 0, depth.times.last ?? 0)
    depthDrops = depth.drops(period: period)
    // Colour may run at a rate of its own.
    colorDrops = color.drops(period: color.medianInterval ?? period)
    depthDropShare = share(depthDrops, of: depthFrames)
    colorDropShare = share(colorDrops, of: colorFrames)
    firstSet = entries.firstIndex { $0.depth != nil }
    lastSet = entries.lastIndex { $0.depth != nil }
    missingSets = entries.count - errors.count
    unusedDepth = depth.times.count - errors.count
    setsWithoutColor = entries.count { $0.depth != nil && $0.color == nil }
    (longestGap, longestColorGap) = (depth.intervals.max() ?? 0, color.intervals.max() ?? 0)
    meanError = errors.isEmpty ? 0 : errors.reduce(0, +) / Double(errors.count)
    maxError = errors.max() ?? 0
    medianError = median(signed) ?? 0
    colorAfterDepth = median(
      entries.filter { $0.depth != nil && $0.color != nil }.map { $0.colorError - $0.error })
    suspiciousSets = camera.sync.mode == .standalone ? 0 : errors.count { $0 > suspicious }
  }
}

/// Missing images as a share of those there should be.
private func share(_ missing: Int, of present: Int) -> Double {
  missing == 0 ? 0 : Double(missing) / Double(missing + present)
}

/// Three decimals at most, as text.
private func rounded(_ value: Double) -> String {
  let text = "\((value * 1000).rounded() / 1000)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
