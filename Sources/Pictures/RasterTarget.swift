internal import CaptureCore

/// A picture with a depth buffer.
///
/// Source: J. Pineda, *A Parallel Algorithm for Polygon Rasterization*, 1988.
struct RasterTarget {
  let width, height: Int
  /// `[height × width × 3]`.
  let pixels: UnsafeMutableBufferPointer<UInt8>
  /// `[height × width]`, 0 where nothing is drawn.
  let inverseDepths: UnsafeMutableBufferPointer<Float>

  /// Draws one triangle; one with a corner that is not on the screen is left out.
  mutating func draw(_ a: ScreenVertex, _ b: ScreenVertex, _ c: ScreenVertex) {
    let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
    // False for NaN, too.
    guard abs(area) > 0, area.isFinite else { return }
    // Rows run downward: counter-clockwise for the eye is negative here.
    if area < 0 {
      fill(a, c, b, area: -area, isFront: true)
    } else {
      fill(a, b, c, area: area, isFront: false)
    }
  }

  /// Fills a triangle with positive area.
  private func fill(
    _ a: ScreenVertex, _ b: ScreenVertex, _ c: ScreenVertex, area: Double, isFront: Bool
  ) {
    let (left, right) = (max(0, min(a.x, b.x, c.x)), min(Double(width - 1), max(a.x, b.x, c.x)))
    let (top, bottom) = (max(0, min(a.y, b.y, c.y)), min(Double(height - 1), max(a.y, b.y, c.y)))
    guard left <= right, top <= bottom else { return }
    let columns = Int(left.rounded(.up))..<Int(right) + 1
    let edges = (Edge(b, c), Edge(c, a), Edge(a, b))
    for v in Int(top.rounded(.up))..<Int(bottom) + 1 {
      for u in columns {
        let (x, y) = (Double(u), Double(v))
        let (wa, wb, wc) = (edges.0.value(x, y), edges.1.value(x, y), edges.2.value(x, y))
        guard edges.0.holds(wa), edges.1.holds(wb), edges.2.holds(wc) else { continue }
        let ka = Float(wa / area) * a.inverseDepth
        let kb = Float(wb / area) * b.inverseDepth
        let kc = Float(wc / area) * c.inverseDepth
        let inverseDepth = ka + kb + kc
        let at = v * width + u
        guard inverseDepth > inverseDepths[at] else { continue }
        inverseDepths[at] = inverseDepth
        set(at, (a.color * ka + b.color * kb + c.color * kc) / inverseDepth, isFront)
      }
    }
  }

  @inline(__always)
  private func set(_ at: Int, _ color: SIMD4<Float>, _ isFront: Bool) {
    let red = SIMD3<Float>(MeshRasterizer.backFace) * color.w
    let shown = isFront ? SIMD3(color.x, color.y, color.z) : red
    let rounded = (shown + 0.5).clamped(
      lowerBound: SIMD3(repeating: 0), upperBound: SIMD3(repeating: 255))
    pixels[3 * at] = UInt8(rounded.x)
    pixels[3 * at + 1] = UInt8(rounded.y)
    pixels[3 * at + 2] = UInt8(rounded.z)
  }

  /// One edge's line: positive inside, 0 on it.
  private struct Edge {
    let dx, dy, x, y: Double
    /// Whether pixels on the edge belong to the triangle: only those of left and top edges do.
    let owns: Bool

    init(_ from: ScreenVertex, _ to: ScreenVertex) {
      (dx, dy, x, y) = (to.x - from.x, to.y - from.y, from.x, from.y)
      owns = dy < 0 || (dy == 0 && dx > 0)
    }

    @inline(__always) func value(_ u: Double, _ v: Double) -> Double {
      dx * (v - y) - dy * (u - x)
    }

    @inline(__always) func holds(_ value: Double) -> Bool { value > 0 || (value == 0 && owns) }
  }
}
