internal import CaptureCore
internal import Foundation

/// A piece of surface from one camera against the surface that another shows at its time.
struct AlignmentSample: Sendable {
  /// As in ``Moment/Comparison``, metres and metres per second.
  var distance, speed, bend: Float
  /// How much more pixels blur the surface than one that both cameras look straight at: the squares of
  /// a pixel's lengths on it over those there, summed; 2 at least.
  var graze: Float
  /// The surface's normal and the piece's place, world, by the corrected calibration.
  var normal, place: SIMD3<Float>
  var from, to: UInt16
  /// Device times since the references.
  var sinceFrom, sinceTo: Float
  /// Part of the recording: quarters of a second, as errors of neighbouring images are one.
  var block: Int32

  /// The two cameras and the direction.
  var pair: Int { Int(from) << 16 | Int(to) }
}

/// What the cameras are taken to be while samples are gathered.
struct AlignmentState: Sendable {
  /// By clock.
  var fits: [ClockFit]
  /// By camera.
  var poses: [PoseCorrection]
}

/// All pieces of moving surface, ready to be compared under ever better clocks and poses.
struct AlignmentPieces: Sendable {
  private static let pieces = 900
  private static let images = 200

  let views: [TimedView]
  let clockOfView: [Int]
  private let threads: Int
  /// By camera, then image: what is compared; none of images that are left out.
  private let pieces: [[[SurfacePiece]]]
  private let spacings: [Double]

  init(views: [TimedView], clockOfView: [Int], threads: Int) {
    (self.views, self.clockOfView, self.threads) = (views, clockOfView, threads)
    spacings = views.map(\.spacing)
    pieces = concurrentValues(views.count, threads: threads) { camera in
      let (view, all) = (views[camera], views[camera].stream.times.count)
      let count = min(Self.images, all)
      var pieces = [[SurfacePiece]](repeating: [], count: all)
      for i in (0..<count).map({ $0 * all / count }) {
        pieces[i] = view.moving.pieces(view.stream.images[i], view.view, limit: Self.pieces)
      }
      return pieces
    }
  }

  /// Every comparison of two cameras of different placed clocks.
  ///
  /// - Parameters:
  ///   - gate: Largest distance of what is taken for the same surface, metres.
  ///   - every: Takes one of so many pieces.
  func samples(
    _ state: AlignmentState, isPlaced: [Bool], gate: Float, every: Int
  ) -> [AlignmentSample] {
    var pairs: [(Int, Int)] = []
    for a in views.indices {
      for b in views.indices
      where a != b && clockOfView[a] != clockOfView[b] && isPlaced[clockOfView[a]]
        && isPlaced[clockOfView[b]]
      { pairs.append((a, b)) }
    }
    return concurrentValues(pairs.count, threads: threads) { i in
      samples(from: pairs[i].0, to: pairs[i].1, state, gate, every)
    }
    .flatMap { $0 }
  }

  private func samples(
    from a: Int, to b: Int, _ state: AlignmentState, _ gate: Float, _ every: Int
  ) -> [AlignmentSample] {
    let (own, other) = (views[a], views[b])
    let (ownFit, otherFit) = (state.fits[clockOfView[a]], state.fits[clockOfView[b]])
    let ownPose = state.poses[a].motion(about: own.view.projection.origin)
    let otherPose = state.poses[b].motion(about: other.view.projection.origin)
    var result: [AlignmentSample] = []
    for i in own.stream.times.indices where !pieces[a][i].isEmpty {
      let deviceTime = own.stream.times[i]
      let rigTime = ownFit.rigTime(deviceTime)
      let time = otherFit.deviceTime(rigTime)
      guard let moment = Moment(other.stream, time, spacing: spacings[b]) else { continue }
      // Quarters of a second, in a range that fits.
      let block = Int32(max(-1e9, min(1e9, (rigTime * 4).rounded(.down))))
      for n in stride(from: i % every, to: pieces[a][i].count, by: every) {
        let piece = pieces[a][i][n]
        let position = ownPose.apply(piece.position)
        let seen = SurfacePiece(
          position: otherPose.undo(position),
          normal: otherPose.undoRotation(ownPose.rotate(piece.normal)))
        guard let place = other.view.place(seen.position),
          let c = moment.compare(seen, place, other, gate: gate)
        else { continue }
        let graze =
          own.view.graze(piece) + other.view.graze(.init(position: seen.position, normal: c.normal))
        result.append(
          AlignmentSample(
            distance: c.distance, speed: c.speed, bend: c.bend, graze: graze,
            normal: otherPose.rotate(c.normal), place: position, from: UInt16(a), to: UInt16(b),
            sinceFrom: Float(deviceTime - ownFit.reference),
            sinceTo: Float(time - otherFit.reference), block: block))
      }
    }
    return result
  }
}
