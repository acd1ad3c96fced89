internal import CaptureCore
internal import Foundation

/// What an adjustment of a rig left over, by camera and by pair of cameras.
public struct RigFigures: Sendable {
  /// One camera.
  public struct Camera: Sendable {
    /// Views and points, and points or depths that were left out as outliers.
    public var views, points, outliers: Int
    /// Root mean square distance of predicted from seen points, pixels.
    public var reprojection: Double
    /// Points with a depth.
    public var depths: Int
    /// Root mean square distance of the points as the camera's depth tells them from the board's
    /// place, metres; 0 without depth.
    public var distance: Double
    /// Its parts: the mean along the line of sight (positive: the sensor says too far), the tilt and
    /// bend across the board, and what remains, metres.
    public var bias, shape, noise: Double
    /// Size of the board as the depth tells it, as a share of the described one.
    public var scale: Double
    /// Share of the points with a depth, 0...1.
    public var measured: Double
    /// Share of an 8 by 6 division of the image in which points were seen, 0...1.
    public var coverage: Double
    /// Mean distance of the board from the camera, metres.
    public var range: Double
  }

  /// Two cameras.
  public struct Pair: Sendable {
    /// Indices of the cameras.
    public var first, second: Int
    /// Frames in which both saw the board, and points that both saw in them.
    public var views, points: Int
    /// Root mean square distance of predicted from seen points in these frames, both cameras', pixels.
    public var reprojection: Double
    /// Root mean square distance between the places that the two cameras' depths give to a point,
    /// metres; nil without such points.
    public var agreement: Double?
  }

  /// The cameras, in order.
  public var cameras: [Camera]
  /// Pairs of cameras that saw the board in the same frame.
  public var pairs: [Pair]

  /// The figures of an adjustment. Outliers among the points are part of the distances.
  public init(_ rig: RigAdjustment) {
    let boards = rig.rigFromBoard
    var lifted: [[SIMD2<Int>: SIMD3<Double>]] = rig.given.map { _ in [:] }
    for view in rig.views {
      for point in view.points {
        if let board = boards[view.frame],
          let place = rig.place(of: point, camera: view.camera, on: board)
        {
          lifted[view.camera][SIMD2(view.frame, point.point)] = place
        }
      }
    }
    cameras = rig.given.indices.map { RigFigures.camera($0, rig, boards, lifted[$0]) }
    pairs = []
    for a in rig.given.indices {
      for b in rig.given.indices.dropFirst(a + 1) {
        let pair = RigFigures.pair(a, b, rig, boards, lifted)
        if pair.views > 0 { pairs.append(pair) }
      }
    }
  }

  private static func camera(
    _ index: Int, _ rig: RigAdjustment, _ boards: [Int: RigidTransform],
    _ lifted: [SIMD2<Int>: SIMD3<Double>]
  ) -> Camera {
    let views = rig.views.filter { $0.camera == index }
    let lens = rig.adjusted.problem.cameras[index]
    var (squares, distances, sizes) = ([Double](), [Double](), (seen: 0.0, true: 0.0))
    var (rays, cells, ranges) = (
      [(ray: SIMD3<Double>, off: SIMD3<Double>)](), Set<SIMD2<Int>>(), [Double]()
    )
    for view in views {
      guard let board = boards[view.frame] else { continue }
      let pose = lens.cameraFromRig * board
      var (placed, described) = ([SIMD3<Double>](), [SIMD3<Double>]())
      for point in view.points {
        let place = pose.apply(point.board)
        ranges.append(place.length)
        if let p = lens.model.project(place) {
          squares.append(((p - point.pixel) * (p - point.pixel)).sum())
        }
        cells.insert(
          SIMD2(
            Int(point.pixel.x * 8) / max(1, lens.model.width),
            Int(point.pixel.y * 6) / max(1, lens.model.height)))
        guard let seen = lifted[SIMD2(view.frame, point.point)] else { continue }
        let off = lens.cameraFromRig.apply(seen) - place
        distances.append(off.dot(off))
        rays.append((place, off))
        placed.append(seen)
        described.append(point.board)
      }
      sizes.seen += RigFigures.scatter(placed)
      sizes.true += RigFigures.scatter(described)
    }
    let kept = zip(rig.adjusted.isKept, rig.terms).filter { $1 == index }
    let parts = RigFigures.parts(rays)
    let count = views.map(\.points.count).reduce(0, +)
    return Camera(
      views: views.count, points: count, outliers: kept.count { !$0.0 },
      reprojection: root(squares), depths: distances.count, distance: root(distances),
      bias: parts.bias, shape: parts.shape, noise: parts.noise,
      scale: sizes.true > 0 ? (sizes.seen / sizes.true).squareRoot() : 1,
      measured: count > 0 ? Double(distances.count) / Double(count) : 0,
      coverage: Double(cells.count) / 48,
      range: ranges.isEmpty ? 0 : ranges.reduce(0, +) / Double(ranges.count))
  }

