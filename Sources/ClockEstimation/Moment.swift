internal import CaptureCore

/// Images of a stream around a time: the two between which it lies, and one more on either side
/// where there are any.
struct Moment {
  /// What a piece of surface seen by another camera tells.
  struct Comparison {
    /// How far before the surface the piece lies along the normal, metres, and how fast that grows
    /// with the stream's time, metres per second.
    var distance, speed: Float
    /// What interpolation may be wrong by, metres: how far the surface's motion is from a straight
    /// one.
    var bend: Float
    /// The surface's normal, in the stream's world.
    var normal: SIMD3<Float>
  }

  /// Slowest motion between two images that tells its own speed, metres per second: the noise of
  /// slower ones would be taken for motion.
  private static let clearSpeed: Float = 0.15
  /// Usual curvature of motions over their speed, per second.
  private static let liveliness: Float = 5

  private let middle: Int
  /// Of the cubic through four images; nil where the outer ones are missing.
  private let cubic: SIMD4<Float>?
  private let share, step, span: Float

  /// Nil at the ends of the stream, and where drops leave the images too far apart.
  init?(_ stream: ThumbnailStream, _ time: Double, spacing: Double) {
    let k = stream.firstAfter(time) - 1
    guard k >= 0, k + 1 < stream.times.count else { return nil }
    let (before, after) = (stream.times[k], stream.times[k + 1])
    guard after - before < 1.5 * spacing else { return nil }
    middle = k
    step = Float(after - before)
    share = Float((time - before) / (after - before))
    guard k >= 1, k + 2 < stream.times.count,
      stream.times[k + 2] - stream.times[k - 1] < 4.5 * spacing
    else {
      (cubic, span) = (nil, step)
      return
    }
    let times = (k - 1...k + 2).map { stream.times[$0] }
    span = Float(times[3] - times[0])
    var weights = SIMD4<Float>.zero
    for i in 0..<4 {
      let others = (0..<4).filter { $0 != i }
      weights[i] = Float(others.reduce(1) { $0 * (time - times[$1]) / (times[i] - times[$1]) })
    }
    cubic = weights
  }

  /// Nil where piece and surface are not the same.
  func compare(
    _ piece: SurfacePiece, _ place: ThumbnailView.Place, _ other: TimedView, gate: Float
  ) -> Comparison? {
    let (images, view) = (other.stream.images, other.view)
    guard let b = view.depth(images[middle], at: place), abs(place.z - b) < 0.5,
      let c = view.depth(images[middle + 1], at: place),
      let (normal, factor) = view.normal(images[middle + (share > 0.5 ? 1 : 0)], at: place),
      normal.dot(piece.normal) > 0.5
    else { return nil }
    if let cubic, let a = view.depth(images[middle - 1], at: place),
      let d = view.depth(images[middle + 2], at: place),
      // All four show one surface.
      max(abs(a - b), abs(d - c)) < 0.2
    {
      let z = (SIMD4(a, b, c, d) * cubic).sum()
      let (distance, speed) = ((z - place.z) * factor, (d - a) / span * factor)
      guard abs(distance) < gate, abs(speed) < Self.fastest else { return nil }
      return Comparison(
        distance: distance, speed: speed, bend: abs(a + d - b - c) / 16 * factor, normal: normal)
    }
    let z = b + share * (c - b)
    let (distance, speed) = ((z - place.z) * factor, (c - b) / step * factor)
    guard abs(distance) < gate, abs(speed) > Self.clearSpeed, abs(speed) < Self.fastest else {
      return nil
    }
    let bend = Self.liveliness / 2 * abs(speed) * step * step * share * (1 - share)
    return Comparison(distance: distance, speed: speed, bend: bend, normal: normal)
  }

  /// What moves faster is not one surface, metres per second along the normal.
  private static let fastest: Float = 4
}
