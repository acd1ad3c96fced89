internal import CaptureCore
internal import Foundation

/// A ``Shape`` at a place in the world, laid out flat for the inner loops.
struct Primitive: Sendable {
  /// Which formula applies: the order of the cases of ``Shape``.
  private var kind: Int32
  /// Width over which the solid melts into those before it, metres; positive.
  var blend: Float
  /// Sphere around the solid, in the world.
  var center: SIMD3<Float>
  var radius: Float
  private var row0, row1, row2, shift: SIMD3<Float>
  private var a, b: SIMD4<Float>

  init(_ shape: Shape, worldFromLimb: RigidTransform, blend: Float) {
    let inverse = worldFromLimb.inverse
    row0 = SIMD3<Float>(inverse.rows.0)
    row1 = SIMD3<Float>(inverse.rows.1)
    row2 = SIMD3<Float>(inverse.rows.2)
    shift = SIMD3<Float>(inverse.translation)
    self.blend = blend
    let sphere = shape.bounds
    center = SIMD3<Float>(worldFromLimb.apply(SIMD3<Double>(sphere.center)))
    radius = sphere.radius
    (kind, a, b) = Self.parameters(shape)
  }

  private static func parameters(_ shape: Shape) -> (Int32, SIMD4<Float>, SIMD4<Float>) {
    switch shape {
    case .roundCone(let r1, let r2, let height):
      let slope = (r1 - r2) / height
      return (
        0, SIMD4(r1, r2, height, slope),
        SIMD4((1 - slope * slope).squareRoot(), 0, 0, 0)
      )
    case .box(let half, let round):
      return (1, SIMD4(half - SIMD3(repeating: round), round), .zero)
    case .arcSheet(let radius, let angle, let halfHeight, let halfThickness):
      return (
        2, SIMD4(radius, halfHeight, halfThickness, 0), SIMD4(sin(angle), cos(angle), 0, 0)
      )
    case .shell(let a, let b, let c, let halfThickness):
      return (3, SIMD4(a.x, a.y, b.x, b.y), SIMD4(c.x, c.y, halfThickness, 0))
    case .ring(let radius, let tube):
      return (4, SIMD4(radius, tube, 0, 0), .zero)
    }
  }

  /// The world point in the limb's frame.
  @inline(__always) func local(_ p: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(row0.dot(p), row1.dot(p), row2.dot(p)) + shift
  }

  /// Signed distance of a world point.
  @inline(__always) func distance(_ world: SIMD3<Float>) -> Float {
    let p = local(world)
    switch kind {
    case 0: return roundCone(p)
    case 1: return box(p)
    case 2: return arcSheet(p)
    case 3: return shell(p)
    default:
      let around = (p.x * p.x + p.z * p.z).squareRoot() - a.x
      return (around * around + p.y * p.y).squareRoot() - a.y
    }
  }

  /// In the half plane (distance to the axis, y) the hull's flank is a line that leans by
  /// asin((r1 - r2) / height); below its foot the first sphere is nearest, above its top the second.
  @inline(__always) private func roundCone(_ p: SIMD3<Float>) -> Float {
    let q = SIMD2((p.x * p.x + p.z * p.z).squareRoot(), p.y)
    let along = q.y * b.x - q.x * a.w
    if along < 0 { return (q.x * q.x + q.y * q.y).squareRoot() - a.x }
    let above = q.y - a.z
    if along > b.x * a.z { return (q.x * q.x + above * above).squareRoot() - a.y }
    return q.x * b.x + q.y * a.w - a.x
  }

  @inline(__always) private func box(_ p: SIMD3<Float>) -> Float {
    let q = SIMD3(abs(p.x), abs(p.y), abs(p.z)) - SIMD3(a.x, a.y, a.z)
    let outside = pointwiseMax(q, .zero)
    return outside.length + min(max(q.x, max(q.y, q.z)), 0) - a.w
  }

  /// The sheet's skeleton is an arc, a curve without area, stretched along y; the thickness is
  /// the distance to that skeleton.
  @inline(__always) private func arcSheet(_ p: SIMD3<Float>) -> Float {
    let q = SIMD2(abs(p.x), p.z + a.x)
    let flat: Float
    if b.y * q.x > b.x * q.y {
      let end = q - a.x * SIMD2(b.x, b.y)
      flat = (end.x * end.x + end.y * end.y).squareRoot()
    } else {
      flat = abs((q.x * q.x + q.y * q.y).squareRoot() - a.x)
    }
    let above = max(abs(p.y) - a.y, 0)
    return (flat * flat + above * above).squareRoot() - a.z
  }

  @inline(__always) private func shell(_ p: SIMD3<Float>) -> Float {
    let q = SIMD2((p.x * p.x + p.z * p.z).squareRoot(), p.y)
    let first = Self.squaredDistance(q, SIMD2(a.x, a.y), SIMD2(a.z, a.w))
    let second = Self.squaredDistance(q, SIMD2(a.z, a.w), SIMD2(b.x, b.y))
    return min(first, second).squareRoot() - b.z
  }

  @inline(__always) private static func squaredDistance(
    _ q: SIMD2<Float>, _ from: SIMD2<Float>, _ to: SIMD2<Float>
  ) -> Float {
    let edge = to - from
    let offset = q - from
    let t = (offset * edge).sum() / max((edge * edge).sum(), 1e-12)
    let rest = offset - edge * min(max(t, 0), 1)
    return (rest * rest).sum()
  }
}
