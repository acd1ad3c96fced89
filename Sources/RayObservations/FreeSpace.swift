internal import CaptureCore

/// What one camera saw through: per pixel, the z-depth up to which space is surely free.
///
/// The smallest known depth in the window of ±`pixels` around a pixel, less the margin; where more than
/// half of the window is unknown, nothing is free.
struct FreeDepth {
  let rays: CameraRays
  private let limits: [Float]

  init(_ depth: ObservedDepth, rays: CameraRays, margin: Float, pixels r: Int) {
    self.rays = rays
    let (w, h) = (depth.width, depth.height)
    // Rows first, then columns: minimum and number of known samples over the window.
    var rowLeast = [Int16](repeating: .max, count: w * h)
    var rowKnown = [Int16](repeating: 0, count: w * h)
    var limits = [Float](repeating: 0, count: w * h)
    for v in 0..<h {
      for u in 0..<w {
        var (least, known) = (Int16.max, Int16(0))
        for a in max(0, u - r)...min(w - 1, u + r) {
          let s = depth.samples[v * w + a]
          guard s != 0 else { continue }
          least = min(least, s < 0 ? -s : s)
          known += 1
        }
        (rowLeast[v * w + u], rowKnown[v * w + u]) = (least, known)
      }
    }
    for v in 0..<h {
      let rows = max(0, v - r)...min(h - 1, v + r)
      for u in 0..<w {
        var (least, known) = (Int16.max, 0)
        for b in rows {
          least = min(least, rowLeast[b * w + u])
          known += Int(rowKnown[b * w + u])
        }
        let all = rows.count * (min(w - 1, u + r) - max(0, u - r) + 1)
        limits[v * w + u] = 2 * known >= all ? Float(least) * ObservedDepth.step - margin : 0
      }
    }
    self.limits = limits
  }

  /// How far the point lies in front of what this camera saw, along its optical axis; nil where the
  /// camera knows nothing.
  @inline(__always) func freedom(_ p: SIMD3<Float>) -> Float? {
    guard let hit = rays.pixel(p) else { return nil }
    let limit = limits[hit.index]
    return limit > 0 ? limit - hit.z : nil
  }

  /// The direction, in pixels, in which what was seen around a pixel is nearer than `z`; nil where fewer than
  /// `enough` pixels of the window of ±`reach` are, or on all sides of it.
  func nearer(than z: Float, around pixel: Int, _ reach: Int, _ enough: Int) -> SIMD2<Float>? {
    let (u, v) = (pixel % rays.width, pixel / rays.width)
    guard min(u, v) >= reach, u + reach < rays.width, v + reach < rays.height else { return nil }
    var (sum, count) = (SIMD2<Float>.zero, 0)
    for b in -reach...reach {
      for a in -reach...reach {
        let limit = limits[pixel + b * rays.width + a]
        guard limit > 0, limit < z else { continue }
        sum += SIMD2(Float(a), Float(b))
        count += 1
      }
    }
    let size = (sum * sum).sum().squareRoot()
    guard count >= enough, size > 0.25 * Float(count * reach) else { return nil }
    return sum / size
  }
}
