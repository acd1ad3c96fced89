public import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// A lens found from views of a board.
public struct LensCalibration: Sendable {
  /// How much of the lens is looked for.
  public enum Lens: String, Sendable, CaseIterable {
    /// Focal length and principal point.
    case pinhole
    /// And k1, k2, p1, p2, k3.
    case polynomial
    /// And k4, k5, k6.
    case rational
  }

  /// A number of the lens with its standard deviation.
  public struct Parameter: Sendable {
    /// Its name, such as `fx`.
    public var name: String
    /// Value and standard deviation.
    public var value, deviation: Double
  }

  /// The lens.
  public var model: CameraModel
  /// Its free parameters with their deviations.
  public var parameters: [Parameter]
  /// Root mean square distance of predicted from seen points, pixels, all that were kept.
  public var error: Double
  /// Noise of a pixel coordinate, pixels.
  public var noise: Double
  /// Views and points that were used, and points that were left out as outliers.
  public var views, points, outliers: Int
  /// By view, root mean square distance, pixels; nil for views that were not used.
  public var viewErrors: [Double?]
  /// Angle between the two most different directions that the board was seen from, degrees.
  public var spread: Double

  private static let names = [
    "fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6",
  ]
  /// A board must turn by this much between views, degrees, or its distance and the focal length
  /// cannot be told apart.
  public static let leastSpread = 8.0

  /// Calibrates a lens.
  /// - Parameters:
  ///   - views: What was seen; their `camera` does not matter, each is a view of its own.
  ///   - size: Size of the pictures, pixels.
  ///   - start: Where to begin, such as factory intrinsics; nil to find the focal length by the
  ///     views alone.
  ///   - lens: What is free. The rational terms get a prior of 3 around the start, as they can
  ///     almost stand in for each other.
  /// - Throws: ``CaptureError`` `badInput` for fewer than three views, and for boards that are all
  ///   parallel.
  public init(
    _ views: [BoardView], size: SIMD2<Int>, start: CameraModel? = nil, lens: Lens = .rational
  ) throws(CaptureError) {
    let used = views.indices.filter { views[$0].points.count >= 6 }
    guard used.count >= 3 else {
      throw CaptureError(
        .badInput,
        "The board is seen in \(used.count) pictures; at least 3 are needed for a lens.",
        remedy:
          "Take 10 to 20 pictures with the board tilted by 20 to 45 degrees in all directions, in every corner of the picture."
      )
    }
    let guess =
      if let start { start } else {
        LensCalibration.guess(used.map { views[$0].points }, size: size)
      }
    var camera = AdjustableCamera(model: guess)
    camera.freedom.focal = .infinity
    camera.freedom.center = .infinity
    if lens != .pinhole {
      camera.freedom.radial = lens == .rational ? 3 : .infinity
      camera.freedom.tangential = .infinity
      camera.freedom.radial3 = lens == .rational ? 3 : 1
      camera.freedom.rational = lens == .rational ? 3 : 0
    }
    var boards: [RigidTransform] = []
    var terms: [BundleProblem.Term] = []
    for (frame, index) in used.enumerated() {
      guard let pose = BoardPose(views[index].points.map(\.withoutDepth), model: guess) else {
        throw CaptureError(
          .badInput, "The board's points in view \(index) lie on one line.",
          remedy: "Leave that picture out.")
      }
      boards.append(pose.cameraFromBoard)
      terms += views[index].points.flatMap {
        BundleProblem.terms(of: $0.withoutDepth, camera: 0, frame: frame, pixel: 1, depth: 1)
      }
    }
    spread = LensCalibration.spread(boards)
    guard spread >= LensCalibration.leastSpread else {
      throw CaptureError(
        .badInput,
        "The board is parallel to itself in all \(used.count) pictures (within \(String(format: "%.1f", spread)) degrees): its distance and the focal length cannot be told apart.",
        remedy: "Tilt the board by 20 to 45 degrees, to the left, right, up and down.")
    }
    let adjusted = try RobustAdjustment(
      BundleProblem(cameras: [camera], boards: boards, terms: terms))
    guard adjusted.isDetermined else {
      throw CaptureError(
        .badInput, "The pictures do not determine the lens.",
        remedy:
          "Take more pictures with the board tilted and in every corner, or look for less with --lens polynomial or pinhole."
      )
    }
    model = adjusted.problem.cameras[0].model
    (noise, points, outliers) = (adjusted.pixelNoise, adjusted.terms, adjusted.outliers)
    self.views = used.count
    let numbers = [
      model.intrinsics.fx, model.intrinsics.fy, model.intrinsics.cx, model.intrinsics.cy,
      model.distortion.k1, model.distortion.k2, model.distortion.p1, model.distortion.p2,
      model.distortion.k3, model.distortion.k4, model.distortion.k5, model.distortion.k6,
    ]
    parameters = numbers.indices.filter { camera.freedom.sigmas[6 + $0] > 0 }.map {
      Parameter(
        name: LensCalibration.names[$0], value: numbers[$0],
        deviation: adjusted.deviation(camera: 0, parameter: 6 + $0))
    }
    var squares = [[Double]](repeating: [], count: used.count)
    for (residual, term) in zip(adjusted.problem.residuals(), adjusted.problem.terms) {
      squares[term.frame].append((residual * residual).sum())
    }
    error = LensCalibration.root(squares.flatMap { $0 })
    viewErrors = [Double?](repeating: nil, count: views.count)
    for (frame, index) in used.enumerated() where !squares[frame].isEmpty {
      viewErrors[index] = LensCalibration.root(squares[frame])
    }
    model.radius = nil
  }

