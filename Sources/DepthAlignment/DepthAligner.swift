public import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// Places the cameras of a rig by what they measured together: see the module's README.
public struct DepthAligner: Sendable {
  let cameras: [AlignmentCamera]
  let reference: Int
  let configuration: AlignmentConfiguration
  let threads: Int?
  let frames: AlignmentFrames
  /// Ordered pairs of cameras with depth.
  private(set) var pairs: [JointSystem.Pair]
  let clockOf: [Int]
  /// Standard deviation of what is known of each clock, seconds.
  let clockDeviations: [Double]

  /// Reads the images.
  ///
  /// - Parameters:
  ///   - cameras: In the take's order.
  ///   - reference: The camera that stays where it is.
  ///   - load: Decodes a depth image; nil where it cannot be read. Called from several threads.
  ///   - color: Decodes the colour image taken with a depth image, by the depth image's index; nil
  ///     where there is none. Nil as a whole where colour is not to be looked at.
  /// - Throws: ``CaptureError`` `tryAgain` when asked to stop.
  public init(
    _ cameras: [AlignmentCamera], reference: Int,
    configuration: AlignmentConfiguration = AlignmentConfiguration(), threads: Int? = nil,
    monitor: StageMonitor = .silent,
    load: @Sendable (_ camera: Int, _ index: Int) -> DepthImage?,
    color: (@Sendable (_ camera: Int, _ index: Int) -> ColorImage?)? = nil
  ) throws(CaptureError) {
    (self.cameras, self.reference, self.configuration, self.threads) = (
      cameras, reference, configuration, threads
    )
    frames = try AlignmentFrames.load(
      cameras, configuration, threads: threads, load: load,
      color: configuration.colorWeight > 0 ? color : nil, monitor: monitor)
    let seeing = cameras.indices.filter { [frames] in
      frames.streams[$0].map { !$0.images.isEmpty } ?? false
    }
    pairs = seeing.flatMap { a in
      seeing.filter { $0 != a }.map { JointSystem.Pair(from: a, to: $0) }
    }
    clockOf = cameras.map(\.clock)
    let count = (clockOf.max() ?? 0) + 1
    clockDeviations = (0..<count).map { clock in
      cameras.filter { $0.clock == clock }.map(\.clockDeviation).max() ?? 0
    }
  }

  /// An aligner of some of another one's cameras, with images that are there already.
  init(_ other: DepthAligner, cameras chosen: [Int], worldFromColor: [RigidTransform]) {
    cameras = zip(chosen, worldFromColor).map { camera, place in
      var copy = other.cameras[camera]
      copy.worldFromColor = place
      return copy
    }
    (reference, configuration, threads) = (0, other.configuration, other.threads)
    frames = AlignmentFrames(
      streams: chosen.map { other.frames.streams[$0] }, moments: other.frames.moments)
    pairs = chosen.indices.flatMap { a in
      chosen.indices.filter { $0 != a }.map { JointSystem.Pair(from: a, to: $0) }
    }
    (clockOf, clockDeviations) = (chosen.map { other.clockOf[$0] }, other.clockDeviations)
  }

  /// The start: the cameras' own places, clocks as given.
  var start: AlignmentState {
    AlignmentState(
      worldFromColor: cameras.map(\.worldFromColor),
      shifts: [Double](repeating: 0, count: clockDeviations.count))
  }

  /// Refines all places and clocks from where the cameras are.
  ///
  /// Cameras that would go farther than ``AlignmentConfiguration/farthestTurn`` or
  /// ``AlignmentConfiguration/farthestShift``, or where they fit best look through what others saw, are
  /// left where they are, and named.
  /// - Throws: ``CaptureError`` `badInput` when fewer than two cameras have depth, `tryAgain` when
  ///   asked to stop.
  /// - Complexity: about 40 passes over some thousand pixels of every image and camera.
  public func refined(_ monitor: StageMonitor = .silent) throws(CaptureError) -> AlignmentResult {
    try solved(monitor).result
  }

