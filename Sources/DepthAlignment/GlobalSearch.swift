public import CaptureCore
internal import Foundation

extension DepthAligner {
  /// What placing cameras of which nothing is known came to.
  public struct Placement: Sendable {
    /// Depth cameras that were placed relative to the reference, and how; others are not in it.
    public var referenceFromColor: [Int: RigidTransform]
    /// The pairs that connect them, and how well each agrees: off the planes, the share of pixels
    /// that lie on the other's surface less the share that the other looks through.
    public var links: [(first: Int, second: Int, score: Double)]
    /// Pairs that fit together in more ways than one, and were therefore left out.
    public var ambiguous: [(first: Int, second: Int)]
  }

  /// One way for a pair to stand.
  private struct Stand {
    var state: AlignmentState
    var noise: Float
    var tones: [Tone?]
    var candidate: PairSearch.Candidate
    var agreement: PairSearch.Agreement
  }

  /// What became of a pair.
  private enum PairOutcome {
    case placed(PairSearch.Candidate)
    /// Several ways fit.
    case ambiguous
    /// None does.
    case nothing
  }

  /// Least share of the pixels off the planes that fits, where a pair is believed.
  static let leastShare = 0.04
  /// Least consistency of a pair that is believed. On synthetic rigs true places have 0.87 and more,
  /// others that were settled in as well as they could be 0.55 at most.
  static let leastConsistency = 0.75
  /// What is within so many times the noise fits.
  private static let slack: Float = 1.5
  /// How many ways to stand are settled in roughly, and how many of these finely.
  private static let tried = (roughly: 24, finely: 6)

