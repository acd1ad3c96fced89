import CaptureCore
import ClockEstimation
import Testing

@Suite struct ClockEstimatorTests {
  /// Offsets to half a second, drifts to 400 ppm, free shutters.
  private static let unrelated = [
    BallScene.Clock(offset: 0.21, drift: 0.0002, phase: 0.004),
    BallScene.Clock(offset: -0.27, drift: -0.0002, phase: 0.019),
    BallScene.Clock(offset: 0.48, drift: 0.0001, phase: 0.011),
  ]

  private func check(
    _ scene: BallScene, _ estimates: [ClockEstimate], within limit: Double = 0.002,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let lead = try #require(estimates.firstIndex { $0.source == .shared })
    for (camera, estimate) in estimates.enumerated() where estimate.source != .shared {
      #expect(estimate.source == .shape, "\(estimate)", sourceLocation: sourceLocation)
      let error =
        estimate.fit.offset - scene.trueOffset(camera, lead: lead, at: estimate.fit.reference)
      let deviation = try #require(estimate.offsetDeviation)
      #expect(
        abs(error) < limit && abs(error) < 4 * deviation, "camera \(camera): \(error), \(estimate)",
        sourceLocation: sourceLocation)
      #expect(deviation < 0.004, "\(estimate)", sourceLocation: sourceLocation)
      #expect(estimate.id == "cam\(camera)")
    }
  }

  @Test func offsetsAreFoundWhereTheSubjectMoves() throws {
    let scene = BallScene(clocks: Self.unrelated)
    let estimates = try scene.estimates()
    #expect(estimates.count { $0.source == .shape } == 2)
    try check(scene, estimates)
    #expect(estimates.allSatisfy { $0.note.isEmpty })
  }

  @Test func aWrongCalibrationIsToldFromTheClocks() throws {
    // A degree and a centimetre: four centimetres at the subject.
    let scene = BallScene(clocks: Self.unrelated, seed: 5)
    try check(scene, try scene.estimates(error: (turn: 0.0175, shift: 0.01)), within: 0.003)
  }

  @Test(arguments: [1, 2]) func aCalibrationFarOffIsNoReasonToBeSure(seed: Int) throws {
    // Three degrees and five centimetres: fifteen centimetres at the subject.
    let scene = BallScene(clocks: Self.unrelated, rate: 15, speed: 1.5, seed: UInt64(seed))
    let estimates = try scene.estimates(error: (turn: 0.052, shift: 0.05))
    let lead = try #require(estimates.firstIndex { $0.source == .shared })
    for (camera, estimate) in estimates.enumerated() where camera != lead {
      guard let deviation = estimate.offsetDeviation else {
        #expect(!estimate.note.isEmpty)
        continue
      }
      let error =
        estimate.fit.offset - scene.trueOffset(camera, lead: lead, at: estimate.fit.reference)
      #expect(abs(error) < 3 * deviation, "camera \(camera): \(error), \(estimate)")
    }
  }

  @Test(arguments: [1, 4]) func camerasThatShareOnlyRimsSaySo(seed: Int) throws {
    let scene = BallScene(
      clocks: Self.unrelated, apart: 2 * .pi / 3, rate: 15, speed: 1.5, seed: UInt64(seed))
    let estimates = try scene.estimates()
    let lead = try #require(estimates.firstIndex { $0.source == .shared })
    for (camera, estimate) in estimates.enumerated() where camera != lead {
      #expect(estimate.source == .shape)
      let error =
        estimate.fit.offset - scene.trueOffset(camera, lead: lead, at: estimate.fit.reference)
      let deviation = try #require(estimate.offsetDeviation)
      #expect(abs(error) < 3 * deviation, "camera \(camera): \(error), \(estimate)")
      #expect(deviation >= 0.03 && estimate.rateDeviation == nil && !estimate.note.isEmpty)
    }
  }

  @Test func clocksWithoutAnythingInCommonStartTogetherFirst() throws {
    // Hours apart, and one camera's recording begins eight frames later.
    var clocks = Self.unrelated
    clocks[1].offset = 7200
    clocks[2].offset = -90_000.25
    let scene = BallScene(clocks: clocks, seed: 2, isKept: { $0 != 1 || $1 >= 8 })
    try check(scene, try scene.estimates())
  }

  @Test func burstsAreNoRateOfImages() throws {
    // Four images at nearly one time, again and again: what recorders write that catch up.
    let scene = BallScene(clocks: Self.unrelated)
    var cameras = scene.clockCameras()
    for i in cameras.indices {
      let times = cameras[i].depthTimes
      cameras[i].depthTimes = times.indices.map { times[$0 / 4 * 4] + 1e-9 * Double($0 % 4) }
    }
    let estimates = try ClockEstimator(cameras) { scene.depth($0, $1) }.estimate()
    #expect(estimates.count == 3)
  }

  @Test func wiredCamerasShareTheirClock() throws {
    var clocks = Self.unrelated
    clocks[2] = clocks[0]
    let scene = BallScene(
      clocks: clocks, seed: 3, mode: { [.master, .standalone, .subordinate][$0] })
    let estimates = try scene.estimates()
    #expect(estimates.map(\.source) == [.shared, .shape, .shared])
    #expect(estimates[2].fit == .rig)
    try check(scene, estimates)
    let all = try scene.estimates { $0.mode = .estimate }
    #expect(all.map(\.source) == [.shared, .shape, .shape])
    try check(scene, all)
  }

  @Test func whereNothingMovesNothingIsSaidToBeKnown() throws {
    let scene = BallScene(clocks: Self.unrelated, frames: 30, speed: 0)
    let estimates = try scene.estimates()
    #expect(try scene.estimates() == estimates, "the same for the same recording")
    #expect(estimates.count { $0.source == .recorded } == 2)
    for estimate in estimates where estimate.source == .recorded {
      #expect(estimate.fit.offset == 0 && estimate.fit.rate == 0)
      #expect(estimate.offsetDeviation == nil && estimate.rateDeviation == nil)
      #expect(estimate.note == "Nothing that two cameras see moves enough.")
    }
  }

  @Test func whereNothingTellsTheStartsDoIfTheTimesHaveNothingInCommon() throws {
    var clocks = Self.unrelated
    for i in clocks.indices { clocks[i].offset = 1000 * Double(i) }
    let scene = BallScene(clocks: clocks, frames: 20, speed: 0)
    let estimates = try scene.estimates()
    let lead = try #require(estimates.firstIndex { $0.source == .shared })
    for (camera, estimate) in estimates.enumerated() where camera != lead {
      #expect(estimate.source == .starts)
      let start = scene.deviceTimes[camera][0] - scene.deviceTimes[lead][0]
      #expect(abs(estimate.fit.offset - start) < 1e-9)
    }
  }

  @Test func withoutACalibrationTheShapesCannotBeCompared() throws {
    let scene = BallScene(clocks: Self.unrelated, frames: 40)
    for (camera, estimate) in try scene.estimates(isCalibrated: false).enumerated() {
      switch estimate.source {
      case .shared: break
      case .activity:
        let deviation = try #require(estimate.offsetDeviation)
        #expect(deviation > 0.01 && !estimate.note.isEmpty, "camera \(camera)")
      default:
        #expect(estimate.source == .recorded && estimate.note.hasPrefix("Without a calibration"))
      }
    }
  }

  @Test func longRecordingsAreSampledAndTheirDriftIsSeen() throws {
    // Over 40 s, 400 ppm are half a frame.
    var clocks = Array(Self.unrelated[..<2])
    (clocks[0].drift, clocks[1].drift) = (0.0002, -0.0002)
    let scene = BallScene(clocks: clocks, frames: 600, rate: 15, speed: 0.6, seed: 4)
    let estimates = try scene.estimates { ($0.images, $0.search) = (80, 0.5) }
    try check(scene, estimates)
    #expect(scene.loaded.allSatisfy { $0 <= 220 && $0 > 50 }, "\(scene.loaded)")
    let other = try #require(estimates.first { $0.source == .shape })
    #expect(abs(abs(other.fit.rate) - 0.0004) < 0.0001, "\(other)")
    #expect((other.rateDeviation ?? 1) < 0.0001)
  }

  @Test func modesSayWhoseClocksAreLookedAt() {
    let wired = BallScene(
      clocks: Self.unrelated, frames: 2, mode: { $0 == 0 ? .master : .subordinate }
    )
    .cameras.map(\.description)
    let free = BallScene(clocks: Self.unrelated, frames: 2).cameras.map(\.description)
    #expect(!ClockEstimator.isNeeded(for: wired, mode: .auto))
    #expect(ClockEstimator.isNeeded(for: wired, mode: .estimate))
    #expect(ClockEstimator.isNeeded(for: free, mode: .auto))
    #expect(!ClockEstimator.isNeeded(for: free, mode: .trust))
    #expect(!ClockEstimator.isNeeded(for: Array(free[..<1]), mode: .auto))
  }

  @Test func aRequestToStopIsHeard() throws {
    let scene = BallScene(clocks: Self.unrelated)
    let error = #expect(throws: CaptureError.self) {
      try ClockEstimator(scene.clockCameras()) { scene.depth($0, $1) }
        .estimate(StageMonitor(isCancelled: { true }))
    }
    #expect(error?.code == .tryAgain)
  }

  @Test func camerasWithoutImagesAreLeftAlone() throws {
    var cameras = BallScene(clocks: Self.unrelated, frames: 10).clockCameras()
    cameras[1].depthTimes = []
    let estimates = try ClockEstimator(cameras) { _, _ in nil }.estimate()
    #expect(estimates.map(\.id) == ["cam0", "cam1", "cam2"])
    #expect(estimates.count { $0.source == .recorded } == 2)
  }
}
