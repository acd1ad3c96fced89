internal import CaptureCore

/// The direction `(x, y, 1)` of every pixel of a lens, and of places between pixels.
struct LensRays: Sendable {
  let width, height: Int
  private let table: [SIMD3<Float>]

  init(_ model: CameraModel) {
    (width, height) = (model.width, model.height)
    table = model.directionTable()
  }

  /// Direction through a pixel's centre; NaN where the lens has none.
  @inline(__always) func direction(_ u: Int, _ v: Int) -> SIMD3<Float> { table[v * width + u] }

  /// Change of the direction over one pixel, along u and along v.
  ///
  /// Within a pixel the lens is linear to 1e-4 of a pixel, so this serves all its sub-rays.
  func steps(_ u: Int, _ v: Int) -> (u: SIMD3<Float>, v: SIMD3<Float>) {
    let (u0, u1) = (max(u - 1, 0), min(u + 1, width - 1))
    let (v0, v1) = (max(v - 1, 0), min(v + 1, height - 1))
    return (
      (direction(u1, v) - direction(u0, v)) / Float(u1 - u0),
      (direction(u, v1) - direction(u, v0)) / Float(v1 - v0)
    )
  }
}
