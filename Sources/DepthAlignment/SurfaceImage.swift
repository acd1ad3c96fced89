internal import CaptureCore

/// A depth image with normals.
struct SurfaceImage: Sendable {
  /// z-depth, metres, `[height × width]`; 0 without a measurement.
  let depth: [Float]
  /// Unit normals towards the camera in its frame, and how uncertain they are (standard deviation,
  /// radians), both times 32767; all zero where the neighbourhood is no plane.
  let normals: [SIMD4<Int16>]
  /// Grey values of the surfaces, 0...255, NaN where unknown; empty without colour.
  var grey: [Float] = []

  /// Bytes a pixel.
  static let bytes = 2 * MemoryLayout<Float>.stride + MemoryLayout<SIMD4<Int16>>.stride

  init(depth: [Float], lens: DepthLens, _ configuration: AlignmentConfiguration) {
    self.depth = depth
    let fit = NormalFit(lens: lens, configuration: configuration)
    let single = depth.withUnsafeBufferPointer { depth in
      lens.directions.withUnsafeBufferPointer { directions in
        (0..<depth.count).map { i in
          depth[i] > 0 ? fit.normal(i, depth, directions) : SIMD4.zero
        }
      }
    }
    normals = single.withUnsafeBufferPointer { single in
      depth.withUnsafeBufferPointer { depth in
        (0..<depth.count).map { i in fit.averaged(i, single, depth) }
      }
    }
  }

  private init(depth: [Float], normals: [SIMD4<Int16>], grey: [Float]) {
    (self.depth, self.normals, self.grey) = (depth, normals, grey)
  }

  /// The image without normals on planes: these pixels match nothing then, but stay in the way.
  func without(_ planes: [SurfacePlane], _ lens: DepthLens) -> SurfaceImage {
    var normals = normals
    for i in normals.indices {
      guard let (normal, _) = Self.unpack(normals[i]) else { continue }
      let point = SurfacePoint(position: lens.directions[i] * depth[i], normal: normal)
      if planes.contains(where: { PlaneFinder.isOn($0, point, loose: 2) }) { normals[i] = .zero }
    }
    return SurfaceImage(depth: depth, normals: normals, grey: grey)
  }

  /// The normal of a pixel and its standard deviation, radians; nil where there is none.
  @inline(__always) static func unpack(
    _ packed: SIMD4<Int16>
  ) -> (normal: SIMD3<Float>, deviation: Float)? {
    guard packed.w != 0 else { return nil }
    let scaled = SIMD4<Float>(packed) * (1 / 32767)
    return (SIMD3(scaled.x, scaled.y, scaled.z), scaled.w)
  }
}

/// Least squares around a pixel: a plane makes inverse depth linear in undistorted coordinates.
private struct NormalFit {
  let lens: DepthLens
  let configuration: AlignmentConfiguration

