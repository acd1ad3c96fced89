import CaptureCore
import CaptureTestSupport
import FrameSync
import Testing

@Suite struct FrameSetsTests {
  private let period = 1.0 / 30

  private func camera(
    _ id: String, _ mode: SyncRole.Mode = .subordinate, delay: Double = 0, depth: [Double],
    color: [Double]? = nil, mask: [Double] = []
  ) -> CameraTimes {
    CameraTimes(
      id: id, sync: SyncRole(mode: mode, delay: delay),
      times: [.depth: depth, .color: color ?? depth, .mask: mask])
  }

  private func sets(_ cameras: CameraTimes...) -> (sets: [FrameSet], report: SyncReport) {
    frameSets(of: cameras, framesPerSecond: 30)
  }

  @Test func delaysAreTakenAwayBeforeTimesAreCompared() {
    let times = (0..<10).map { 1 + Double($0) * period }
    let (sets, report) = sets(
      camera("a", .master, depth: times),
      camera("b", delay: 0.02, depth: times.map { $0 + 0.02 }))
    #expect(sets.count == 10)
    #expect(sets.allSatisfy { set in set.entries.allSatisfy { $0.depth == set.index } })
    #expect(report.cameras[1].maxError < 1e-12)
    #expect(report.warnings.isEmpty)
    #expect(abs(report.period - period) < 1e-12 && abs(report.tolerance - period / 2) < 1e-12)
  }

  @Test func imagesArePairedByTimeWhenOneWasDropped() {
    let times = (0..<6).map { Double($0) * period }
    let dropped = times.enumerated().filter { $0.offset != 2 }.map(\.element)
    let (sets, report) = sets(
      camera("a", .master, depth: times), camera("b", depth: dropped, color: times))
    #expect(sets.map { $0.entries[1].depth } == [0, 1, nil, 2, 3, 4])
    // The colour image is there, so the set keeps it although the depth is missing.
    #expect(sets.map { $0.entries[1].color } == [0, 1, 2, 3, 4, 5])
    #expect(report.cameras[1].depthDrops == 1 && report.cameras[1].missingSets == 1)
    #expect(abs(report.cameras[1].longestGap - 2 * period) < 1e-12)
    #expect(report.cameras[0].depthDrops == 0 && report.cameras[0].missingSets == 0)
  }

  @Test func setsExistWhereOnlyASubordinateHasDepth() {
    let times = (0..<6).map { Double($0) * period }
    let (sets, _) = sets(
      camera("a", .master, depth: [times[2], times[3]]), camera("b", depth: times))
    #expect(sets.map { $0.entries[0].depth } == [nil, nil, 0, 1, nil, nil])
    #expect(sets.map { $0.entries[1].depth } == [0, 1, 2, 3, 4, 5])
    #expect(sets.map(\.index) == [0, 1, 2, 3, 4, 5])
  }

  @Test func repeatedTimesAreUsedOnce() {
    let (sets, report) = sets(
      camera("a", .master, depth: [0, period, period, 2 * period]),
      camera("b", depth: [0, 0.1 * period, period, 2 * period]))
    #expect(sets.map { $0.entries[0].depth } == [0, 1, 3])
    #expect(sets.map { $0.entries[1].depth } == [0, 2, 3])
    #expect(report.cameras.map(\.unusedDepth) == [1, 1])
  }