  /// Places the cameras by what pairs of them see of the same things, from nothing.
  ///
  /// Every pair is searched by itself; the surest connect the cameras. A pair counts only when what
  /// stands off the planes fits as well as the noise lets it, hardly anything is looked through, every
  /// motion is told, and no other way to stand does as well.
  ///
  /// - Throws: ``CaptureError`` `tryAgain` when asked to stop.
  public func searched(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Placement {
    let views = frames.streams.map { $0.flatMap { view($0) } }
    let search = PairSearch(configuration: configuration)
    let wanted = pairs.filter { $0.from < $0.to }
    let found = concurrentValues(wanted.count, threads: threads) { i -> PairOutcome in
      guard !monitor.isCancelled(), let a = views[wanted[i].from], let b = views[wanted[i].to]
      else { return .nothing }
      return outcome(wanted[i], a, b, search)
    }
    try monitor.checkCancelled()
    var links: [(JointSystem.Pair, PairSearch.Candidate)] = []
    var ambiguous: [(first: Int, second: Int)] = []
    for (pair, outcome) in zip(wanted, found) {
      switch outcome {
      case .placed(let candidate): links.append((pair, candidate))
      case .ambiguous: ambiguous.append((pair.from, pair.to))
      case .nothing: break
      }
    }
    return connected(links, ambiguous)
  }

  /// The one way for a pair to stand, settled in from many.
  private func outcome(
    _ pair: JointSystem.Pair, _ a: PairSearch.View, _ b: PairSearch.View, _ search: PairSearch
  ) -> PairOutcome {
    let between = clockOf[pair.from] != clockOf[pair.to]
    let colorFromDepth = [pair.from, pair.to].map { cameras[$0].description.colorFromDepth }
    // The world is the second camera's depth lens.
    let two = DepthAligner(
      self, cameras: [pair.from, pair.to], worldFromColor: colorFromDepth.map(\.inverse))
    func settled(
      _ state: AlignmentState, _ levels: ArraySlice<AlignmentLevel>,
      rule: (_ noise: Float) -> MatchRule
    ) -> Stand? {
      // Two cameras with images always have equations; only a request to stop is thrown.
      guard let (end, noise, tones, _) = try? two.stepped(from: state, Array(levels), .silent)
      else {
        return nil
      }
      let world = zip(end.worldFromColor, colorFromDepth).map { $0 * $1 }
      let pose = world[1].inverse * world[0]
      let agreement = search.agreement(
        a, b, pose, between: between,
        shift: end.shifts[clockOf[pair.from]] - end.shifts[clockOf[pair.to]], pixels: 3000,
        rule: rule(noise))
      return Stand(
        state: end, noise: noise, tones: tones,
        candidate: .init(toFromFrom: pose, score: agreement.score), agreement: agreement)
    }
    func best(_ stands: [Stand]) -> [Stand] {
      stands.sorted { $0.agreement.score > $1.agreement.score }
    }
    let levels = AlignmentLevel.all(reach: 0.3, effort: max(0.2, 0.5 * configuration.effort))
    let rough = search.candidates(a, b, between: between, keep: Self.tried.roughly).compactMap {
      candidate -> Stand? in
      var state = two.start
      state.worldFromColor[0] = candidate.toFromFrom * colorFromDepth[0].inverse
      return settled(state, levels.prefix(2)) { _ in .likely(gate: 0.05) }
    }
    let fine = Self.distinct(best(rough)).prefix(Self.tried.finely).compactMap {
      settled($0.state, levels.dropFirst(2)) { .exact(noise: min(2, Self.slack * $0)) }
    }
    let ways = Self.distinct(best(fine))
    let believed = ways.filter { stand in
      stand.agreement.share >= Self.leastShare && two.tellsAll(stand)
        && (stand.agreement.consistency >= Self.leastConsistency
          || Self.standsOut(stand, among: ways))
    }
    guard let first = believed.first else { return .nothing }
    let isAlone = believed.dropFirst().allSatisfy {
      $0.agreement.share < 0.3 * first.agreement.share
    }
    return isAlone ? .placed(first.candidate) : .ambiguous
  }

  /// Whether a pair fits better by far than in any other way.
  private static func standsOut(_ stand: Stand, among ways: [Stand]) -> Bool {
    let others = ways.filter {
      !PairSearch.isNear(
        $0.candidate.toFromFrom, stand.candidate.toFromFrom, degrees: 3, metres: 0.06)
    }
    return standsOut(stand.agreement, among: others.map(\.agreement))
  }

  /// Sensors that measure worse than their model says fit less consistently than ``leastConsistency``, but
  /// nowhere else nearly as much.
  static func standsOut(
    _ agreement: PairSearch.Agreement, among others: [PairSearch.Agreement]
  ) -> Bool {
    agreement.share >= 2 * leastShare && agreement.consistency >= 0.4
      && others.allSatisfy { $0.share < 0.3 * agreement.share }
  }

  /// Those that stand otherwise than all before them.
  private static func distinct(_ stands: [Stand]) -> [Stand] {
    stands.reduce(into: []) { kept, stand in
      let isKnown = kept.contains {
        PairSearch.isNear(
          $0.candidate.toFromFrom, stand.candidate.toFromFrom, degrees: 3, metres: 0.06)
      }
      if !isKnown { kept.append(stand) }
    }
  }

  /// Whether the images tell every motion of the cameras.
  private func tellsAll(_ stand: Stand) -> Bool {
    let rule = (levels.last ?? .fine).rule(noise: stand.noise)
    let (system, _) = system(gather(stand.state, rule, stand.tones), stand.state)
    return Observability(system)?.unknown.isEmpty ?? false
  }

  /// Pairs of cameras that measured, off the planes, what cannot be where they stand.
  ///
  /// - Returns: The share of pixels that lie near the other's surface and do not fit, or that the
  ///   other looks through, where it is more than noise and edges make it.
  public func contradictions(
    in result: AlignmentResult
  ) -> [(first: Int, second: Int, share: Double)] {
    let views = frames.streams.map { $0.flatMap { view($0) } }
    let search = PairSearch(configuration: configuration)
    return pairs.filter { $0.from < $0.to }.compactMap { pair in
      guard let a = views[pair.from], let b = views[pair.to] else { return nil }
      let world = [pair.from, pair.to].map {
        result.cameras[$0].worldFromColor * cameras[$0].description.colorFromDepth
      }
      let agreement = search.agreement(
        a, b, world[1].inverse * world[0], between: clockOf[pair.from] != clockOf[pair.to],
        shift: result.cameras[pair.from].clockShift - result.cameras[pair.to].clockShift,
        pixels: 3000, rule: .exact(noise: min(2, Self.slack * Float(result.noise))))
      guard agreement.misfit > 0.05, agreement.consistency < Self.leastConsistency else {
        return nil
      }
      return (pair.from, pair.to, agreement.misfit)
    }
  }

  /// The surest links that connect as many cameras as possible to the reference (Prim).
  private func connected(
    _ links: [(JointSystem.Pair, PairSearch.Candidate)], _ ambiguous: [(first: Int, second: Int)]
  ) -> Placement {
    var placement = Placement(
      referenceFromColor: [reference: .identity], links: [], ambiguous: ambiguous)
    while true {
      let open = links.filter {
        (placement.referenceFromColor[$0.0.from] == nil)
          != (placement.referenceFromColor[$0.0.to] == nil)
      }
      guard let (pair, candidate) = open.max(by: { $0.1.score < $1.1.score }) else { break }
      let toFromFrom =
        cameras[pair.to].description.colorFromDepth * candidate.toFromFrom
        * cameras[pair.from].description.colorFromDepth.inverse
      if let known = placement.referenceFromColor[pair.to] {
        placement.referenceFromColor[pair.from] = known * toFromFrom
      } else if let known = placement.referenceFromColor[pair.from] {
        placement.referenceFromColor[pair.to] = known * toFromFrom.inverse
      }
      placement.links.append((pair.from, pair.to, candidate.score))
    }
    return placement
  }

  /// Planes and points of a camera.
  func view(_ stream: AlignmentFrames.Stream) -> PairSearch.View? {
    guard !stream.images.isEmpty else { return nil }
    let points = stream.sources.map { source in
      source.map { Self.points(stream.images[$0], stream.lens, limit: 2000) } ?? []
    }
    let sample = points.flatMap { $0 }
    let few = stride(from: 0, to: sample.count, by: max(1, sample.count / 6000)).map { sample[$0] }
    guard few.count >= 50 else { return nil }
    let planes = PlaneFinder.planes(in: few, count: 3)
    var offPlanes = stream
    for source in stream.sources.compactMap({ $0 }) {
      offPlanes.images[source] = stream.images[source].without(planes, stream.lens)
    }
    return PairSearch.View(
      planes: planes, points: points.map { Self.spread($0, off: planes, limit: 400) },
      all: stream, offPlanes: offPlanes)
  }

  /// Points that are off the planes come first: the planes' own points say little.
  private static func spread(
    _ points: [SurfacePoint], off planes: [SurfacePlane], limit: Int
  ) -> [SurfacePoint] {
    let off = points.filter { p in !planes.contains { PlaneFinder.isOn($0, p) } }
    let chosen = off.count >= 50 ? off : points
    return stride(from: 0, to: chosen.count, by: max(1, chosen.count / limit)).map { chosen[$0] }
  }

  static func points(
    _ image: SurfaceImage, _ lens: DepthLens, limit: Int
  ) -> [SurfacePoint] {
    let all = image.normals.indices.filter { image.normals[$0].w != 0 }
    return stride(from: 0, to: all.count, by: max(1, all.count / limit)).compactMap {
      let i = all[$0]
      return SurfaceImage.unpack(image.normals[i]).map {
        SurfacePoint(position: lens.directions[i] * image.depth[i], normal: $0.normal)
      }
    }
  }
}
