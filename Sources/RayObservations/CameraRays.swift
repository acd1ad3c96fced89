internal import CaptureCore

/// The depth lens of one placed camera, ready for many pixels and many points.
///
/// Rays come from a table of exact (undistorted) directions; projection runs the exact forward model
/// in single precision, good to about a thousandth of a pixel.
struct CameraRays: Sendable {
  let width, height: Int
  /// `(x, y, 1)` through each pixel centre, camera frame; NaN where the lens has no inverse.
  let directions: [SIMD3<Float>]
  private let projection: PixelProjection
  /// Focal length in pixels, for turning pixels into metres.
  let focal: Float

  init(_ model: CameraModel, worldFromDepth: RigidTransform) {
    (width, height, directions) = (model.width, model.height, model.directionTable())
    projection = PixelProjection(model, worldFromCamera: worldFromDepth)
    focal = Float(model.intrinsics.fx + model.intrinsics.fy) / 2
  }

  /// z-depth of an image's pixels, metres; 0 out of range and where the lens has no ray. Nil for an image of
  /// another size.
  func depth(_ image: DepthImage, within range: ClosedRange<Float>) -> [Float]? {
    guard image.width == width, image.height == height else { return nil }
    return zip(image.samples, directions).map { sample, direction in
      let z = Float(sample) * image.unit
      return range.contains(z) && direction.x.isFinite ? z : 0
    }
  }

  /// The depth lens in the world.
  var origin: SIMD3<Float> { projection.origin }

  /// The world point at z-depth `z` along the ray of a pixel.
  func point(_ index: Int, _ z: Float) -> SIMD3<Float> {
    let d = directions[index]
    return projection.origin + rotate(d) * z
  }

  /// A direction of the camera frame in the world.
  func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> {
    projection.right * v.x + projection.down * v.y + projection.forward * v.z
  }

  /// Nearest pixel of a world point and its z-depth; nil outside the image or behind the camera.
  @inline(__always) func pixel(_ p: SIMD3<Float>) -> (index: Int, z: Float)? {
    projection.pixel(p)
  }
}
