internal import CaptureCore

/// The depth lens of a camera at the size at which images are compared.
struct DepthLens: Sendable {
  let width, height: Int
  /// Pixels of the image to each side of one here.
  let factor: Int
  /// `(x, y, 1)` through each pixel's centre, camera frame; NaN where the lens has no inverse.
  let directions: [SIMD3<Float>]
  /// From points in the camera's own frame to pixels.
  let projection: PixelProjection
  /// Focal length, pixels.
  let focal: Float
  /// Pixels to each side of one that its normal is taken from.
  let radius: Int
  private let reduced: ReducedDepthLens

  /// Nil for a camera without depth, or with hardly any pixels.
  init?(_ camera: CameraDescription, longest: Int) {
    guard let reduced = ReducedDepthLens(camera, longest: longest, least: 8) else { return nil }
    let model = reduced.model
    (width, height, factor) = (model.width, model.height, reduced.factor)
    self.reduced = reduced
    directions = model.directionTable()
    projection = PixelProjection(model, worldFromCamera: .identity)
    focal = Float(model.intrinsics.fx + model.intrinsics.fy) / 2
    // About 4 cm at 1 m in all: more would smear bodies, less leaves the normals to the noise.
    radius = max(1, min(3, Int((focal / 84).rounded())))
  }

  /// z-depth of each block, metres, `[height × width]`: the mean, or 0 at steps and where less than
  /// half was measured. Nil for an image of another size.
  func reduce(_ image: DepthImage) -> [Float]? {
    guard var depths = reduced.reduce(image) else { return nil }
    for i in depths.indices where !directions[i].x.isFinite || depths[i] < 0 { depths[i] = 0 }
    return depths
  }
}
