internal import CaptureCore
internal import Foundation

/// Local least squares on one depth image: better depth and a normal at every pixel that has support.
///
/// A plane makes inverse depth linear in the undistorted image coordinates, so around a pixel
///
///     1 / z = c0 + c1 dx + c2 dy + c3 dx² + c4 dx dy + c5 dy²
///
/// is fitted with Gaussian weights over pixels: the linear part gives the normal, the quadratic part
/// keeps curved surfaces from shrinking (a plane fit pulls a sphere of 10 cm inwards by 0.4 mm at
/// 2 m). Neighbours off the surface are left out: first by depth, then by three residual deviations.
struct DepthSmoothing {
  let sigma: Float
  private let radius: Int
  private let spatial: [Float]

  init(sigma: Double) {
    self.sigma = Float(sigma)
    radius = sigma > 1.3 ? 4 : 3
    let s = Float(max(sigma, 0.5))
    var spatial: [Float] = []
    for dv in -radius...radius {
      for du in -radius...radius {
        spatial.append(exp(-Float(du * du + dv * dv) / (2 * s * s)))
      }
    }
    self.spatial = spatial
  }

  struct Fit {
    var z: Float
    /// Unit normal in the camera frame, towards the camera.
    var normal: SIMD3<Float>
  }

  /// Fits around a pixel that has depth; nil when too few neighbours agree.
  func fit(
    _ u: Int, _ v: Int, depth: UnsafePointer<Float>, rays: CameraRays, gate: Float
  ) -> Fit? {
    let at = v * rays.width + u
    let z0 = depth[at]
    guard let plane = solve(u, v, depth, rays, z0: z0, around: nil, gate: gate, quadratic: false)
    else { return nil }
    let q = SIMD3(plane[0], plane[1], plane[2])
    let better = solve(u, v, depth, rays, z0: z0, around: q, gate: gate, quadratic: true)
    let c = better ?? plane
    guard c[0] > 1e-3 else { return nil }
    let d = rays.directions[at]
    let n = SIMD3(-c[1], -c[2], -(c[0] - c[1] * d.x - c[2] * d.y)).normalized
    let z = sigma > 0 ? 1 / c[0] : z0
    guard z.isFinite, n.x.isFinite else { return nil }
    return Fit(z: z, normal: n)
  }

  /// Weighted least squares over the window; coefficients of inverse depth, or nil.
  private func solve(
    _ u: Int, _ v: Int, _ depth: UnsafePointer<Float>, _ rays: CameraRays, z0: Float,
    around plane: SIMD3<Float>?, gate: Float, quadratic: Bool
  ) -> [6 of Float]? {
    let n = quadratic ? 6 : 3
    var system = NormalEquations(n)
    let (w, h) = (rays.width, rays.height)
    let center = rays.directions[v * w + u]
    // Coordinates in units of one pixel keep the equations well scaled.
    let scale = rays.focal
    let gateInverse = gate / (z0 * z0)
    var count = 0
    for dv in max(-radius, -v)...min(radius, h - 1 - v) {
      for du in max(-radius, -u)...min(radius, w - 1 - u) {
        let i = (v + dv) * w + u + du
        let z = depth[i]
        guard z > 0 else { continue }
        let d = rays.directions[i]
        let (dx, dy) = ((d.x - center.x) * scale, (d.y - center.y) * scale)
        let q = 1 / z
        // The first pass gates by depth, wider further out: a surface may lean by 70 degrees.
        let expected = plane.map { $0.x + ($0.y * dx + $0.z * dy) / scale } ?? 1 / z0
        let reach = plane == nil ? 1 + 0.6 * (abs(dx) + abs(dy)) : 0.6
        guard abs(q - expected) < gateInverse * reach else { continue }
        let weight = spatial[(dv + radius) * (2 * radius + 1) + du + radius]
        system.add(dx, dy, q, weight)
        count += 1
      }
    }
    guard count >= (quadratic ? 12 : 5), var c = system.solved() else { return nil }
    (c[1], c[2]) = (c[1] * scale, c[2] * scale)
    return c
  }
}

/// Six (or three) normal equations of a bivariate quadratic, solved by Cholesky's method in double.
private struct NormalEquations {
  let n: Int
  private var a: [36 of Double] = .init(repeating: 0)
  private var b: [6 of Double] = .init(repeating: 0)

  init(_ n: Int) { self.n = n }

  mutating func add(_ dx: Float, _ dy: Float, _ q: Float, _ weight: Float) {
    let (x, y, w) = (Double(dx), Double(dy), Double(weight))
    let row: [6 of Double] = [1, x, y, x * x, x * y, y * y]
    for i in 0..<n {
      b[i] += w * row[i] * Double(q)
      for j in 0...i { a[6 * i + j] += w * row[i] * row[j] }
    }
  }

  func solved() -> [6 of Float]? {
    var (l, x) = (a, b)
    for i in 0..<n {
      for j in 0...i {
        var sum = l[6 * i + j]
        for k in 0..<j { sum -= l[6 * i + k] * l[6 * j + k] }
        if i == j {
          guard sum > 1e-9 * a[6 * i + i] else { return nil }
          l[6 * i + i] = sum.squareRoot()
        } else {
          l[6 * i + j] = sum / l[6 * j + j]
        }
      }
    }
    for i in 0..<n {
      for k in 0..<i { x[i] -= l[6 * i + k] * x[k] }
      x[i] /= l[6 * i + i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for k in i + 1..<max(n, i + 1) { x[i] -= l[6 * k + i] * x[k] }
      x[i] /= l[6 * i + i]
    }
    var result: [6 of Float] = .init(repeating: 0)
    for i in 0..<n { result[i] = Float(x[i]) }
    return result
  }
}