  @Test func wiredCamerasThatDeviateAreSuspicious() {
    let times = (0..<10).map { Double($0) * period }
    let late = times.enumerated().map { $0.offset < 3 ? $0.element + 0.004 : $0.element }
    let (_, report) = sets(camera("a", .master, depth: times), camera("b", depth: late))
    #expect(report.cameras.map(\.suspiciousSets) == [0, 3])
    #expect(
      report.warnings == [
        "Camera b is more than 0.25 ms off in 3 of 10 frame sets; a wired rig does not do that. Check its delay and its cable."
      ])
  }

  @Test func firmwareThatIsATenthOfAMillisecondOffIsToleratedAndNamed() {
    let times = (0..<10).map { Double($0) * period }
    let (sets, report) = sets(
      camera("a", .master, depth: times), camera("b", depth: times.map { $0 + 0.00011 }))
    #expect(sets.count == 10 && report.cameras[1].suspiciousSets == 0)
    #expect(abs(report.cameras[1].medianError - 0.00011) < 1e-9)
    #expect(
      report.warnings == [
        "Camera b is 0.11 ms off throughout: old firmware of Azure Kinects adds about 0.1 ms. It is tolerated; newer firmware does not."
      ])
    // The documented tolerance of wired cameras is no finding.
    #expect(
      self.sets(
        camera("a", .master, depth: times), camera("b", depth: times.map { $0 + 0.00009 })
      ).report.warnings.isEmpty)
  }

  @Test func depthDelaysAreNoDeviationAndColourIsFoundAcrossThem() {
    let times = (0..<10).map { 1 + Double($0) * period }
    // More than half a period: the nearest colour image is not the one that belongs to it.
    let delay = 0.6 * period
    var late = camera("b", depth: times.map { $0 + delay }, color: times)
    late.sync.depthDelay = delay
    let (sets, report) = sets(camera("a", .master, depth: times), late)
    #expect(sets.flatMap(\.entries).allSatisfy { $0.depth == nil || $0.color == $0.depth })
    #expect(abs((report.cameras[1].colorAfterDepth ?? 0) + delay) < 1e-9)
    var close = camera("b", depth: times.map { $0 + 0.002 }, color: times)
    close.sync.depthDelay = 0.002
    let (pairs, plain) = self.sets(camera("a", .master, depth: times), close)
    #expect(plain.cameras[1].maxError < 1e-9 && plain.warnings.isEmpty)
    #expect(pairs.allSatisfy { abs($0.entries[1].error - 0.002) < 1e-9 })
    #expect(pairs.allSatisfy { abs($0.entries[1].colorError) < 1e-9 })
  }

  @Test func clocksThatAreKnownAreCorrected() {
    let times = (0..<30).map { Double($0) * period }
    let fit = ClockFit(offset: 100, rate: 0.0004, reference: 100.5)
    var other = camera("b", .standalone, depth: times.map { fit.deviceTime($0) })
    #expect(other.rigTimes(.depth) == other.times[.depth])
    other.clock = ClockEstimate(id: "b", source: .shape, fit: fit, offsetDeviation: 0.001)
    let (sets, report) = sets(camera("a", .master, depth: times), other)
    #expect(sets.count == 30 && report.cameras[1].maxError < 1e-9 && report.warnings.isEmpty)
    #expect(report.cameras[1].clock?.fit == fit)
    #expect(zip(other.rigTimes(.depth), times).allSatisfy { abs($0 - $1) < 1e-9 })
    for (source, words) in [
      (ClockEstimate.Source.recorded, "its times stand as recorded. Too dark."),
      (.starts, "it is taken to have started with the others. Too dark."),
      (.activity, "The clock of camera b is known to 1 ms only. Too dark."),
    ] {
      other.clock?.source = source
      other.clock?.note = "Too dark."
      let warnings = self.sets(camera("a", .master, depth: times), other).report.warnings
      #expect(warnings.count == 1 && warnings[0].contains(words), "\(warnings)")
    }
  }

  @Test func strictGroupingTakesOnlyWhatLiesWithinTheWindow() {
    let times = (0..<10).map { Double($0) * period }
    let late = times.enumerated().map { $0.element + ($0.offset == 4 ? 0.008 : 0.001) }
    var configuration = FrameSyncConfiguration()
    (configuration.grouping, configuration.window) = (.strict, 0.002)
    let (sets, _) = frameSets(
      of: [camera("a", .master, depth: times), camera("b", depth: late)], framesPerSecond: 30,
      configuration: configuration)
    // The late image makes a set of its own.
    #expect(sets.count == 11)
    #expect(sets.count { $0.entries.allSatisfy { $0.depth != nil } } == 9)
  }

  @Test func anchoredSetsStandEveryPeriodFromTheBestAlignedImages() {
    // Camera b runs a third of a period late, but for one image; camera c drops a stretch.
    let times = (0..<40).map { 5 + Double($0) * period }
    let other = times.enumerated().map { $0.element + ($0.offset == 20 ? 0.001 : 0.3 * period) }
    let gappy = times.enumerated().filter { !(10..<16).contains($0.offset) }.map(\.element)
    var configuration = FrameSyncConfiguration()
    configuration.grouping = .anchored
    let cameras = [
      camera("a", .standalone, depth: times), camera("b", .standalone, depth: other),
      camera("c", .standalone, depth: gappy),
    ]
    let (sets, report) = frameSets(
      of: cameras, framesPerSecond: 30, configuration: configuration)
    #expect(sets.count == 40 && abs(sets[20].time - times[20] - 0.0005) < 1e-9)
    #expect(sets.map { $0.entries[1].depth } == Array(0..<40).map { Optional($0) })
    #expect(sets.map { $0.entries[0].depth } == Array(0..<40).map { Optional($0) })
    #expect(report.cameras[2].missingSets == 6 && report.cameras[2].depthDrops == 6)
    #expect(abs(report.cameras[2].depthDropShare - 6.0 / 40) < 1e-12)
    // Between the anchor and the ends the sets' times move to the middle of what there is.
    #expect(abs(sets[0].time - times[0]) < 0.3 * period)
    // A pause of any length costs nothing and loses nothing.
    let paused = times + times.map { $0 + 5000 }
    let (two, _) = frameSets(
      of: [camera("a", .standalone, depth: paused)], framesPerSecond: 30,
      configuration: configuration)
    #expect(two.count == 80 && two.allSatisfy { $0.entries[0].depth != nil })
    let (odd, _) = frameSets(
      of: [camera("a", .standalone, depth: [-1e10, 0, 1e-9, 1e10])], framesPerSecond: 30,
      configuration: configuration)
    #expect(!odd.isEmpty)
  }

  @Test func standaloneClocksAreComparedAsTheyStandAndWarnedOf() {
    let times = (0..<10).map { Double($0) * period }
    let (sets, report) = sets(
      camera("a", .standalone, depth: times),
      camera("b", .standalone, depth: times.map { $0 + 0.01 }))
    #expect(sets.count == 10 && abs(sets[4].entries[1].error - 0.01) < 1e-12)
    #expect(report.cameras.map(\.suspiciousSets) == [0, 0])
    #expect(
      report.warnings == [
        "Clocks are unrelated: a, b standalone. Times are compared as they stand, so images may be paired wrongly."
      ])
  }

  @Test func whatDoesNotFitIsWarnedOf() {
    let times = (0..<10).map { Double($0) * 2 * period }
    let (_, report) = sets(
      camera("a", .master, depth: times), camera("b", depth: times.map { $0 + 100 }),
      camera("c", depth: [], color: times))
    #expect(
      report.warnings == [
        "The depth streams run at 15 Hz, but the take says 30 Hz; the streams count.",
        "Camera a shares no frame set with another camera: its times do not fit the others'.",
        "Camera b shares no frame set with another camera: its times do not fit the others'.",
        "Camera c has no depth image.",
      ])
  }

  @Test func aTakeWithoutDepthHasNoSets() {
    let (sets, report) = sets(camera("a", depth: [], color: [0, 1]))
    #expect(sets.isEmpty)
    #expect(report.warnings == ["No camera has a depth image, so there are no frame sets."])
    #expect(frameSets(of: [], framesPerSecond: 30).sets.isEmpty)
  }

  @Test func oneImageEachMakesOneSet() {
    let (sets, report) = sets(
      camera("a", .master, depth: [5]), camera("b", depth: [5.0001], color: [5.002], mask: [4.999]))
    #expect(sets.count == 1 && sets[0].time == 5)
    #expect(sets[0].entries[1].color == 0 && sets[0].entries[1].mask == 0)
    #expect(report.period == period)
  }

  @Test func colourOfAnotherRateIsNoDrop() {
    let times = (0..<10).map { Double($0) * period }
    let (_, report) = sets(
      camera("a", .master, depth: times, color: stride(from: 0, to: 10, by: 2).map { times[$0] }))
    #expect(report.cameras[0].colorDrops == 0)
    #expect(report.cameras[0].setsWithoutColor <= 5)
  }

  @Test func timesBeyondAllRangeDoNotTrap() {
    let (sets, _) = sets(
      camera("a", .master, depth: [-1e10, 0, 1e-9, 1e10]), camera("b", depth: [0, 0, 0]))
    #expect(sets.count <= 4)
  }

  @Test func unorderedTimesGiveTheSameSetsAsOrderedOnes() {
    let times = (0..<8).map { Double($0) * period }
    let (sets, _) = sets(
      camera("a", .master, depth: times), camera("b", depth: times.reversed()))
    #expect(sets.map { $0.entries[1].depth } == [7, 6, 5, 4, 3, 2, 1, 0])
  }

  @Test func configurationsOutOfRangeAreNamed() throws {
    var configuration = FrameSyncConfiguration()
    try configuration.validate()
    configuration.tolerance = 0
    var error = #expect(throws: CaptureError.self) { try configuration.validate() }
    #expect(
      error?.description
        == "tolerance: 0.0 is out of range. Choose a value from 0.001 to 1.0.")
    configuration = FrameSyncConfiguration()
    configuration.suspiciousDeviation = .nan
    error = #expect(throws: CaptureError.self) { try configuration.validate() }
    #expect(
      error?.description
        == "suspiciousDeviation: nan is out of range. Choose a value from 0.0 to 10.0.")
  }
}