  func normal(
    _ i: Int, _ depth: UnsafeBufferPointer<Float>, _ directions: UnsafeBufferPointer<SIMD3<Float>>
  ) -> SIMD4<Int16> {
    let (width, radius) = (lens.width, lens.radius)
    let (u, v) = (i % width, i / width)
    guard u >= radius, v >= radius, u + radius < width, v + radius < lens.height else {
      return .zero
    }
    let (z0, d0) = (depth[i], directions[i])
    let gate = 0.01 + 5 * configuration.noise(z0)
    let q0 = 1 / z0
    var n: Float = 0
    var (x, y, q) = (Float(0), Float(0), Float(0))
    var (xx, xy, yy) = (Float(0), Float(0), Float(0))
    var (xq, yq, qq) = (Float(0), Float(0), Float(0))
    for dv in -radius...radius {
      for du in -radius...radius {
        let j = i + dv * width + du
        let z = depth[j]
        // Wider farther out: a surface may lean by 65 degrees.
        let reach = gate * (1 + 0.6 * Float(abs(du) + abs(dv)))
        guard z > 0, abs(z - z0) < reach else { continue }
        let d = directions[j]
        let (a, b, c) = ((d.x - d0.x) * lens.focal, (d.y - d0.y) * lens.focal, 1 / z - q0)
        n += 1
        (x, y, q) = (x + a, y + b, q + c)
        (xx, xy, yy) = (xx + a * a, xy + a * b, yy + b * b)
        (xq, yq, qq) = (xq + a * c, yq + b * c, qq + c * c)
      }
    }
    let side = Float(2 * radius + 1)
    guard n >= max(5, 0.75 * side * side) else { return .zero }
    (xx, xy, yy) = (xx - x * x / n, xy - x * y / n, yy - y * y / n)
    (xq, yq, qq) = (xq - x * q / n, yq - y * q / n, qq - q * q / n)
    let det = xx * yy - xy * xy
    guard det > 1e-3 * xx * yy else { return .zero }
    let (sx, sy) = ((yy * xq - xy * yq) / det, (xx * yq - xy * xq) / det)
    let variance = max(0, qq - sx * xq - sy * yq) / max(1, n - 3)
    let center = q0 + (q - sx * x - sy * y) / n
    let (cx, cy) = (sx * lens.focal, sy * lens.focal)
    let full = SIMD3(-cx, -cy, -(center - cx * d0.x - cy * d0.y))
    let length = full.length
    let normal = full / length
    let incidence = -normal.dot(d0.normalized)
    // Seen flatter than 78 degrees depth is a guess; and a neighbourhood that is no plane, none.
    let rms = variance.squareRoot() * z0 * z0
    guard length > 0, incidence > 0.2,
      rms < 0.004 + 2.5 * configuration.noise(z0) / incidence
    else { return .zero }
    let floor = configuration.noise(z0) * q0 * q0
    let slope = max(variance, floor * floor) * lens.focal * lens.focal / min(xx, yy)
    let deviation = min(1, slope.squareRoot() / length)
    let packed = (SIMD4(normal, deviation) * 32767).rounded(.toNearestOrEven)
    return SIMD4(
      Int16(packed.x), Int16(packed.y), Int16(packed.z), max(1, Int16(packed.w)))
  }

  /// The mean of the normals around that are nearly the same: on flat surfaces half the noise, and it
  /// is noise in normals that pretends to know how a plane slides on itself.
  func averaged(
    _ i: Int, _ normals: UnsafeBufferPointer<SIMD4<Int16>>, _ depth: UnsafeBufferPointer<Float>
  ) -> SIMD4<Int16> {
    guard let (own, deviation) = SurfaceImage.unpack(normals[i]) else { return .zero }
    let (width, step) = (lens.width, max(1, lens.radius - 1))
    let (u, v) = (i % width, i / width)
    // Wider than what the noise does to a normal, narrower than edges.
    let least = 1 - max(0.02, 4 * deviation * deviation)
    let gate = 0.03 + 5 * configuration.noise(depth[i])
    var (sum, count) = (SIMD3<Float>.zero, Float(0))
    for dv in -2...2 {
      for du in -2...2 {
        let (a, b) = (u + du * step, v + dv * step)
        guard a >= 0, b >= 0, a < width, b < lens.height else { continue }
        let j = b * width + a
        guard let (other, _) = SurfaceImage.unpack(normals[j]), other.dot(own) > least,
          abs(depth[j] - depth[i]) < gate * Float(1 + abs(du) + abs(dv))
        else { continue }
        sum += other
        count += 1
      }
    }
    // Neighbours share pixels: four of them are worth one.
    let better = deviation / (1 + (count - 1) / 4).squareRoot()
    // A normal that is good to 3 degrees only says more of the noise than of the surface.
    guard better < 0.05 else { return .zero }
    let packed = (SIMD4(sum.normalized, better) * 32767).rounded(.toNearestOrEven)
    return SIMD4(Int16(packed.x), Int16(packed.y), Int16(packed.z), max(1, Int16(packed.w)))
  }
}
