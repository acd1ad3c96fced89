internal import CaptureCore

/// The depth lens of one placed camera, ready for many pixels and many points.
///
/// Rays come from a table of exact (undistorted) directions; projection runs the exact forward model
/// in single precision, good to about a thousandth of a pixel.
struct CameraRays: Sendable {
  let width, height: Int
  /// `(x, y, 1)` through each pixel centre, camera frame; NaN where the lens has no inverse.
  let directions: [SIMD3<Float>]
  /// Camera to world.
  let right, down, forward, origin: SIMD3<Float>
  /// Focal length in pixels, for turning pixels into metres.
  let focal: Float
  private let fx, fy, cx, cy: Float
  private let k: (Float, Float, Float, Float, Float, Float)
  private let p1, p2: Float
  /// Square of the largest distortion-free radius that projects into the image.
  private let largestRadius2: Float

  init(_ model: CameraModel, worldFromDepth: RigidTransform) {
    (width, height, directions) = (model.width, model.height, model.directionTable())
    let t = worldFromDepth
    func column(_ v: SIMD3<Double>) -> SIMD3<Float> { SIMD3<Float>(t.rotate(v)) }
    (right, down, forward) = (
      column(SIMD3(1, 0, 0)), column(SIMD3(0, 1, 0)), column(SIMD3(0, 0, 1))
    )
    origin = SIMD3<Float>(t.translation)
    let (i, d) = (model.intrinsics, model.distortion)
    (fx, fy, cx, cy) = (Float(i.fx), Float(i.fy), Float(i.cx), Float(i.cy))
    focal = (fx + fy) / 2
    k = (Float(d.k1), Float(d.k2), Float(d.k3), Float(d.k4), Float(d.k5), Float(d.k6))
    (p1, p2) = (Float(d.p1), Float(d.p2))
    var radius: Float = 0
    for d in directions where d.x.isFinite { radius = max(radius, d.x * d.x + d.y * d.y) }
    largestRadius2 = radius * 1.02 + 1e-4
  }

  /// The world point at z-depth `z` along the ray of a pixel.
  func point(_ index: Int, _ z: Float) -> SIMD3<Float> {
    let d = directions[index]
    return origin + (right * d.x + down * d.y + forward) * z
  }

  /// A direction of the camera frame in the world.
  func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> { right * v.x + down * v.y + forward * v.z }

  /// Nearest pixel of a world point and its z-depth; nil outside the image or behind the camera.
  @inline(__always) func pixel(_ p: SIMD3<Float>) -> (index: Int, z: Float)? {
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
    return (Int(v + 0.5) * width + Int(u + 0.5), z)
  }
}
