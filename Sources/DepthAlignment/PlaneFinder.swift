internal import CaptureCore
internal import LinearAlgebra

/// A point of a surface with its normal.
struct SurfacePoint: Sendable {
  var position, normal: SIMD3<Float>
}

/// `normal · p + offset = 0`; the normal points to where it was seen from.
struct SurfacePlane: Sendable {
  var normal: SIMD3<Float>
  var offset: Float
  /// Share of the points that lie on it, 0...1.
  var share: Float

  /// How far a point lies before the plane, metres.
  func height(_ p: SIMD3<Float>) -> Float { normal.dot(p) + offset }
}

/// Finds the large planes of a set of points: floors, walls, tables.
struct PlaneFinder {
  /// Largest distance of a point on a plane, metres, at a metre from the lens.
  private static let thickness: Float = 0.02
  private static let trials = 200

  /// Up to `count` planes that hold at least a tenth of the points each, the largest first.
  static func planes(in points: [SurfacePoint], count: Int) -> [SurfacePlane] {
    var (rest, planes) = (points, [SurfacePlane]())
    var generator = SeededGenerator(seed: 5)
    while planes.count < count {
      guard rest.count >= max(30, points.count / 10),
        let plane = largest(rest, &generator, of: points.count), plane.share >= 0.1
      else { break }
      planes.append(plane)
      rest.removeAll { isOn(plane, $0, loose: 2) }
    }
    return planes
  }

  static func isOn(_ plane: SurfacePlane, _ p: SurfacePoint, loose: Float = 1) -> Bool {
    let gate = thickness * loose * max(1, p.position.length * 0.5)
    return abs(plane.height(p.position)) < gate && p.normal.dot(plane.normal) > 0.85
  }

  private static func largest(
    _ points: [SurfacePoint], _ generator: inout SeededGenerator, of total: Int
  ) -> SurfacePlane? {
    let step = max(1, points.count / 1500)
    var best: (count: Int, plane: SurfacePlane?) = (0, nil)
    for _ in 0..<trials {
      let p = points[Int.random(in: 0..<points.count, using: &generator)]
      let plane = SurfacePlane(normal: p.normal, offset: -p.normal.dot(p.position), share: 0)
      var count = 0
      for i in stride(from: 0, to: points.count, by: step) where isOn(plane, points[i]) {
        count += 1
      }
      if count > best.count { best = (count, plane) }
    }
    guard var plane = best.plane else { return nil }
    for _ in 0..<4 {
      let inside = points.filter { isOn(plane, $0) }
      guard inside.count >= 10, let fitted = fitted(inside, like: plane) else { return nil }
      plane = fitted
      plane.share = Float(inside.count) / Float(total)
    }
    return plane
  }

  /// Least squares: the direction in which the points spread least.
  static func fitted(_ points: [SurfacePoint], like plane: SurfacePlane) -> SurfacePlane? {
    let mean =
      points.reduce(SIMD3<Double>.zero) { $0 + SIMD3<Double>($1.position) }
      / Double(points.count)
    var spread = DenseMatrix(rows: 3, columns: 3)
    for p in points {
      let d = SIMD3<Double>(p.position) - mean
      for i in 0..<3 { for j in 0..<3 { spread[i, j] += d[i] * d[j] } }
    }
    guard let eigen = SymmetricEigen(spread) else { return nil }
    let v = eigen.vector(0)
    var normal = SIMD3(Float(v[0]), Float(v[1]), Float(v[2]))
    if normal.dot(plane.normal) < 0 { normal = -normal }
    return SurfacePlane(
      normal: normal, offset: -normal.dot(SIMD3<Float>(mean)), share: plane.share)
  }
}