  /// ``refined(_:)``, with the motions that nothing tells.
  func solved(
    _ monitor: StageMonitor
  ) throws(CaptureError) -> (result: AlignmentResult, free: FreeMotions) {
    guard !pairs.isEmpty else {
      throw CaptureError(
        .badInput, "Fewer than two cameras have depth that can be read.",
        remedy: "Depth of two cameras is the least that can be aligned.")
    }
    let (start, levels) = (start, levels)
    var (aligner, strayed) = (self, [Int]())
    var contradictions: [AlignmentResult.Contradiction] = []
    while true {
      let (state, noise, tones, converged) = try aligner.stepped(from: start, levels, monitor)
      var gone = aligner.strayed(from: start, to: state)
      if gone.isEmpty || aligner.pairs.isEmpty {
        var (result, free) = aligner.conclude(start: start, state, noise, tones, converged)
        guard let contradiction = aligner.contradiction(in: result) else {
          (result.strayed, result.contradictions) = (strayed.sorted(), contradictions)
          return (result, free)
        }
        contradictions.append(contradiction)
        gone = [contradiction.camera]
      } else {
        strayed += gone
      }
      // What drew it away were no matches: the others are aligned without it.
      aligner.pairs.removeAll { gone.contains($0.from) || gone.contains($0.to) }
    }
  }

  /// Share of what a pair measured in each other's view that is looked through, beyond which one of the
  /// two stands elsewhere: twice what is found on sound recordings, see the module's README.
  private static let mostSeenThrough = 0.05
  /// Pixels below which an image is too coarse for saying that something is looked through: a pixel
  /// of a floor is as deep as what would be.
  private static let coarse = 8000

  /// The camera that stands elsewhere, if one does: of the pair of which most is looked through the one
  /// that is at odds with all others most; of equals not the reference.
  private func contradiction(in result: AlignmentResult) -> AlignmentResult.Contradiction? {
    let isFine = cameras.indices.map { camera in
      frames.streams[camera].map { $0.lens.width * $0.lens.height >= Self.coarse } ?? false
    }
    let pairs = result.pairs.filter { isFine[$0.first] && isFine[$0.second] }
    guard let worst = pairs.max(by: { $0.seenThrough < $1.seenThrough }),
      worst.seenThrough > Self.mostSeenThrough
    else { return nil }
    func odds(_ camera: Int) -> Double {
      pairs.filter { $0.first == camera || $0.second == camera }.reduce(0) { $0 + $1.seenThrough }
    }
    let (first, second) = (odds(worst.first), odds(worst.second))
    let isFirst = first == second ? worst.second == reference : first > second
    return AlignmentResult.Contradiction(
      camera: isFirst ? worst.first : worst.second, other: isFirst ? worst.second : worst.first,
      seenThrough: worst.seenThrough)
  }

  /// Cameras that went farther than any start that can be refined is wrong.
  private func strayed(from start: AlignmentState, to end: AlignmentState) -> [Int] {
    cameras.indices.filter { camera in
      let (then, now) = (start.worldFromColor[camera], end.worldFromColor[camera])
      return (then.inverse * now).turn.length > configuration.farthestTurn
        || (now.translation - then.translation).length > configuration.farthestShift
    }
  }

  /// From coarse to fine, as thorough as asked for.
  var levels: [AlignmentLevel] {
    AlignmentLevel.all(reach: Float(configuration.reach), effort: configuration.effort)
  }