/// Streams with generated jitter, drops, delays, starts and repeated times.
@Suite struct FrameSetsPropertyTests {
  private struct Rig {
    var cameras: [CameraTimes] = []
    /// By camera: the instant that each depth image shows.
    var instants: [[Int]] = []
  }

  private func rig(_ seed: UInt64, jitter: Double, repeats: Bool) -> Rig {
    var random = SeededGenerator(seed: seed)
    var rig = Rig()
    for index in 0..<Int.random(in: 1...5, using: &random) {
      let delay = Double.random(in: -0.002...0.002, using: &random)
      let start = Int.random(in: 0...20, using: &random)
      let drops = Double.random(in: 0...0.4, using: &random)
      var (times, instants): ([Double], [Int]) = ([], [])
      for instant in start..<start + 60 where Double.random(in: 0..<1, using: &random) >= drops {
        for _ in 0..<(repeats && Int.random(in: 0..<10, using: &random) == 0 ? 2 : 1) {
          let noise = Double.random(in: -jitter...jitter, using: &random)
          times.append(100 + Double(instant) / 30 + (repeats ? 0 : noise) + delay)
          instants.append(instant)
        }
      }
      rig.cameras.append(
        CameraTimes(
          id: "cam\(index)",
          sync: SyncRole(mode: index == 0 ? .master : .subordinate, delay: delay),
          times: [.depth: times, .color: times.map { $0 + 1e-4 }]))
      rig.instants.append(instants)
    }
    return rig
  }

