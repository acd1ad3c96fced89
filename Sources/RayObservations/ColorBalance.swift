internal import CaptureCore
internal import Foundation

/// How much brighter each camera's red, green and blue are than the others', by what several of them see.
///
/// Cameras expose and balance white by themselves; without a word said, a field paints seams where one
/// camera's view ends. Places that two cameras see well give the ratio of their colours; the median over
/// places is that of the pair, whatever shines or is misplaced. The cameras' factors are those that agree
/// best with all pairs,
///
///     min Σ w_ab (g_a − g_b − log(median of b / a))²,   Σ g = 0
///
/// over the logarithms of factors of encoded (sRGB) values, which are powers of the light.
struct ColorBalance {
  /// Places compared of a pair and frame, and those that a pair needs, over all frames.
  private static let (most, least) = (2000, 100)
  /// Farthest apart that two observations of one place lie, metres; a pixel, where that is more.
  private static let near: Float = 0.015
  /// Cosine of the incidence from which on a place is seen well.
  private static let facing: Float = 0.5
  /// Encoded values that are neither lost in noise nor at their end.
  private static let readable: ClosedRange<UInt8> = 24...235
  /// Factors beyond these are no exposure.
  private static let largest: Float = 2.5

  private let cameras: Int
  /// By pair of cameras (a < b): the logarithms of b's colours over a's.
  private var ratios: [[SIMD3<Float>]]

  init(cameras: Int) {
    self.cameras = cameras
    ratios = [[SIMD3<Float>]](repeating: [], count: cameras * cameras)
  }

  /// Compares what the cameras saw at one instant.
  mutating func add(_ sightings: [CameraObserver.Sighting?], _ rays: [CameraRays?]) {
    for b in 0..<cameras {
      guard let second = sightings[b], let lens = rays[b] else { continue }
      var seen = [Int32](repeating: -1, count: lens.width * lens.height)
      for (k, o) in second.surface.enumerated() where Self.isReadable(o) {
        if let hit = lens.pixel(o.position) { seen[hit.index] = Int32(k) }
      }
      for a in 0..<b {
        guard let first = sightings[a] else { continue }
        var found: [SIMD3<Float>] = []
        for o in first.surface where Self.isReadable(o) {
          guard let hit = lens.pixel(o.position), seen[hit.index] >= 0 else { continue }
          let other = second.surface[Int(seen[hit.index])]
          guard (other.position - o.position).length < max(Self.near, o.range / lens.focal),
            other.normal.dot(o.normal) > 0.8
          else { continue }
          found.append(Self.logarithm(other) - Self.logarithm(o))
        }
        let step = max(1, found.count / Self.most)
        ratios[a * cameras + b] += stride(from: 0, to: found.count, by: step).map { found[$0] }
      }
    }
  }

  private static func isReadable(_ o: SurfaceObservation) -> Bool {
    o.hasColor == 1 && o.incidence >= facing
      && readable.contains(min(o.red, o.green, o.blue))
      && readable.contains(max(o.red, o.green, o.blue))
  }

  private static func logarithm(_ o: SurfaceObservation) -> SIMD3<Float> {
    SIMD3(logf(Float(o.red)), logf(Float(o.green)), logf(Float(o.blue)))
  }

  /// Tells of cameras whose colours are changed by a tenth or more.
  static func warnings(_ factors: [SIMD3<Float>], _ cameras: [PlacedCamera]) -> [String] {
    zip(factors, cameras).compactMap { factor, camera in
      guard (0..<3).contains(where: { abs(factor[$0] - 1) >= 0.1 }) else { return nil }
      let levels = (0..<3).map { String(format: "%.2f", factor[$0]) }.joined(separator: ", ")
      return
        "Camera \(camera.description.id) was exposed or balanced unlike the others: its red, green and "
        + "blue are multiplied by \(levels)."
    }
  }

  /// What each camera's colours are to be multiplied by; 1 for cameras that share no place with another.
  func factors() -> [SIMD3<Float>] {
    var pairs: [(a: Int, b: Int, weight: Float, ratio: SIMD3<Float>)] = []
    for a in 0..<cameras {
      for b in 0..<cameras where ratios[a * cameras + b].count >= Self.least {
        let all = ratios[a * cameras + b]
        var median = SIMD3<Float>.zero
        for channel in 0..<3 { median[channel] = all.map { $0[channel] }.sorted()[all.count / 2] }
        pairs.append((a, b, Float(min(all.count, Self.most)), median))
      }
    }
    var g = [SIMD3<Float>](repeating: .zero, count: cameras)
    var weights = [Float](repeating: 0, count: cameras)
    for pair in pairs {
      weights[pair.a] += pair.weight
      weights[pair.b] += pair.weight
    }
    let step = 0.5 / max(weights.max() ?? 0, 1)
    // Steps down the slope; the sum of a connected group never changes.
    for _ in 0..<400 {
      var change = [SIMD3<Float>](repeating: .zero, count: cameras)
      for pair in pairs {
        let rest = (g[pair.a] - g[pair.b] - pair.ratio) * pair.weight
        change[pair.a] -= rest
        change[pair.b] += rest
      }
      for c in g.indices { g[c] += change[c] * step }
    }
    let limit = logf(Self.largest)
    return g.map { v in
      let bounded = v.clamped(
        lowerBound: SIMD3(repeating: -limit), upperBound: SIMD3(repeating: limit))
      return SIMD3(expf(bounded.x), expf(bounded.y), expf(bounded.z))
    }
  }
}
