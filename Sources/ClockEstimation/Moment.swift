internal import CaptureCore

/// Four images of a stream around a time, with the time between the middle two.
struct Moment {
  /// What a piece of surface seen by another camera tells.
  struct Comparison {
    /// How far before the surface the piece lies along the normal, metres, and how fast that grows
    /// with the stream's time, metres per second.
    var distance, speed: Float
    /// How far the surface's motion is from a straight one: what interpolation may be wrong by,
    /// metres.
    var bend: Float
    /// The surface's normal, world.
    var normal: SIMD3<Float>
  }

  private let first: Int
  /// Of the cubic through the four images.
  private let weights: SIMD4<Float>
  private let isLater: Bool
  private let span: Float

  /// Nil at the ends of the stream, and where drops leave the images too far apart.
  init?(_ stream: ThumbnailStream, _ time: Double, spacing: Double) {
    let k = stream.firstAfter(time) - 1
    guard k >= 1, k + 2 < stream.times.count else { return nil }
    let times = (k - 1...k + 2).map { stream.times[$0] }
    guard times[2] - times[1] < 2.5 * spacing, times[3] - times[0] < 5.5 * spacing else {
      return nil
    }
    first = k - 1
    span = Float(times[3] - times[0])
    isLater = time - times[1] > times[2] - time
    var weights = SIMD4<Float>.zero
    for i in 0..<4 {
      let others = (0..<4).filter { $0 != i }
      weights[i] = Float(
        others.reduce(1) { $0 * (time - times[$1]) / (times[i] - times[$1]) })
    }
    self.weights = weights
  }

  /// Nil where piece and surface are not the same, or it hardly moves.
  func compare(
    _ piece: SurfacePiece, _ place: ThumbnailView.Place, _ other: TimedView, gate: Float,
    speeds: ClosedRange<Float>
  ) -> Comparison? {
    let images = other.stream.images
    guard let b = other.view.depth(images[first + 1], at: place),
      abs(place.z - b) < 0.5, let c = other.view.depth(images[first + 2], at: place),
      let (normal, factor) = other.view.normal(images[first + (isLater ? 2 : 1)], at: place),
      normal.dot(piece.normal) > 0.4,
      let a = other.view.depth(images[first], at: place),
      let d = other.view.depth(images[first + 3], at: place)
    else { return nil }
    let z = (SIMD4(a, b, c, d) * weights).sum()
    let distance = (z - place.z) * factor
    let speed = (d - a) / span * factor
    guard abs(distance) < gate, speeds.contains(abs(speed)) else { return nil }
    return Comparison(
      distance: distance, speed: speed, bend: abs(a + d - b - c) / 16 * factor, normal: normal)
  }
}