  @Test(arguments: 0..<60) func imagesOfOneInstantMeetAndOthersDoNot(_ seed: Int) {
    // A fifth of a period each way: neighbouring instants stay apart by more than the tolerance.
    let rig = rig(UInt64(seed), jitter: 0.2 / 30, repeats: false)
    let (sets, report) = frameSets(of: rig.cameras, framesPerSecond: 30)
    for set in sets {
      let shown = set.entries.enumerated().compactMap { camera, entry in
        entry.depth.map { rig.instants[camera][$0] }
      }
      #expect(Set(shown).count == 1, "seed \(seed), set \(set.index)")
      #expect(set.entries.allSatisfy { $0.depth == nil || $0.depth == $0.color })
    }
    #expect(sets.count == Set(rig.instants.joined()).count, "seed \(seed)")
    #expect(report.cameras.allSatisfy { $0.unusedDepth == 0 })
  }

  @Test(arguments: 0..<60) func setsKeepTheirPromises(_ seed: Int) {
    let rig = rig(UInt64(1000 + seed), jitter: 0.02, repeats: seed % 2 == 0)
    let (sets, report) = frameSets(of: rig.cameras, framesPerSecond: 30)
    #expect(sets.map(\.index) == Array(sets.indices))
    for (a, b) in zip(sets, sets.dropFirst()) { #expect(b.time - a.time > report.tolerance) }
    for (camera, times) in rig.cameras.enumerated() {
      let depth = times.times[.depth] ?? []
      let used = sets.compactMap { $0.entries[camera].depth }
      #expect(Set(used).count == used.count, "an image is used once")
      #expect(report.cameras[camera].unusedDepth == depth.count - used.count)
      #expect(report.cameras[camera].missingSets == sets.count - used.count)
      for set in sets {
        guard let index = set.entries[camera].depth else { continue }
        let error = depth[index] - times.sync.delay - set.time
        #expect(abs(error) <= report.tolerance && abs(error - set.entries[camera].error) < 1e-9)
      }
    }
    #expect(sets.allSatisfy { $0.entries.contains { $0.depth != nil } })
    #expect(frameSets(of: rig.cameras, framesPerSecond: 30).sets == sets)
  }

  @Test(arguments: 0..<20) func dropsAreCountedWithoutJitter(_ seed: Int) throws {
    let rig = rig(UInt64(5000 + seed), jitter: 0, repeats: false)
    let (_, report) = frameSets(of: rig.cameras, framesPerSecond: 30)
    for (camera, instants) in rig.instants.enumerated() {
      let first = try #require(instants.first)
      let last = try #require(instants.last)
      #expect(report.cameras[camera].depthDrops == last - first + 1 - instants.count)
    }
  }
}