  private static func pair(
    _ a: Int, _ b: Int, _ rig: RigAdjustment, _ boards: [Int: RigidTransform],
    _ lifted: [[SIMD2<Int>: SIMD3<Double>]]
  ) -> Pair {
    func seen(_ camera: Int) -> Set<SIMD2<Int>> {
      Set(
        rig.views.filter { $0.camera == camera }.flatMap { view in
          view.points.map { SIMD2(view.frame, $0.point) }
        })
    }
    let both = seen(a).intersection(seen(b)).sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    let frames = Set(rig.views.filter { $0.camera == a }.map(\.frame))
      .intersection(rig.views.filter { $0.camera == b }.map(\.frame))
    let squares = both.compactMap { key -> Double? in
      guard let p = lifted[a][key], let q = lifted[b][key] else { return nil }
      return (p - q).dot(p - q)
    }
    let pixels = rig.views.filter {
      ($0.camera == a || $0.camera == b) && frames.contains($0.frame)
    }.flatMap { view -> [Double] in
      let lens = rig.adjusted.problem.cameras[view.camera]
      guard let board = boards[view.frame] else { return [] }
      return view.points.compactMap { point in
        lens.model.project((lens.cameraFromRig * board).apply(point.board)).map {
          (($0 - point.pixel) * ($0 - point.pixel)).sum()
        }
      }
    }
    return Pair(
      first: a, second: b, views: frames.count, points: both.count, reprojection: root(pixels),
      agreement: squares.isEmpty ? nil : root(squares))
  }

  private static func root(_ squares: [Double]) -> Double {
    squares.isEmpty ? 0 : (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }

  /// Sum of squared distances from the mean.
  private static func scatter(_ points: [SIMD3<Double>]) -> Double {
    guard points.count > 2 else { return 0 }
    let mean = points.reduce(.zero, +) / Double(points.count)
    return points.map { ($0 - mean).dot($0 - mean) }.reduce(0, +)
  }

  /// Mean along the sight, what grows linearly across the image, and the rest of the errors.
  private static func parts(
    _ rays: [(ray: SIMD3<Double>, off: SIMD3<Double>)]
  ) -> (bias: Double, shape: Double, noise: Double) {
    guard rays.count > 6 else { return (0, 0, 0) }
    let along = rays.map { $0.off.dot($0.ray.normalized) }
    let bias = along.reduce(0, +) / Double(along.count)
    let places = rays.map { SIMD2($0.ray.x / $0.ray.z, $0.ray.y / $0.ray.z) }
    let mean = places.reduce(.zero, +) / Double(places.count)
    var (xx, xy, yy, bx, by) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (p, d) in zip(places, along) {
      let q = p - mean
      (xx, xy, yy) = (xx + q.x * q.x, xy + q.x * q.y, yy + q.y * q.y)
      (bx, by) = (bx + q.x * (d - bias), by + q.y * (d - bias))
    }
    let det = xx * yy - xy * xy
    guard det > 1e-12 * xx * yy else { return (bias, 0, 0) }
    let (gx, gy) = ((yy * bx - xy * by) / det, (xx * by - xy * bx) / det)
    var (shape, noise) = ([Double](), [Double]())
    for (p, d) in zip(places, along) {
      let tilt = gx * (p.x - mean.x) + gy * (p.y - mean.y)
      shape.append(tilt * tilt)
      noise.append((d - bias - tilt) * (d - bias - tilt))
    }
    return (bias, root(shape), root(noise))
  }
}

extension RigAdjustment {
  /// The camera of each term of the adjustment, in the order of ``RobustAdjustment/isKept``.
  var terms: [Int] {
    views.flatMap { view in
      view.points.flatMap { $0.depth == nil ? [view.camera] : [view.camera, view.camera] }
    }
  }

  /// Where a camera's depth puts a point that it saw, in the rig's frame; nil without depth.
  ///
  /// The depth was measured near the point, where the lenses as given had it; it is carried along the
  /// board's plane to the ray of the point's pixel.
  func place(
    of point: SeenPoint, camera index: Int, on rigFromBoard: RigidTransform
  ) -> SIMD3<Double>? {
    let camera = adjusted.problem.cameras[index]
    guard let depth = point.depth, let ray = camera.model.unproject(point.pixel) else { return nil }
    let z = camera.bias.corrected(depth.depth, ray: depth.ray)
    let measured = camera.colorFromDepth.apply(SIMD3(depth.ray.x * z, depth.ray.y * z, z))
    let normal = (camera.cameraFromRig * rigFromBoard).rotate(SIMD3(0, 0, 1))
    guard abs(normal.dot(ray)) > 0.1 * ray.length else { return nil }
    return camera.cameraFromRig.inverse.apply(ray * (normal.dot(measured) / normal.dot(ray)))
  }
}
