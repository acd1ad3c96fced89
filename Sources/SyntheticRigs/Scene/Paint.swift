internal import CaptureCore

/// The colour of a limb, procedural in the limb's own frame. sRGB, 0...1.
struct Paint: Equatable, Sendable {
  /// How two colours alternate.
  enum Pattern: Equatable, Sendable {
    case plain, checker, stripes, spots
  }
  var pattern: Pattern
  /// The two colours.
  var first, second: SIMD3<Float>
  /// Edge length of a field of the pattern, metres.
  var scale: Float

  init(
    _ pattern: Pattern, _ first: SIMD3<Float>, _ second: SIMD3<Float> = .zero, scale: Float = 0.04
  ) {
    (self.pattern, self.first, self.second, self.scale) = (pattern, first, second, scale)
  }

  /// Colour at a point of the limb's frame.
  func color(at p: SIMD3<Float>) -> SIMD3<Float> {
    let q = p / scale
    switch pattern {
    case .plain:
      return first
    case .checker:
      let cell = Int(q.x.rounded(.down)) + Int(q.y.rounded(.down)) + Int(q.z.rounded(.down))
      return cell & 1 == 0 ? first : second
    case .stripes:
      return Int(q.y.rounded(.down)) & 1 == 0 ? first : second
    case .spots:
      let cell = SIMD3(q.x.rounded(), q.y.rounded(), q.z.rounded())
      return (q - cell).length < 0.38 ? second : first
    }
  }
}