  /// Steps through the levels; what the noise is as a multiple of the expected one, and whether the
  /// last step was too small to matter.
  func stepped(
    from start: AlignmentState, _ levels: [AlignmentLevel], _ monitor: StageMonitor
  ) throws(CaptureError) -> (AlignmentState, noise: Float, tones: [Tone?], hasConverged: Bool) {
    var (state, noise, converged) = (start, Float(1), false)
    var tones = tones
    var done = 0
    for level in levels {
      // Patterns are seen as far as their edges are smeared: the shapes come first.
      let isColored = level.gate < 0.06
      if level.gate < 0.04 {
        for i in tones.indices where tones[i]?.isUseful == false { tones[i] = nil }
      }
      for step in 0..<level.steps {
        try monitor.checkCancelled()
        let sums = gather(state, level.rule(noise: noise), isColored ? tones : [])
        for i in tones.indices { tones[i] = tones[i]?.updated(by: sums[i].sums.tone) }
        noise = Self.noise(sums)
        guard let next = self.step(sums, state, holdingClocks: level.gate > 0.11) else { break }
        state = next.state
        done += 1
        monitor.report(
          done, AlignmentLevel.steps(levels),
          String(format: "step %.2f mm, noise x %.2f", 1000 * next.size, noise))
        // The last level ends at a fiftieth of a millimetre; around there patterns make it wander.
        converged = next.size < 5 * level.smallest
        // Grey values count from the second look on, and their tone is known after another one.
        let isEarly = isColored && step < 3 && tones.contains { $0 != nil }
        if next.size < level.smallest && !isEarly { break }
      }
    }
    return (state, noise, tones, converged)
  }

  /// One Gauss-Newton step; nil where nothing matches.
  private func step(
    _ sums: [Gathered], _ state: AlignmentState, holdingClocks: Bool
  ) -> (state: AlignmentState, size: Double)? {
    let (system, _) = system(sums, state, holdingClocks: holdingClocks)
    guard let observability = Observability(system) else { return nil }
    let change = observability.change(system.right)
    return (moved(state, by: change, system), change.reduce(0) { max($0, abs($1)) })
  }

  private func moved(
    _ state: AlignmentState, by change: [Double], _ system: JointSystem
  ) -> AlignmentState {
    var result = state
    for (position, camera) in system.cameras.enumerated() {
      let c = (0..<6).map { change[6 * position + $0] }
      result.worldFromColor[camera] = state.worldFromColor[camera].nudged(
        turn: SIMD3(c[0], c[1], c[2]) / system.lever, shift: SIMD3(c[3], c[4], c[5]))
    }
    for (position, clock) in system.clocks.enumerated() {
      // Beyond a period of the images nothing that was interpolated holds.
      result.shifts[clock] += max(-0.02, min(0.02, change[system.poseColumns + position]))
    }
    return result
  }

  // MARK: Sums

  /// What a pair of cameras gave, in all and by moment.
  struct Gathered: Sendable {
    var sums = PairSums()
    /// ``PairSums/right`` of each moment, one after the other.
    var byMoment: [Double] = []
  }

  /// The middle of what the cameras look at, roughly: from where turns are counted.
  var center: SIMD3<Double> {
    let places = cameras.map { $0.worldFromColor.apply(SIMD3(0, 0, 2)) }
    return places.reduce(.zero, +) / Double(max(1, places.count))
  }

  /// Tones before anything was compared, by pair; nil where there are no grey values.
  var tones: [Tone?] {
    pairs.map { pair in
      let isGrey = [pair.from, pair.to].allSatisfy { camera in
        frames.streams[camera]?.images.contains { !$0.grey.isEmpty } ?? false
      }
      return isGrey ? Tone() : nil
    }
  }

  /// - Parameter tones: By pair; pairs without one are compared by depth alone.
  func gather(
    _ state: AlignmentState, _ rule: MatchRule, _ tones: [Tone?] = []
  ) -> [Gathered] {
    let center = center
    let poses = cameras.indices.map { camera in
      FloatPose(
        state.worldFromColor[camera] * cameras[camera].description.colorFromDepth, from: center)
    }
    return concurrentValues(pairs.count, threads: threads) { i in
      gather(pairs[i], poses, state, rule, tones.indices.contains(i) ? tones[i] : nil)
    }
  }

