internal import Foundation

/// `normal · p = offset`, in metres; the normal has length 1 and points up.
public struct LevelPlane: Equatable, Sendable {
  /// Up, as the plane has it.
  public var normal: SIMD3<Double>
  /// Height of the plane over the origin along its normal.
  public var offset: Double
  /// Share of the points that lie on it, 0...1.
  public var share: Double
  /// Root mean square distance of these from it, metres.
  public var roughness: Double

  /// Height of a point above the plane, metres.
  public func height(_ p: SIMD3<Double>) -> Double { normal.dot(p) - offset }
}

/// Finds the floor among points that depth cameras measured: the plane, level to so much, that most
/// points lie on and below which there is nothing.
///
/// Planes through three points are tried, half of them through points of nearly the same height, so
/// that a floor is found of which little is seen; the best one is fitted by least squares to what
/// lies on it. The same points give the same plane.
///
/// Source: M. Fischler, R. Bolles, *Random sample consensus*, 1981.
public struct FloorFinder: Sendable {
  /// Which way is up, roughly; any length but 0.
  public var up: SIMD3<Double>
  /// Largest angle between ``up`` and the plane's normal, radians.
  public var largestTilt: Double
  /// Largest distance of a point on the plane, metres.
  public var thickness = 0.02
  /// Least share of the points on it, 0...1.
  public var leastShare: Double
  /// Least length and width of what lies on it, metres.
  public var leastExtent = 0.0
  /// Share of the points that may lie more than ``depth`` below it: multipath, mirrors. At 1 it may
  /// be any level surface, such as a table.
  public var mostBelow = 0.02
  /// How far below the plane a point counts as below, metres.
  public var depth = 0.08

  /// Points on the plane for each in a layer of the same thickness above it, or below it, at least: legs fill
  /// all of them alike, and tops of shoes have two for one. Floors have six and more, in furnished rooms, too.
  public var leastContrast = 4.0

  private static let trials = 600
  /// Points that a trial is judged by.
  private static let judges = 4000

  /// A finder of planes that are level to `largestTilt` against `up`, with `leastShare` of the points.
  public init(up: SIMD3<Double>, largestTilt: Double, leastShare: Double) {
    (self.up, self.largestTilt, self.leastShare) = (up, largestTilt, leastShare)
  }

  /// The floor; nil when there is none.
  /// - Parameter points: Metres, in any frame in which ``up`` is up; fewer than 100 hold no floor.
  /// - Complexity: 600 passes over at most 4,000 points, and some over all.
  public func find(in points: [SIMD3<Float>]) -> LevelPlane? {
    guard points.count >= 100, var plane = drawn(from: points) else { return nil }
    for _ in 0..<4 {
      guard let fitted = fitted(to: points, near: plane) else { return nil }
      plane = fitted
    }
    guard plane.share >= leastShare, isAsked(plane.normal) else { return nil }
    var (above, below) = (0, 0)
    for p in points {
      let height = plane.height(SIMD3<Double>(p))
      guard abs(height) >= thickness, abs(height) < 3 * thickness else { continue }
      if height > 0 { above += 1 } else { below += 1 }
    }
    let beside = Double(max(above, below))
    return plane.share * Double(points.count) >= leastContrast * beside ? plane : nil
  }

  private func isAsked(_ normal: SIMD3<Double>) -> Bool {
    normal.dot(up.normalized) >= cos(largestTilt)
  }

  /// The best of many planes through three points.
  private func drawn(from points: [SIMD3<Float>]) -> LevelPlane? {
    let direction = SIMD3<Float>(up.normalized)
    let step = (points.count + Self.judges - 1) / Self.judges
    let judges = stride(from: 0, to: points.count, by: step).map { points[$0] }
      .map { (height: $0.dot(direction), point: $0) }.sorted { $0.height < $1.height }.map(\.point)
    let neighbours = max(2, judges.count / 16)
    let (thickness, depth) = (Float(thickness), Float(depth))
    let mostBelow = Int(mostBelow * Double(judges.count))
    var generator = SeededGenerator(seed: 11)
    var best: (plane: LevelPlane, count: Int)?
    for trial in 0..<Self.trials {
      let first = Int.random(in: judges.indices, using: &generator)
      let range =
        trial % 2 == 0
        ? judges.startIndex...judges.endIndex - 1
        : max(0, first - neighbours)...min(judges.count - 1, first + neighbours)
      let a = judges[first]
      let b = judges[Int.random(in: range, using: &generator)]
      let c = judges[Int.random(in: range, using: &generator)]
      let across = SIMD3<Double>(b - a).cross(SIMD3<Double>(c - a))
      guard across.length > 1e-6 else { continue }
      let normal = across.dot(up) < 0 ? -across.normalized : across.normalized
      guard isAsked(normal) else { continue }
      let offset = normal.dot(SIMD3<Double>(a))
      let (n, o) = (SIMD3<Float>(normal), Float(offset))
      var (on, below) = (0, 0)
      for p in judges {
        let height = n.dot(p) - o
        if abs(height) < thickness { on += 1 }
        if height < -depth { below += 1 }
      }
      guard below <= mostBelow, on > best?.count ?? 2 else { continue }
      best = (LevelPlane(normal: normal, offset: offset, share: 0, roughness: 0), on)
    }
    return best?.plane
  }

  /// Least squares, in heights above the plane as it is, over the points on it.
  private func fitted(to points: [SIMD3<Float>], near plane: LevelPlane) -> LevelPlane? {
    let aside: SIMD3<Double> = abs(plane.normal.x) < 0.6 ? SIMD3(1, 0, 0) : SIMD3(0, 1, 0)
    let u = plane.normal.cross(aside).normalized
    let v = plane.normal.cross(u)
    // Columns: along u, along v, height.
    var on: [SIMD3<Double>] = []
    for p in points {
      let q = SIMD3<Double>(p)
      let height = plane.height(q)
      if abs(height) < thickness { on.append(SIMD3(u.dot(q), v.dot(q), height)) }
    }
    guard on.count >= 10 else { return nil }
    let n = Double(on.count)
    let mean = on.reduce(SIMD3<Double>.zero, +) / n
    var (uu, uv, vv, uh, vh) = (0.0, 0.0, 0.0, 0.0, 0.0)
    var (lower, upper) = (on[0], on[0])
    for p in on {
      let d = p - mean
      (uu, uv, vv) = (uu + d.x * d.x, uv + d.x * d.y, vv + d.y * d.y)
      (uh, vh) = (uh + d.x * d.z, vh + d.y * d.z)
      (lower, upper) = (pointwiseMin(lower, p), pointwiseMax(upper, p))
    }
    let determinant = uu * vv - uv * uv
    guard determinant > 1e-12 * uu * vv, determinant > 0,
      min(upper.x - lower.x, upper.y - lower.y) >= leastExtent
    else { return nil }
    let slope = SIMD2((uh * vv - vh * uv) / determinant, (vh * uu - uh * uv) / determinant)
    let squares = on.reduce(0) { sum, p in
      let d = p - mean
      let rest = d.z - slope.x * d.x - slope.y * d.y
      return sum + rest * rest
    }
    let normal = (plane.normal - u * slope.x - v * slope.y).normalized
    let middle = u * mean.x + v * mean.y + plane.normal * (plane.offset + mean.z)
    return LevelPlane(
      normal: normal, offset: normal.dot(middle), share: n / Double(points.count),
      roughness: (squares / n).squareRoot())
  }
}
