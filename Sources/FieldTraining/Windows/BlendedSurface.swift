internal import CaptureCore

/// Two fields of one instant, mixed: `(1 - share) · a + share · b`, distances, gradients and colours.
///
/// Where both have the surface in about one place, so has the mixture, in between.
struct BlendedSurface: ScalarField {
  let a, b: any ScalarField
  /// What `b` counts for, 0 to 1.
  let share: Float

  func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    a.distances(at: points, into: distances)
    withScratch(points.count, Float.zero) { other in
      b.distances(at: points, into: other)
      mix(distances, other, points.count)
    }
  }

  func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) {
    a.gradients(at: points, into: distances, gradients: gradients)
    withScratch(points.count, Float.zero) { otherDistances in
      withScratch(points.count, SIMD3<Float>.zero) { otherGradients in
        b.gradients(at: points, into: otherDistances, gradients: otherGradients)
        mix(distances, otherDistances, points.count)
        mix(gradients, otherGradients, points.count)
      }
    }
  }

  func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    guard a.colors(at: points, into: colors) else { return false }
    return withScratch(points.count, SIMD3<Float>.zero) { other in
      guard b.colors(at: points, into: other) else { return false }
      mix(colors, other, points.count)
      return true
    }
  }

  private func mix(
    _ a: UnsafeMutableBufferPointer<Float>, _ b: UnsafeMutableBufferPointer<Float>, _ count: Int
  ) {
    for i in 0..<count { a[i] += share * (b[i] - a[i]) }
  }

  private func mix(
    _ a: UnsafeMutableBufferPointer<SIMD3<Float>>, _ b: UnsafeMutableBufferPointer<SIMD3<Float>>,
    _ count: Int
  ) {
    for i in 0..<count { a[i] += share * (b[i] - a[i]) }
  }

  private func withScratch<Element, Result>(
    _ count: Int, _ zero: Element, _ body: (UnsafeMutableBufferPointer<Element>) -> Result
  ) -> Result {
    var scratch = [Element](repeating: zero, count: count)
    return scratch.withUnsafeMutableBufferPointer { body($0) }
  }
}
