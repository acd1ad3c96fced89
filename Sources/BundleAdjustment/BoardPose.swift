public import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// Where a board stands before one lens.
public struct BoardPose: Sendable {
  /// Board to colour lens.
  public var cameraFromBoard: RigidTransform
  /// The other pose that fits almost as well where the board is far; nil where there is none.
  public var other: RigidTransform?
  /// Root mean square of the pixels' residuals, pixels; an inlier's typical distance.
  public var error: Double

  /// Fewest points that a pose is computed from.
  public static let leastPoints = 4

  /// The pose that fits the pixels of one view, and its depths where there are any; nil for fewer
  /// than ``leastPoints`` and for degenerate ones.
  ///
  /// A plane seen from afar leaves two poses open; both are refined, and the better one is taken.
  public init?(
    _ points: [SeenPoint], model: CameraModel, colorFromDepth: RigidTransform = .identity
  ) {
    let rays = points.compactMap { point in
      model.unproject(point.pixel).map {
        (SIMD2(point.board.x, point.board.y), SIMD2($0.x, $0.y))
      }
    }
    guard rays.count >= BoardPose.leastPoints, let plane = PlaneHomography(rays),
      let first = BoardPose.pose(plane.h, at: points[0].board)
    else { return nil }
    let starts = [first, BoardPose.flipped(first, around: points)]
    let refined = starts.compactMap {
      BoardPose.refined($0, points, model: model, colorFromDepth: colorFromDepth)
    }
    let ordered = refined.sorted { $0.cost < $1.cost }
    guard let best = ordered.first else { return nil }
    (cameraFromBoard, error) = (best.pose, best.error)
    let second = ordered.last?.pose ?? best.pose
    other = second.isNear(best.pose, meters: 0.001, degrees: 1) ? nil : second
  }

  /// The rigid motion nearest to a homography of the plane z = 0 to the plane z = 1.
  static func pose(_ h: [Double], at point: SIMD3<Double>) -> RigidTransform? {
    var columns = (0..<3).map { SIMD3(h[$0], h[3 + $0], h[6 + $0]) }
    let scale = 2 / (columns[0].length + columns[1].length)
    guard scale.isFinite else { return nil }
    columns = columns.map { $0 * scale }
    if (columns[0] * point.x + columns[1] * point.y + columns[2]).z < 0 {
      columns = columns.map { -$0 }
    }
    // The nearest pair of orthogonal unit vectors to two columns is symmetric about their bisector.
    let sum = (columns[0].normalized + columns[1].normalized).normalized
    let difference = (columns[0].normalized - columns[1].normalized).normalized
    let (x, y) = ((sum + difference).normalized, (sum - difference).normalized)
    let z = x.cross(y)
    guard z.length > 0.5 else { return nil }
    return RigidTransform(
      rows: (SIMD3(x.x, y.x, z.x), SIMD3(x.y, y.y, z.y), SIMD3(x.z, y.z, z.z)),
      translation: columns[2])
  }

  /// The other pose that a far plane could have: its normal mirrored at the line of sight.
  private static func flipped(
    _ pose: RigidTransform, around points: [SeenPoint]
  ) -> RigidTransform {
    let center = points.map(\.board).reduce(.zero, +) / Double(points.count)
    let place = pose.apply(center)
    let sight = place.normalized
    let normal = pose.rotate(SIMD3(0, 0, 1))
    let mirrored = sight * (2 * sight.dot(normal)) - normal
    let axis = normal.cross(mirrored)
    let angle = atan2(axis.length, normal.dot(mirrored))
    let way = axis.normalized * angle
    let turn = RigidTransform.identity.moved([way.x, way.y, way.z, 0, 0, 0])
    let turned = RigidTransform(rows: (turn * pose).rows, translation: .zero)
    return RigidTransform(rows: turned.rows, translation: place - turned.rotate(center))
  }

  private static func refined(
    _ start: RigidTransform, _ points: [SeenPoint], model: CameraModel,
    colorFromDepth: RigidTransform
  ) -> (pose: RigidTransform, cost: Double, error: Double)? {
    let camera = AdjustableCamera(model: model, colorFromDepth: colorFromDepth)
    var problem = BundleProblem(
      cameras: [camera], boards: [start],
      terms: points.flatMap { point in
        BundleProblem.terms(of: point, camera: 0, frame: 0, pixel: 0.5, depth: 0.01)
      })
    guard let outcome = try? problem.solve(iterations: 50, loss: 5) else { return nil }
    let squares = zip(problem.residuals(), problem.terms).filter { !$1.isDepth }
      .map { ($0.0 * $0.0).sum() }.sorted()
    guard squares.allSatisfy({ $0.isFinite }) else { return nil }
    // The median, since a few wrong corners must not make a pose look bad.
    return (problem.boards[0], outcome.cost, (squares[squares.count / 2] / 1.386).squareRoot())
  }
}

extension BundleProblem {
  /// The terms that a seen point gives: its pixel, and its depth where it has one.
  static func terms(
    of seen: SeenPoint, camera: Int, frame: Int, pixel: Double, depth: Double
  ) -> [Term] {
    let corner = Term(camera: camera, frame: frame, seen: seen, isDepth: false, sigma: pixel)
    if seen.depth == nil { return [corner] }
    return [corner, Term(camera: camera, frame: frame, seen: seen, isDepth: true, sigma: depth)]
  }
}
