internal import CaptureCore

extension SyncReport {
  /// Counts what the sets and the streams show.
  init(
    _ sets: [FrameSet], _ cameras: [CameraTimes], period: Double, tolerance: Double,
    framesPerSecond: Double, configuration: FrameSyncConfiguration
  ) {
    self.sets = sets.count
    (start, end) = (sets.first?.time ?? 0, sets.last?.time ?? 0)
    (self.period, self.tolerance) = (period, tolerance)
    self.cameras = cameras.enumerated().map { index, camera in
      Camera(
        camera, entries: sets.map { $0.entries[index] }, period: period,
        suspicious: configuration.suspiciousDeviation)
    }
    warnings = []
    warnings += clockWarnings(cameras)
    warnings += rateWarnings(framesPerSecond)
    warnings += cameraWarnings(sets, suspicious: configuration.suspiciousDeviation)
  }

  private func clockWarnings(_ cameras: [CameraTimes]) -> [String] {
    let own = cameras.filter { $0.sync.mode == .standalone }.map(\.id)
    guard cameras.count > 1, !own.isEmpty else { return [] }
    return [
      "Clocks are unrelated: \(own.joined(separator: ", ")) standalone. Times are compared as they stand, so images may be paired wrongly."
    ]
  }

  private func rateWarnings(_ nominal: Double) -> [String] {
    guard abs(period * nominal - 1) > 0.1 else { return [] }
    return [
      "The depth streams run at \(rounded(1 / period)) Hz, but the take says \(rounded(nominal)) Hz; the streams count."
    ]
  }

  private func cameraWarnings(_ sets: [FrameSet], suspicious: Double) -> [String] {
    guard !sets.isEmpty else {
      return ["No camera has a depth image, so there are no frame sets."]
    }
    return cameras.enumerated().flatMap { index, camera -> [String] in
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
      }
      return found
    }
  }
}

extension SyncReport.Camera {
  fileprivate init(
    _ camera: CameraTimes, entries: [FrameSet.Entry], period: Double, suspicious: Double
  ) {
    let (depth, color) = (camera.stream(.depth), camera.stream(.color))
    let errors = entries.filter { $0.depth != nil }.map { abs($0.error) }
    id = camera.id
    (depthFrames, colorFrames) = (depth.times.count, color.times.count)
    maskFrames = camera.times[.mask]?.count ?? 0
    depthDrops = depth.drops(period: period)
    // Colour may run at a rate of its own.
    colorDrops = color.drops(period: color.medianInterval ?? period)
    missingSets = entries.count - errors.count
    unusedDepth = depth.times.count - errors.count
    setsWithoutColor = entries.count { $0.depth != nil && $0.color == nil }
    longestGap = depth.intervals.max() ?? 0
    meanError = errors.isEmpty ? 0 : errors.reduce(0, +) / Double(errors.count)
    maxError = errors.max() ?? 0
    suspiciousSets = camera.sync.mode == .standalone ? 0 : errors.count { $0 > suspicious }
  }
}

/// Three decimals at most, as text.
private func rounded(_ value: Double) -> String {
  let text = "\((value * 1000).rounded() / 1000)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
