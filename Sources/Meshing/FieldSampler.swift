internal import CaptureCore

/// Asks a field and the observations, on several threads, and counts the questions.
struct FieldSampler {
  /// Points of one call: enough to keep a field's own tiles full, few enough to share out to the last.
  static let batch = 512

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

  /// Numbers of points asked about.
  struct Questions {
    var distances = 0, gradients = 0, colors = 0, freedom = 0
  }

  /// Runs `body` for every index below `count` on several threads, counting what it asked itself.
  /// - Throws: ``CaptureError`` `tryAgain` when the monitor stops; some indices are left out then.
  mutating func inParallel(
    _ count: Int, _ body: (Int) -> Questions
  ) throws(CaptureError) {
    var asked = [Questions](repeating: Questions(), count: count)
    asked.withUnsafeMutableBufferPointer { asked in
      nonisolated(unsafe) let asked = asked
      concurrently(count, threads: threads) { index, _ in
        if monitor.isCancelled() { return }
        asked[index] = body(index)
      }
    }
    try monitor.checkCancelled()
    for asked in asked {
      report.distanceQueries += asked.distances
      report.gradientQueries += asked.gradients
      report.colorQueries += asked.colors
      report.freedomQueries += asked.freedom
    }
  }

  /// Signed distances, metres.
  mutating func distances(_ points: [SIMD3<Float>]) throws(CaptureError) -> [Float] {
    try distances(points, of: field)
  }

  /// Signed distances of another field, metres.
  mutating func distances(
    _ points: [SIMD3<Float>], of field: any ScalarField
  ) throws(CaptureError) -> [Float] {
    var result = [Float](repeating: 0, count: points.count)
    try inBatches(points, &result) { points, result in
      field.distances(at: points, into: result)
      return Questions(distances: points.count)
    }
    return result
  }

  /// How far each point lies in free space, metres; minus infinity without observations.
  mutating func freedom(_ points: [SIMD3<Float>]) throws(CaptureError) -> [Float] {
    var result = [Float](repeating: -.infinity, count: points.count)
    guard let observations else { return result }
    try inBatches(points, &result) { points, result in
      observations.freedom(of: points, into: result)
      return Questions(freedom: points.count)
    }
    return result
  }

  /// Gradients and, in the last place, signed distances.
  mutating func slopes(_ points: [SIMD3<Float>]) throws(CaptureError) -> [SIMD4<Float>] {
    var result = [SIMD4<Float>](repeating: .zero, count: points.count)
    try inBatches(points, &result) { [field] points, result in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: points.count) { distances in
        withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: points.count) { slopes in
          field.gradients(at: points, into: distances, gradients: slopes)
          for i in 0..<points.count { result[i] = SIMD4(slopes[i], distances[i]) }
        }
      }
      return Questions(gradients: points.count)
    }
    return result
  }

  /// sRGB colours with 1 in the last place; 0 there when the field has none.
  mutating func colors(_ points: [SIMD3<Float>]) throws(CaptureError) -> [SIMD4<UInt8>] {
    var result = [SIMD4<UInt8>](repeating: .zero, count: points.count)
    try inBatches(points, &result) { [field] points, result in
      withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: points.count) { colors in
        if field.colors(at: points, into: colors) {
          for i in 0..<points.count { result[i] = Self.levels(colors[i]) }
        }
      }
      return Questions(colors: points.count)
    }
    return result
  }

  private static func levels(_ c: SIMD3<Float>) -> SIMD4<UInt8> {
    SIMD4(level(c.x), level(c.y), level(c.z), 1)
  }

  /// 0...255 for 0...1; 0 for what is less or no number.
  private static func level(_ x: Float) -> UInt8 { x >= 0 ? UInt8(min(x, 1) * 255 + 0.5) : 0 }

  private mutating func inBatches<Value: Sendable>(
    _ points: [SIMD3<Float>], _ result: inout [Value],
    _ body: (UnsafeBufferPointer<SIMD3<Float>>, UnsafeMutableBufferPointer<Value>) -> Questions
  ) throws(CaptureError) {
    let count = (points.count + Self.batch - 1) / Self.batch
    try points.withUnsafeBufferPointer { points throws(CaptureError) in
      try result.withUnsafeMutableBufferPointer { result throws(CaptureError) in
        nonisolated(unsafe) let (points, result) = (points, result)
        try inParallel(count) { batch in
          let range = (batch * Self.batch)..<min((batch + 1) * Self.batch, points.count)
          return body(
            UnsafeBufferPointer(rebasing: points[range]),
            UnsafeMutableBufferPointer(rebasing: result[range]))
        }
      }
    }
  }
}
