internal import CaptureCore
internal import Foundation

/// A ``Shape`` at a place in the world, laid out flat for the inner loops.
///
/// Plain numbers instead of vectors: the optimizer makes the same code of both, but without it,
/// as tests run, vectors cost fifty times as much.
struct Primitive: Sendable {
  /// Which formula applies: the order of the cases of ``Shape``.
  private let kind: Int32
  /// Width over which the solid melts into those before it, metres; positive.
  let blend: Float
  /// Sphere around the solid, in the world.
  let cx, cy, cz, radius: Float
  /// World to limb: `local = (rows) · world + shift`.
  private let xx, xy, xz, yx, yy, yz, zx, zy, zz, sx, sy, sz: Float
  /// Parameters of the formula.
  private let a, b, c, d, e, f, g: Float

  init(_ shape: Shape, worldFromLimb: RigidTransform, blend: Float) {
    let inverse = worldFromLimb.inverse
    let (x, y, z) = (inverse.rows.0, inverse.rows.1, inverse.rows.2)
    (xx, xy, xz) = (Float(x.x), Float(x.y), Float(x.z))
    (yx, yy, yz) = (Float(y.x), Float(y.y), Float(y.z))
    (zx, zy, zz) = (Float(z.x), Float(z.y), Float(z.z))
    let shift = inverse.translation
    (sx, sy, sz) = (Float(shift.x), Float(shift.y), Float(shift.z))
    self.blend = blend
    let sphere = shape.bounds
    let center = worldFromLimb.apply(SIMD3<Double>(sphere.center))
    (cx, cy, cz) = (Float(center.x), Float(center.y), Float(center.z))
    radius = sphere.radius
    (kind, a, b, c, d, e, f, g) = Self.parameters(shape)
  }

  private static func parameters(
    _ shape: Shape
  ) -> (Int32, Float, Float, Float, Float, Float, Float, Float) {
    switch shape {
    case .roundCone(let r1, let r2, let height):
      let slope = (r1 - r2) / height
      return (0, r1, r2, height, slope, (1 - slope * slope).squareRoot(), 0, 0)
    case .box(let half, let round):
      return (1, half.x - round, half.y - round, half.z - round, round, 0, 0, 0)
    case .arcSheet(let radius, let angle, let halfHeight, let halfThickness):
      return (2, radius, halfHeight, halfThickness, sin(angle), cos(angle), 0, 0)
    case .shell(let a, let b, let c, let halfThickness):
      return (3, a.x, a.y, b.x, b.y, c.x, c.y, halfThickness)
    case .ring(let radius, let tube):
      return (4, radius, tube, 0, 0, 0, 0, 0)
    }
  }

  /// Middle of the sphere around the solid, in the world.
  var center: SIMD3<Float> { SIMD3(cx, cy, cz) }

  /// The world point in the limb's frame.
  func local(_ p: SIMD3<Float>) -> SIMD3<Float> {
    SIMD3(
      xx * p.x + xy * p.y + xz * p.z + sx, yx * p.x + yy * p.y + yz * p.z + sy,
      zx * p.x + zy * p.y + zz * p.z + sz)
  }

  /// Signed distance of a world point.
  func distance(_ p: SIMD3<Float>) -> Float { distance(p.x, p.y, p.z) }

  /// Signed distance of a world point.
  @inline(__always) func distance(_ wx: Float, _ wy: Float, _ wz: Float) -> Float {
    let x = xx * wx + xy * wy + xz * wz + sx
    let y = yx * wx + yy * wy + yz * wz + sy
    let z = zx * wx + zy * wy + zz * wz + sz
    switch kind {
    case 0: return roundCone((x * x + z * z).squareRoot(), y)
    case 1: return box(abs(x) - a, abs(y) - b, abs(z) - c)
    case 2: return arcSheet(abs(x), abs(y), z + a)
    case 3: return shell((x * x + z * z).squareRoot(), y)
    default:
      let around = (x * x + z * z).squareRoot() - a
      return (around * around + y * y).squareRoot() - b
    }
  }

  /// In the half plane (distance to the axis, y) the hull's flank is a line that leans by
  /// asin((r1 - r2) / height); below its foot the first sphere is nearest, above its top the second.
  @inline(__always) private func roundCone(_ r: Float, _ y: Float) -> Float {
    let along = y * e - r * d
    if along < 0 { return (r * r + y * y).squareRoot() - a }
    let above = y - c
    if along > e * c { return (r * r + above * above).squareRoot() - b }
    return r * e + y * d - a
  }

  @inline(__always) private func box(_ x: Float, _ y: Float, _ z: Float) -> Float {
    let (px, py, pz) = (max(x, 0), max(y, 0), max(z, 0))
    return (px * px + py * py + pz * pz).squareRoot() + min(max(x, max(y, z)), 0) - d
  }

  /// The sheet's skeleton is an arc, a curve without area, stretched along y; the thickness is
  /// the distance to that skeleton.
  @inline(__always) private func arcSheet(_ x: Float, _ y: Float, _ z: Float) -> Float {
    let squared: Float
    if e * x > d * z {
      let (u, v) = (x - a * d, z - a * e)
      squared = u * u + v * v
    } else {
      let off = (x * x + z * z).squareRoot() - a
      squared = off * off
    }
    let above = max(y - b, 0)
    return (squared + above * above).squareRoot() - c
  }

  @inline(__always) private func shell(_ r: Float, _ y: Float) -> Float {
    min(Self.squared(r - a, y - b, c - a, d - b), Self.squared(r - c, y - d, e - c, f - d))
      .squareRoot() - g
  }

  /// Squared distance of a point to the segment from the origin to `(u, v)`.
  @inline(__always) private static func squared(
    _ r: Float, _ y: Float, _ u: Float, _ v: Float
  ) -> Float {
    let t = min(max((r * u + y * v) / max(u * u + v * v, 1e-12), 0), 1)
    let (p, q) = (r - t * u, y - t * v)
    return p * p + q * q
  }
}