  private static func root(_ squares: [Double]) -> Double {
    squares.isEmpty ? 0 : (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }

  /// Largest angle between the normals of boards, degrees.
  static func spread(_ boards: [RigidTransform]) -> Double {
    let normals = boards.map { $0.rotate(SIMD3(0, 0, 1)) }
    var least = 1.0
    for (i, a) in normals.enumerated() {
      for b in normals[(i + 1)...] { least = min(least, a.dot(b)) }
    }
    return acos(max(-1, least)) * 180 / .pi
  }

  /// A lens without distortion whose focal length makes the views' homographies those of a rigid
  /// plane, with the principal point in the middle (Zhang, "A flexible new technique for camera
  /// calibration", 2000).
  static func guess(
    _ views: [[SeenPoint]], size: SIMD2<Int>
  ) -> CameraModel {
    let center = SIMD2(Double(size.x - 1), Double(size.y - 1)) / 2
    let unit = Double(max(size.x, size.y))
    // h1ᵀ W h2 = 0 and h1ᵀ W h1 = h2ᵀ W h2 with W = diag(w, w, 1), w = 1 / f².
    var (top, bottom) = (0.0, 0.0)
    for points in views {
      let pairs = points.map {
        (SIMD2($0.board.x, $0.board.y), ($0.pixel - center) / unit)
      }
      guard let h = PlaneHomography(pairs)?.h else { continue }
      let scale = 1 / (h.map { $0 * $0 }.reduce(0, +)).squareRoot()
      let (a, b) = (
        SIMD3(h[0], h[3], h[6]) * scale, SIMD3(h[1], h[4], h[7]) * scale
      )
      for (x, y) in [
        (a.x * b.x + a.y * b.y, -a.z * b.z),
        (a.x * a.x + a.y * a.y - b.x * b.x - b.y * b.y, b.z * b.z - a.z * a.z),
      ] {
        top += x * y
        bottom += x * x
      }
    }
    let inverse = bottom > 0 ? top / bottom : 0
    // Boards that are all but frontal say nothing; a usual field of view is then as good.
    let focal = inverse > 0 ? 1 / inverse.squareRoot() : 0.8
    let f = min(max(focal, 0.2), 10) * unit
    return CameraModel(
      width: size.x, height: size.y,
      intrinsics: Intrinsics(fx: f, fy: f, cx: center.x, cy: center.y))
  }
}

extension SeenPoint {
  var withoutDepth: SeenPoint { SeenPoint(point: point, board: board, pixel: pixel) }
}
