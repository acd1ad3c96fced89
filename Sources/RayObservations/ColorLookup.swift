internal import CaptureCore

/// The colour that a depth pixel's place has in the same camera's colour image.
///
/// The two lenses stand some centimetres apart, so what one sees the other may not: the depth image,
/// splatted into coarse cells of the colour image, tells what is hidden.
struct ColorLookup {
  private let image: ColorImage
  private let model: CameraModel
  private let colorFromDepth: RigidTransform
  private let cell: Double
  private let columns: Int
  private var nearest: [Float]

  /// Nil when the camera has no colour lens or the image is not of its size.
  init?(image: ColorImage, placed: PlacedCamera, raw: [Float], rays: CameraRays) {
    guard let model = placed.description.color, image.width == model.width,
      image.height == model.height
    else { return nil }
    (self.image, self.model, colorFromDepth) = (image, model, placed.description.colorFromDepth)
    // Two depth pixels a cell, so that a surface leaves no gaps between its splats.
    cell = max(1, 2 * model.intrinsics.fx / Double(rays.focal))
    columns = Int(Double(model.width) / cell) + 1
    nearest = [Float](
      repeating: .infinity, count: columns * (Int(Double(model.height) / cell) + 1))
    for i in raw.indices where raw[i] > 0 {
      guard let (pixel, z) = project(z: raw[i], direction: rays.directions[i]) else { continue }
      let at = Int(pixel.y / cell) * columns + Int(pixel.x / cell)
      nearest[at] = min(nearest[at], z)
    }
  }

  func color(z: Float, direction: SIMD3<Float>) -> SIMD3<UInt8>? {
    guard let (pixel, depth) = project(z: z, direction: direction) else { return nil }
    let at = Int(pixel.y / cell) * columns + Int(pixel.x / cell)
    guard depth < nearest[at] + 0.06, let rgb = image.sample(pixel) else { return nil }
    return SIMD3<UInt8>(rgb.rounded(.toNearestOrAwayFromZero))
  }

  private func project(z: Float, direction: SIMD3<Float>) -> (SIMD2<Double>, Float)? {
    guard direction.x.isFinite else { return nil }
    let p = colorFromDepth.apply(SIMD3<Double>(direction * z))
    guard let pixel = model.project(p), pixel.x >= 0, pixel.y >= 0,
      pixel.x <= Double(model.width - 1), pixel.y <= Double(model.height - 1)
    else { return nil }
    return (pixel, Float(p.z))
  }
}
