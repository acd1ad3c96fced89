public import CaptureCore
internal import Foundation

/// A field with a formula, for tests; gradients by central differences in double precision.
public struct AnalyticField: ScalarField {
  /// Whether meshing may tell distances between points from gradients.
  public var gradientsTell = true
  private let distance: @Sendable (SIMD3<Double>) -> Double
  private let color: (@Sendable (SIMD3<Float>) -> SIMD3<Float>)?

  /// A field of the given signed distance, and colour where given.
  public init(
    color: (@Sendable (SIMD3<Float>) -> SIMD3<Float>)? = nil,
    _ distance: @escaping @Sendable (SIMD3<Double>) -> Double
  ) {
    (self.color, self.distance) = (color, distance)
  }

  /// Signed distance at one point.
  public func value(_ p: SIMD3<Float>) -> Double { distance(SIMD3<Double>(p)) }

  /// Signed distance at each point.
  public func distances(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    for i in points.indices { distances[i] = Float(value(points[i])) }
  }

  /// Signed distance and its gradient at each point.
  public func gradients(
    at points: UnsafeBufferPointer<SIMD3<Float>>, into distances: UnsafeMutableBufferPointer<Float>,
    gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) {
    self.distances(at: points, into: distances)
    for i in points.indices {
      let p = SIMD3<Double>(points[i])
      for axis in 0..<3 {
        var (a, b) = (p, p)
        a[axis] -= 1e-6
        b[axis] += 1e-6
        gradients[i][axis] = Float((distance(b) - distance(a)) / 2e-6)
      }
    }
  }

  /// The colour formula at each point; false without one.
  public func colors(
    at points: UnsafeBufferPointer<SIMD3<Float>>,
    into colors: UnsafeMutableBufferPointer<SIMD3<Float>>
  ) -> Bool {
    guard let color else { return false }
    for i in points.indices { colors[i] = color(points[i]) }
    return true
  }
}

extension AnalyticField {
  /// A ball.
  public static func sphere(_ center: SIMD3<Double>, radius: Double) -> AnalyticField {
    AnalyticField { ($0 - center).length - radius }
  }

  /// A box with edges along the axes; `half` are half its edges.
  public static func box(_ center: SIMD3<Double>, half: SIMD3<Double>) -> AnalyticField {
    AnalyticField { p in
      let d = p - center
      let q = SIMD3(abs(d.x), abs(d.y), abs(d.z)) - half
      return pointwiseMax(q, .zero).length + min(q.max(), 0)
    }
  }

  /// A ring around the y axis.
  public static func torus(
    _ center: SIMD3<Double>, radius: Double, tube: Double
  ) -> AnalyticField {
    AnalyticField { p in
      let d = p - center
      let around = (d.x * d.x + d.z * d.z).squareRoot() - radius
      return (around * around + d.y * d.y).squareRoot() - tube
    }
  }

  /// Smooth union with a blend of the given length; 0 is the plain union.
  public func union(_ other: AnalyticField, blend: Double = 0) -> AnalyticField {
    let (a, b) = (distance, other.distance)
    return AnalyticField(color: color) { p in
      let (x, y) = (a(p), b(p))
      guard blend > 0 else { return min(x, y) }
      let h = max(blend - abs(x - y), 0) / blend
      return min(x, y) - h * h * blend / 4
    }
  }

  /// A standing figure of 1.7 m with arms, legs and a head, feet near y = 0.
  public static let person: AnalyticField = {
    func limb(_ a: SIMD3<Double>, _ b: SIMD3<Double>, _ r: Double) -> AnalyticField {
      AnalyticField { p in
        let (v, w) = (b - a, p - a)
        return (w - v * max(0, min(1, w.dot(v) / v.dot(v)))).length - r
      }
    }
    let parts = [
      limb(SIMD3(0, 0.95, 0.01), SIMD3(0.01, 1.32, 0), 0.145),
      limb(SIMD3(-0.12, 1.38, 0), SIMD3(0.12, 1.38, 0), 0.085),
      limb(SIMD3(-0.09, 0.9, 0), SIMD3(-0.13, 0.08, 0.05), 0.075),
      limb(SIMD3(0.09, 0.9, 0), SIMD3(0.14, 0.08, -0.06), 0.075),
      limb(SIMD3(-0.13, 0.06, 0.05), SIMD3(-0.15, 0.05, 0.2), 0.04),
      limb(SIMD3(0.14, 0.06, -0.06), SIMD3(0.16, 0.05, 0.09), 0.04),
      limb(SIMD3(-0.2, 1.37, 0), SIMD3(-0.45, 1.05, 0.1), 0.045),
      limb(SIMD3(-0.45, 1.05, 0.1), SIMD3(-0.5, 0.82, 0.3), 0.036),
      limb(SIMD3(0.2, 1.37, 0), SIMD3(0.42, 1.1, -0.1), 0.045),
      limb(SIMD3(0.42, 1.1, -0.1), SIMD3(0.6, 0.95, 0.1), 0.036),
    ]
    let head = sphere(SIMD3(0, 1.59, 0.02), radius: 0.105)
    return parts.reduce(head) { $0.union($1, blend: 0.03) }
  }()

  /// Random values that have nothing of a distance: trilinear between random numbers on a grid.
  /// Every seventh number is exactly 0.
  public static func noise(seed: UInt64, spacing: Double) -> AnalyticField {
    @Sendable func lattice(_ x: Int, _ y: Int, _ z: Int) -> Double {
      let key = UInt64(bitPattern: Int64((x &* 73_856_093) ^ (y &* 19_349_663) ^ (z &* 83_492_791)))
      var random = SeededGenerator(seed: seed &+ key)
      return random.next() % 7 == 0 ? 0 : Double.random(in: -1...1, using: &random)
    }
    return AnalyticField { p in
      let q = p / spacing
      let floor = q.rounded(.down)
      let t = q - floor
      let (x, y, z) = (Int(floor.x), Int(floor.y), Int(floor.z))
      var sum = 0.0
      for c in 0..<8 {
        let (a, b, d) = (c & 1, c >> 1 & 1, c >> 2)
        let weight = (a == 1 ? t.x : 1 - t.x) * (b == 1 ? t.y : 1 - t.y) * (d == 1 ? t.z : 1 - t.z)
        if weight > 0 { sum += weight * lattice(x + a, y + b, z + d) }
      }
      return sum * spacing
    }
  }
}
