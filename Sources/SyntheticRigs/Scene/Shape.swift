internal import CaptureCore
internal import Foundation

/// A solid with an exact signed distance, in its own frame. Lengths are metres.
///
/// Every distance is 1-Lipschitz, which sphere tracing relies on.
enum Shape: Equatable, Sendable {
  /// Two spheres and their hull: radius `r1` at the origin, `r2` at `(0, height, 0)`.
  case roundCone(r1: Float, r2: Float, height: Float)
  /// A box of the given half size, edges rounded within it.
  case box(half: SIMD3<Float>, round: Float)
  /// A cylindrical sheet around the y axis: the arc of `radius` reaches `angle` to either side of
  /// +z, the sheet `halfHeight` up and down. Its arc passes through the origin, bulging to +z.
  case arcSheet(radius: Float, angle: Float, halfHeight: Float, halfThickness: Float)
  /// The profile a–b–c in the half plane (distance to the y axis, y), turned about the y axis and
  /// thickened: a cup, a bell, a hat.
  case shell(a: SIMD2<Float>, b: SIMD2<Float>, c: SIMD2<Float>, halfThickness: Float)
  /// A ring in the plane y = 0.
  case ring(radius: Float, tube: Float)

  /// Centre and radius of a sphere around the solid, in its own frame.
  var bounds: (center: SIMD3<Float>, radius: Float) {
    switch self {
    case .roundCone(let r1, let r2, let height):
      return (SIMD3(0, (height + r2 - r1) / 2, 0), max((height + r1 + r2) / 2, r1, r2))
    case .box(let half, _):
      return (.zero, half.length)
    case .arcSheet(let radius, let angle, let halfHeight, let halfThickness):
      let depth = radius * (1 - cos(angle))
      let reach = SIMD3(radius * sin(min(angle, .pi / 2)), halfHeight, depth / 2).length
      return (SIMD3(0, 0, -depth / 2), reach + 2 * halfThickness)
    case .shell(let a, let b, let c, let halfThickness):
      let low = min(a.y, b.y, c.y)
      let high = max(a.y, b.y, c.y)
      let wide = max(a.x, b.x, c.x)
      let half = (high - low) / 2
      return (
        SIMD3(0, (low + high) / 2, 0), (wide * wide + half * half).squareRoot() + halfThickness
      )
    case .ring(let radius, let tube):
      return (.zero, radius + tube)
    }
  }

  /// The solid with every length multiplied by `s`.
  func scaled(by s: Float) -> Shape {
    switch self {
    case .roundCone(let r1, let r2, let height):
      .roundCone(r1: s * r1, r2: s * r2, height: s * height)
    case .box(let half, let round):
      .box(half: s * half, round: s * round)
    case .arcSheet(let radius, let angle, let halfHeight, let halfThickness):
      .arcSheet(
        radius: s * radius, angle: angle, halfHeight: s * halfHeight,
        halfThickness: s * halfThickness)
    case .shell(let a, let b, let c, let halfThickness):
      .shell(a: s * a, b: s * b, c: s * c, halfThickness: s * halfThickness)
    case .ring(let radius, let tube):
      .ring(radius: s * radius, tube: s * tube)
    }
  }
}
