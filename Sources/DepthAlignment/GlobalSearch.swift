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
  }

  /// Least score of a pair that is believed.
  static let leastScore = 0.06

  /// Places the cameras by what pairs of them see of the same things, from nothing.
  ///
  /// Every pair is searched by itself; the surest connect the cameras. The result is good to some
  /// centimetres and is meant as a start for ``refined(_:)``.
  ///
  /// - Throws: ``CaptureError`` `tryAgain` when asked to stop.
  public func searched(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Placement {
    let views = frames.streams.map { $0.flatMap { view($0) } }
    let search = PairSearch(configuration: configuration)
    let wanted = pairs.filter { $0.from < $0.to }
    var found = [PairSearch.Candidate?](repeating: nil, count: wanted.count)
    let aligner = self
    found.withUnsafeMutableBufferPointer { found in
      nonisolated(unsafe) let found = found
      concurrently(wanted.count, threads: threads) { i, _ in
        guard !monitor.isCancelled(), let a = views[wanted[i].from], let b = views[wanted[i].to]
        else { return }
        found[i] = aligner.best(wanted[i], a, b, search)
      }
    }
    try monitor.checkCancelled()
    return connected(
      zip(wanted, found).compactMap { pair, candidate in
        candidate.flatMap { $0.score >= Self.leastScore ? (pair, $0) : nil }
      })
  }

  /// The best way for a pair to stand, after a few steps of refinement each.
  private func best(
    _ pair: JointSystem.Pair, _ a: PairSearch.View, _ b: PairSearch.View, _ search: PairSearch
  ) -> PairSearch.Candidate? {
    let between = clockOf[pair.from] != clockOf[pair.to]
    let candidates = search.candidates(a, b, between: between, keep: 8)
    let colorFromDepth = [pair.from, pair.to].map { cameras[$0].description.colorFromDepth }
    let refined = candidates.compactMap { candidate -> PairSearch.Candidate? in
      // The world is the second camera's depth lens.
      let places = [
        candidate.toFromFrom * colorFromDepth[0].inverse, colorFromDepth[1].inverse,
      ]
      let two = DepthAligner(self, cameras: [pair.from, pair.to], worldFromColor: places)
      let levels = Array(AlignmentLevel.all(reach: 0.3).dropLast())
      guard let end = try? two.stepped(from: two.start, levels, .silent) else { return nil }
      let world = end.0.worldFromColor
      let pose = (world[1] * colorFromDepth[1]).inverse * (world[0] * colorFromDepth[0])
      return PairSearch.Candidate(
        toFromFrom: pose,
        score: search.score(a, b, pose, between: between, pixels: 3000, gate: 0.05))
    }.sorted { $0.score > $1.score }
    return refined.first
  }

  /// The surest links that connect as many cameras as possible to the reference (Prim).
  private func connected(
    _ links: [(JointSystem.Pair, PairSearch.Candidate)]
  ) -> Placement {
    var placement = Placement(referenceFromColor: [reference: .identity], links: [])
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
