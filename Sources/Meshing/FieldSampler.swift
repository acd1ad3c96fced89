internal import CaptureCore

/// Asks a field and the observations in batches, on several threads, and counts the questions.
struct FieldSampler {
  /// Points of one call: enough to keep a field's own batches full, few enough to share out.
  static let batch = 8192

  let field: any ScalarField
  let observations: (any FrameObservations)?
  let threads: Int?
  let monitor: StageMonitor
  var report = MeshReport()

  init(
    _ field: any ScalarField, _ observations: (any FrameObservations)?, threads: Int?,
    _ monitor: StageMonitor
  ) {
    (self.field, self.observations, self.threads, self.monitor) = (
      field, observations, threads, monitor
    )
  }

  /// Signed distances, metres.
  mutating func distances(_ points: [SIMD3<Float>]) throws(CaptureError) -> [Float] {
    try distances(points, of: field)
  }

  /// Signed distances of another field, metres.
  mutating func distances(
    _ points: [SIMD3<Float>], of field: any ScalarField
  ) throws(CaptureError) -> [Float] {
    report.distanceQueries += points.count
    var result = [Float](repeating: 0, count: points.count)
    try inBatches(points, &result) { field.distances(at: $0, into: $1) }
    return result
  }

  /// How far each point lies in free space, metres; minus infinity without observations.
  mutating func freedom(_ points: [SIMD3<Float>]) throws(CaptureError) -> [Float] {
    var result = [Float](repeating: -.infinity, count: points.count)
    guard let observations else { return result }
    report.freedomQueries += points.count
    try inBatches(points, &result) { observations.freedom(of: $0, into: $1) }
    return result
  }

  /// Gradients and, in the last place, signed distances.
  mutating func slopes(_ points: [SIMD3<Float>]) throws(CaptureError) -> [SIMD4<Float>] {
    report.gradientQueries += points.count
    var result = [SIMD4<Float>](repeating: .zero, count: points.count)
    try inBatches(points, &result) { [field] points, result in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: points.count) { distances in
        withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: points.count) { slopes in
          field.gradients(at: points, into: distances, gradients: slopes)
          for i in 0..<points.count { result[i] = SIMD4(slopes[i], distances[i]) }
        }
      }
    }
    return result
  }

  /// What a field says of a point of its surface.
  struct SurfaceAnswer {
    /// Signed distance in `w`, gradient in `xyz`.
    var slope = SIMD4<Float>.zero
    /// sRGB, and 1 in the last place where the field has colours.
    var color = SIMD4<UInt8>.zero
  }

  /// Signed distances, gradients and colours.
  mutating func surface(_ points: [SIMD3<Float>]) throws(CaptureError) -> [SurfaceAnswer] {
    report.gradientQueries += points.count
    report.colorQueries += points.count
    var result = [SurfaceAnswer](repeating: SurfaceAnswer(), count: points.count)
    try inBatches(points, &result) { [field] points, result in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: points.count) { distances in
        withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: points.count) { slopes in
          withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: points.count) { colors in
            let hasColors = field.surface(
              at: points, into: distances, gradients: slopes, colors: colors)
            for i in 0..<points.count {
              result[i].slope = SIMD4(slopes[i], distances[i])
              if hasColors { result[i].color = Self.levels(colors[i]) }
            }
          }
        }
      }
    }
    return result
  }

  /// sRGB colours with 1 in the last place; 0 there when the field has none.
  mutating func colors(_ points: [SIMD3<Float>]) throws(CaptureError) -> [SIMD4<UInt8>] {
    report.colorQueries += points.count
    var result = [SIMD4<UInt8>](repeating: .zero, count: points.count)
    try inBatches(points, &result) { [field] points, result in
      withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: points.count) { colors in
        guard field.colors(at: points, into: colors) else { return }
        for i in 0..<points.count { result[i] = Self.levels(colors[i]) }
      }
    }
    return result
  }

  private static func levels(_ c: SIMD3<Float>) -> SIMD4<UInt8> {
    SIMD4(level(c.x), level(c.y), level(c.z), 1)
  }

  /// 0...255 for 0...1; 0 for what is less or no number.
  private static func level(_ x: Float) -> UInt8 { x >= 0 ? UInt8(min(x, 1) * 255 + 0.5) : 0 }

  private func inBatches<Value: Sendable>(
    _ points: [SIMD3<Float>], _ result: inout [Value],
    _ body: (UnsafeBufferPointer<SIMD3<Float>>, UnsafeMutableBufferPointer<Value>) -> Void
  ) throws(CaptureError) {
    let batches = (points.count + Self.batch - 1) / Self.batch
    points.withUnsafeBufferPointer { points in
      result.withUnsafeMutableBufferPointer { result in
        nonisolated(unsafe) let (points, result) = (points, result)
        concurrently(batches, threads: threads) { batch, _ in
          if monitor.isCancelled() { return }
          let range = (batch * Self.batch)..<min((batch + 1) * Self.batch, points.count)
          body(
            UnsafeBufferPointer(rebasing: points[range]),
            UnsafeMutableBufferPointer(rebasing: result[range]))
        }
      }
    }
    try monitor.checkCancelled()
  }
}
