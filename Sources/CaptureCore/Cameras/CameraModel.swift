/// Pinhole intrinsics in pixels; the upper-left pixel's centre is (0, 0).
public struct Intrinsics: Equatable, Sendable, Codable {
  /// Focal lengths, pixels.
  public var fx, fy: Double
  /// Principal point, pixels.
  public var cx, cy: Double

  /// Intrinsics from the four numbers.
  public init(fx: Double, fy: Double, cx: Double, cy: Double) {
    (self.fx, self.fy, self.cx, self.cy) = (fx, fy, cx, cy)
  }
}

/// Lens distortion: OpenCV's eight-coefficient rational model; all zero means none.
///
///     f  = (1 + k1 r² + k2 r⁴ + k3 r⁶) / (1 + k4 r² + k5 r⁴ + k6 r⁶)
///     x' = x f + 2 p1 x y + p2 (r² + 2 x²),   y' = y f + p1 (r² + 2 y²) + 2 p2 x y
public struct Distortion: Equatable, Sendable, Codable {
  /// Radial coefficients of the numerator (1–3) and denominator (4–6).
  public var k1, k2, k3, k4, k5, k6: Double
  /// Tangential coefficients.
  public var p1, p2: Double

  /// A lens without distortion.
  public static let none = Distortion()

  /// A lens with the given coefficients; those left out are 0.
  public init(
    k1: Double = 0, k2: Double = 0, k3: Double = 0, k4: Double = 0, k5: Double = 0, k6: Double = 0,
    p1: Double = 0, p2: Double = 0
  ) {
    (self.k1, self.k2, self.k3, self.k4, self.k5, self.k6, self.p1, self.p2) = (
      k1, k2, k3, k4, k5, k6, p1, p2
    )
  }

  /// Distorted normalised coordinates of ideal ones, both on the plane z = 1.
  public func distort(_ p: SIMD2<Double>) -> SIMD2<Double> {
    let r2 = p.x * p.x + p.y * p.y
    let f = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    return SIMD2(
      p.x * f + 2 * p1 * p.x * p.y + p2 * (r2 + 2 * p.x * p.x),
      p.y * f + p1 * (r2 + 2 * p.y * p.y) + 2 * p2 * p.x * p.y)
  }

  /// Ideal normalised coordinates of distorted ones, or nil where the model cannot be inverted.
  ///
  /// Newton's method with a numerical Jacobian and step halving; the residual is below 1e-9 (about
  /// a millionth of a pixel). Cost: about five evaluations of the model.
  public func undistort(_ q: SIMD2<Double>) -> SIMD2<Double>? {
    if self == .none { return q }
    var p = q
    var residual = distort(p) - q
    for _ in 0..<40 {
      let error = (residual * residual).sum()
      if error < 1e-22 { break }
      let h = 1e-6
      let dx = (distort(p + SIMD2(h, 0)) - distort(p - SIMD2(h, 0))) / (2 * h)
      let dy = (distort(p + SIMD2(0, h)) - distort(p - SIMD2(0, h))) / (2 * h)
      let det = dx.x * dy.y - dx.y * dy.x
      // A fold of the model: the lens maps two directions to one pixel beyond this radius.
      guard det > 1e-9 else { return nil }
      let step = SIMD2(
        (residual.x * dy.y - residual.y * dy.x) / det, (dx.x * residual.y - dx.y * residual.x) / det
      )
      var scale = 1.0
      while scale > 1e-3 {
        let trial = p - scale * step
        let r = distort(trial) - q
        if (r * r).sum() < error {
          (p, residual) = (trial, r)
          break
        }
        scale *= 0.5
      }
      if scale <= 1e-3 { break }
    }
    return (residual * residual).sum() < 1e-18 && p.x.isFinite && p.y.isFinite ? p : nil
  }
}

/// One lens and its image: size, intrinsics, distortion.
public struct CameraModel: Equatable, Sendable, Codable {
  /// Image size, pixels.
  public var width, height: Int
  /// Pinhole part.
  public var intrinsics: Intrinsics
  /// Lens part.
  public var distortion: Distortion
  /// Farthest from the axis that the model holds, on the plane z = 1; nothing beyond it is seen.
  /// Nil where it holds everywhere.
  public var radius: Double?

  /// A camera of the given size and lens.
  public init(
    width: Int, height: Int, intrinsics: Intrinsics, distortion: Distortion = .none,
    radius: Double? = nil
  ) {
    (self.width, self.height, self.intrinsics) = (width, height, intrinsics)
    (self.distortion, self.radius) = (distortion, radius)
  }

  /// Pixel of a point in the camera's frame, or nil behind the camera and beyond ``radius``. May lie
  /// outside the image.
  public func project(_ p: SIMD3<Double>) -> SIMD2<Double>? {
    guard p.z > 1e-9 else { return nil }
    let ideal = SIMD2(p.x / p.z, p.y / p.z)
    guard isSeen(ideal) else { return nil }
    let d = distortion.distort(ideal)
    return SIMD2(d.x * intrinsics.fx + intrinsics.cx, d.y * intrinsics.fy + intrinsics.cy)
  }

  /// Direction `(x, y, 1)` through a pixel in the camera's frame; nil where the lens has no inverse.
  public func unproject(_ pixel: SIMD2<Double>) -> SIMD3<Double>? {
    let q = SIMD2(
      (pixel.x - intrinsics.cx) / intrinsics.fx, (pixel.y - intrinsics.cy) / intrinsics.fy)
    guard let p = distortion.undistort(q), isSeen(p) else { return nil }
    return SIMD3(p.x, p.y, 1)
  }

  private func isSeen(_ p: SIMD2<Double>) -> Bool {
    guard let radius else { return true }
    return (p * p).sum() <= radius * radius
  }

  /// ``unproject(_:)`` for every pixel centre, row-major `[height × width]`; NaN where undefined.
  public func directionTable() -> [SIMD3<Float>] {
    var table = [SIMD3<Float>](repeating: SIMD3(repeating: .nan), count: width * height)
    for v in 0..<height {
      for u in 0..<width {
        if let d = unproject(SIMD2(Double(u), Double(v))) {
          table[v * width + u] = SIMD3(Float(d.x), Float(d.y), 1)
        }
      }
    }
    return table
  }
}
