internal import CaptureCore
internal import NeuralFields

/// A field at one time, in world metres.
struct FieldSurface: ScalarField {
  let slice: any FieldSlice
  let space: FieldSpace
  let hasColor: Bool
  /// Points converted at a time: 768 KB of scratch.
  private static let block = 65_536

  func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    forBlocks(points) { field, range in
      let out = distances.baseAddress! + range.lowerBound
      slice.evaluate(field, distance: out, gradient: nil, rgb: nil)
      for i in 0..<range.count { out[i] *= space.scale }
    }
  }

  func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) {
    evaluate(points, distances, gradients: gradients, colors: nil)
  }

  func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    guard hasColor else { return false }
    var unused = [Float](repeating: 0, count: points.count)
    unused.withUnsafeMutableBufferPointer {
      evaluate(points, $0, gradients: nil, colors: colors)
    }
    return true
  }

  private func evaluate(
    _ points: UnsafeBufferPointer<SIMD3<Float>>, _ distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>?,
    colors: UnsafeMutableBufferPointer<SIMD3<Float>>?
  ) {
    let room = 3 * min(points.count, Self.block)
    var slopes = [Float](repeating: 0, count: gradients == nil ? 0 : room)
    var rgb = [Float](repeating: 0, count: colors == nil ? 0 : room)
    forBlocks(points) { field, range in
      let out = distances.baseAddress! + range.lowerBound
      slopes.withUnsafeMutableBufferPointer { slopes in
        rgb.withUnsafeMutableBufferPointer { rgb in
          slice.evaluate(
            field, distance: out, gradient: gradients == nil ? nil : slopes.baseAddress,
            rgb: colors == nil ? nil : rgb.baseAddress)
        }
      }
      for i in 0..<range.count {
        out[i] *= space.scale
        gradients?[range.lowerBound + i] = SIMD3(
          slopes[3 * i], slopes[3 * i + 1], slopes[3 * i + 2])
        colors?[range.lowerBound + i] = SIMD3(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
      }
    }
  }

  private func forBlocks(
    _ points: UnsafeBufferPointer<SIMD3<Float>>,
    _ body: (UnsafeBufferPointer<Float>, Range<Int>) -> Void
  ) {
    var packed = [Float](repeating: 0, count: 3 * min(points.count, Self.block))
    for first in stride(from: 0, to: points.count, by: Self.block) {
      let range = first..<min(points.count, first + Self.block)
      for (k, i) in range.enumerated() {
        let p = space.fieldFromWorld(points[i])
        (packed[3 * k], packed[3 * k + 1], packed[3 * k + 2]) = (p.x, p.y, p.z)
      }
      packed.withUnsafeBufferPointer {
        body(UnsafeBufferPointer(rebasing: $0[..<(3 * range.count)]), range)
      }
    }
  }
}