  private func gather(
    _ pair: JointSystem.Pair, _ poses: [FloatPose], _ state: AlignmentState, _ rule: MatchRule,
    _ tone: Tone?
  ) -> Gathered {
    var result = Gathered()
    guard let from = frames.streams[pair.from], let to = frames.streams[pair.to] else {
      return result
    }
    var rule = rule
    rule.stride = max(
      1, Int((Double(from.lens.width * from.lens.height) / Double(rule.stride)).squareRoot()))
    let search = MatchSearch(
      from: from, to: to, fromPose: poses[pair.from], toPose: poses[pair.to], rule: rule,
      configuration: configuration, between: clockOf[pair.from] != clockOf[pair.to], tone: tone)
    let shift = state.shifts[clockOf[pair.from]] - state.shifts[clockOf[pair.to]]
    for (moment, source) in from.sources.enumerated() {
      let before = result.sums.right
      if let source {
        search.add(
          source: source, time: from.times[source] + shift, seed: 7 * moment, to: &result.sums)
      }
      guard rule.byPlace else { continue }
      for i in 0..<PairSums.size { result.byMoment.append(result.sums.right[i] - before[i]) }
    }
    return result
  }

  /// The robust root mean square of residuals over what noise would make them.
  static func noise(_ gathered: [Gathered]) -> Float {
    let weight = gathered.reduce(0) { $0 + $1.sums.robust }
    let squares = gathered.reduce(0) { $0 + $1.sums.robustSquares }
    guard weight > 0 else { return 1 }
    // The robust weight takes a quarter off the mean square of normal residuals.
    return Float(max(0.3, min(10, (squares / weight / 0.76).squareRoot())))
  }

  func system(
    _ gathered: [Gathered], _ state: AlignmentState, holdingClocks: Bool = false
  ) -> (system: JointSystem, derivatives: [JointSystem.Derivatives]) {
    let free = cameras.indices.filter { $0 != reference }
    let clocks = clockDeviations.indices.filter { $0 != 0 && clockDeviations[$0] > 0 }
    var system = JointSystem(cameras: free, clocks: clocks, lever: 2)
    let lenses = state.worldFromColor.map { $0.translation - center }
    let derivatives = pairs.map {
      system.derivatives(of: $0, lenses: lenses, clockOf: clockOf)
    }
    for (g, d) in zip(gathered, derivatives) { system.add(g.sums, d) }
    for clock in clocks {
      // While surfaces still lie far apart, a shift in time would take up what is none.
      let deviation = holdingClocks ? 1e-4 : min(1, clockDeviations[clock])
      system.hold(clock: clock, at: state.shifts[clock], deviation: deviation)
    }
    return (system, derivatives)
  }
}

/// One stage of the way from coarse to fine.
struct AlignmentLevel: Sendable {
  let width, gate, likeness: Float
  /// Pixels of an image that are tried.
  var pixels: Int
  var steps: Int
  /// A step of less, in metres or lever metres or seconds, ends the level.
  let smallest: Double

  static func all(reach: Float, effort: Double = 1) -> [AlignmentLevel] {
    let coarse = [
      AlignmentLevel(
        width: 0.25 * reach, gate: 0.7 * reach, likeness: 0.85, pixels: 1500, steps: 15,
        smallest: 2e-3),
      AlignmentLevel(
        width: 0.03, gate: 0.1, likeness: 0.88, pixels: 2500, steps: 10, smallest: 1e-3),
    ]
    let levels =
      (reach > 0.2 ? coarse : Array(coarse.dropFirst())) + [
        AlignmentLevel(
          width: 0.012, gate: 0.05, likeness: 0.9, pixels: 4000, steps: 10, smallest: 2e-4),
        fine,
      ]
    return levels.map { level in
      var level = level
      level.pixels = max(500, Int(Double(level.pixels) * effort))
      level.steps = max(4, Int(Double(level.steps) * effort))
      return level
    }
  }

  /// The last one, with the width of the noise itself.
  static let fine = AlignmentLevel(
    width: 0, gate: 0.03, likeness: 0.9, pixels: 20_000, steps: 15, smallest: 2e-5)

  static func steps(_ levels: [AlignmentLevel]) -> Int { levels.reduce(0) { $0 + $1.steps } }

  func rule(noise: Float, byPlace: Bool = false) -> MatchRule {
    MatchRule(
      width: width, gate: gate, likeness: likeness, stride: pixels, noise: noise, byPlace: byPlace)
  }
}
