/// The way from world points to pixels of one placed lens, for millions of points.
///
/// The exact forward model of ``CameraModel/project(_:)`` in single precision, good to about a
/// thousandth of a pixel. The rational model folds back beyond some radius and would bring points
/// from outside the view into the image; so nothing further out than the image's own rim is
/// projected.
public struct PixelProjection: Sendable {
  /// Image size, pixels.
  public let width, height: Int
  /// The camera's axes in the world: +x right, +y down, +z forward.
  public let right, down, forward: SIMD3<Float>
  /// The lens in the world, metres.
  public let origin: SIMD3<Float>
  @usableFromInline let fx, fy, cx, cy: Float
  @usableFromInline let k: (Float, Float, Float, Float, Float, Float)
  @usableFromInline let p1, p2: Float
  /// Square of the largest distortion-free radius that projects into the image.
  @usableFromInline let largestRadius2: Float

  /// The projection of a lens at a place. Cost: about a millisecond.
  public init(_ model: CameraModel, worldFromCamera t: RigidTransform) {
    (width, height) = (model.width, model.height)
    right = SIMD3<Float>(t.rotate(SIMD3(1, 0, 0)))
    down = SIMD3<Float>(t.rotate(SIMD3(0, 1, 0)))
    forward = SIMD3<Float>(t.rotate(SIMD3(0, 0, 1)))
    origin = SIMD3<Float>(t.translation)
    let (i, d) = (model.intrinsics, model.distortion)
    (fx, fy, cx, cy) = (Float(i.fx), Float(i.fy), Float(i.cx), Float(i.cy))
    k = (Float(d.k1), Float(d.k2), Float(d.k3), Float(d.k4), Float(d.k5), Float(d.k6))
    (p1, p2) = (Float(d.p1), Float(d.p2))
    largestRadius2 = Float(Self.rim(model)) * 1.02 + 1e-4
  }

  /// Where on the image a world point falls, in pixels, and its z-depth; nil outside the image or
  /// behind the camera. Rounded to the nearest, `u` and `v` are a pixel of the image.
  @inlinable @inline(__always) public func project(
    _ p: SIMD3<Float>
  ) -> (u: Float, v: Float, z: Float)? {
    let q = p - origin
    let z = q.dot(forward)
    guard z > 0.01 else { return nil }
    let (x, y) = (q.dot(right) / z, q.dot(down) / z)
    let r2 = x * x + y * y
    guard r2 <= largestRadius2 else { return nil }
    let f =
      (1 + r2 * (k.0 + r2 * (k.1 + r2 * k.2))) / (1 + r2 * (k.3 + r2 * (k.4 + r2 * k.5)))
    let u = fx * (x * f + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)) + cx
    let v = fy * (y * f + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y) + cy
    guard u > -0.5, v > -0.5, u < Float(width) - 0.5, v < Float(height) - 0.5 else { return nil }
    return (u, v, z)
  }

  /// Index of the pixel nearest to where a world point falls, row by row, and the point's z-depth; nil as
  /// ``project(_:)``.
  @inlinable @inline(__always) public func pixel(
    _ p: SIMD3<Float>
  ) -> (index: Int, z: Float)? {
    guard let hit = project(p) else { return nil }
    return (Int(hit.v + 0.5) * width + Int(hit.u + 0.5), hit.z)
  }

  /// Largest squared radius of an ideal ray through the rim of the image. Where the lens has no
  /// inverse at the rim, the outermost pixel towards it that has one counts.
  private static func rim(_ model: CameraModel) -> Double {
    let (w, h) = (Double(model.width - 1), Double(model.height - 1))
    let center = SIMD2(w / 2, h / 2)
    var largest = 0.0
    for step in 0...64 {
      let (a, b) = (w * Double(step) / 64, h * Double(step) / 64)
      for start in [SIMD2(a, 0), SIMD2(a, h), SIMD2(0, b), SIMD2(w, b)] {
        var share = 1.0
        while share > 0 {
          if let ray = model.unproject(center + (start - center) * share) {
            largest = max(largest, ray.x * ray.x + ray.y * ray.y)
            break
          }
          share -= 1.0 / 64
        }
      }
    }
    return largest
  }
}
