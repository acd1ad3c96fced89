internal import CBundleAdjustment
public import CaptureCore

/// How far the parameters of a camera may move: standard deviations around what is given, 0 to hold a
/// parameter, infinity to leave it free.
public struct CameraFreedom: Equatable, Sendable {
  /// Rotation, radians, and translation, metres.
  public var rotation = 0.0, translation = 0.0
  /// fx and fy; cx and cy, pixels.
  public var focal = 0.0, center = 0.0
  /// k1 and k2; k3; k4, k5 and k6; p1 and p2.
  public var radial = 0.0, radial3 = 0.0, rational = 0.0, tangential = 0.0
  /// Depth bias: metres, share, share per squared tangent.
  public var biasOffset = 0.0, biasScale = 0.0, biasRadial = 0.0
  /// Depth lens to colour lens: radians, metres.
  public var depthRotation = 0.0, depthTranslation = 0.0

  /// Everything held.
  public static let held = CameraFreedom()

  /// Everything held; parts are freed afterwards.
  public init() {}

  var sigmas: [Double] {
    func three(_ value: Double) -> [Double] { [value, value, value] }
    return three(rotation) + three(translation) + [focal, focal, center, center, radial, radial]
      + [tangential, tangential, radial3] + three(rational)
      + [biasOffset, biasScale, biasRadial] + three(depthRotation) + three(depthTranslation)
  }
}

/// A camera in an adjustment.
public struct AdjustableCamera: Equatable, Sendable {
  /// Rig to colour lens.
  public var cameraFromRig: RigidTransform
  /// The colour lens.
  public var model: CameraModel
  /// The depth sensor's bias.
  public var bias: DepthBias
  /// Depth lens to colour lens.
  public var colorFromDepth: RigidTransform
  /// What may change.
  public var freedom: CameraFreedom

  /// A camera whose parameters are held until ``freedom`` says otherwise.
  public init(
    cameraFromRig: RigidTransform = .identity, model: CameraModel, bias: DepthBias = .none,
    colorFromDepth: RigidTransform = .identity, freedom: CameraFreedom = .held
  ) {
    (self.cameraFromRig, self.model, self.bias) = (cameraFromRig, model, bias)
    (self.colorFromDepth, self.freedom) = (colorFromDepth, freedom)
  }
}

/// A point of a board as a camera saw it.
public struct SeenPoint: Equatable, Sendable {
  /// A depth measured at the point: where in the depth lens's view, `(x, y, 1)`, and metres.
  public struct Depth: Equatable, Sendable {
    /// Direction on the plane z = 1, and z-depth.
    public var ray: SIMD2<Double>, depth: Double

    /// A depth at a ray.
    public init(ray: SIMD2<Double>, depth: Double) { (self.ray, self.depth) = (ray, depth) }
  }

  /// Number of the point on its board.
  public var point: Int
  /// Its place, metres in the board's frame.
  public var board: SIMD3<Double>
  /// Where it was seen, pixels of the colour image.
  public var pixel: SIMD2<Double>
  /// Its depth, where one was measured.
  public var depth: Depth?

  /// A point seen at a pixel.
  public init(point: Int, board: SIMD3<Double>, pixel: SIMD2<Double>, depth: Depth? = nil) {
    (self.point, self.board, self.pixel, self.depth) = (point, board, pixel, depth)
  }
}

/// What one camera saw of the board at one time.
public struct BoardView: Equatable, Sendable {
  /// Index of the camera; index of the time, the same for all cameras that looked at once.
  public var camera, frame: Int
  /// The points that were seen.
  public var points: [SeenPoint]

  /// The points that a camera saw at a time.
  public init(camera: Int, frame: Int, points: [SeenPoint]) {
    (self.camera, self.frame, self.points) = (camera, frame, points)
  }
}

/// Cameras, boards and what ties them: one least-squares problem.
public struct BundleProblem: Sendable {
  /// A point, or with ``isDepth`` a depth, of one view.
  struct Term: Sendable {
    var camera: Int, frame: Int
    var seen: SeenPoint
    var isDepth: Bool
    /// Standard deviation: pixels, or metres.
    var sigma: Double
  }

  /// Parameters of a camera in a covariance, see `cba_camera`.
  static let width = Int(CBA_CAMERA)

  /// The cameras.
  public internal(set) var cameras: [AdjustableCamera]
  /// Board to rig, by frame.
  public internal(set) var boards: [RigidTransform]
  /// Frames whose board is held.
  var heldBoards: Set<Int> = []
  var terms: [Term]

  /// How an adjustment ended.
  struct Outcome {
    var cost: Double
    var isDetermined: Bool
    /// `[27 cameras]²`, row-major; nil where it was not asked for or nothing is determined.
    var covariance: [Double]?
    /// The change of the cameras' parameters that is least determined, `[27 cameras]`.
    var direction: [Double]
  }

  /// Minimises the sum of squared terms over their deviations.
  /// - Parameter loss: Scale of Cauchy's loss in deviations; 0 for plain least squares.
  /// - Throws: ``CaptureError`` `badInput` when no step can be computed.
  mutating func solve(
    iterations: Int = 100, loss: Double, wantsCovariance: Bool = false
  ) throws(CaptureError) -> Outcome {
    var (lenses, views) = (cameras.map(\.raw), [cba_view]())
    for (i, board) in boards.enumerated() {
      views.append(cba_view(pose: board.raw, held: heldBoards.contains(i) ? 1 : 0))
    }
    let size = BundleProblem.width * cameras.count
    var covariance = [Double](repeating: 0, count: wantsCovariance ? size * size : 1)
    var direction = [Double](repeating: 0, count: size)
    var summary = cba_summary()
    let status = withProblem(&lenses, &views) { problem in
      covariance.withUnsafeMutableBufferPointer { covariance in
        direction.withUnsafeMutableBufferPointer { direction in
          cba_solve(
            &problem, Int32(iterations), loss, wantsCovariance ? covariance.baseAddress : nil,
            wantsCovariance ? direction.baseAddress : nil, &summary)
        }
      }
    }
    guard status != 1, summary.cost.isFinite else {
      throw CaptureError(
        .badInput, "The cameras' places cannot be computed from these views of the board.",
        remedy: "Record more views, near and far, tilted in all directions.")
    }
    for i in cameras.indices { cameras[i].read(lenses[i]) }
    boards = views.map { RigidTransform($0.pose) }
    return Outcome(
      cost: summary.cost, isDetermined: status == 0,
      covariance: wantsCovariance && status == 0 ? covariance : nil, direction: direction)
  }

  /// Predicted minus measured pixel of each term, NaN behind the camera; for depths, metres behind
  /// the board in x.
  func residuals() -> [SIMD2<Double>] {
    var (lenses, views) = (
      cameras.map(\.raw), boards.map { cba_view(pose: $0.raw, held: 0) }
    )
    let depths = terms.count { $0.isDepth }
    var pixels = [Double](repeating: 0, count: max(1, 2 * (terms.count - depths)))
    var meters = [Double](repeating: 0, count: max(1, depths))
    withProblem(&lenses, &views) { problem in cba_residuals(&problem, &pixels, &meters) }
    var (corner, depth) = (0, 0)
    return terms.map { term in
      if term.isDepth {
        depth += 1
        return SIMD2(meters[depth - 1], 0)
      }
      corner += 1
      return SIMD2(pixels[2 * corner - 2], pixels[2 * corner - 1])
    }
  }

  private func withProblem<Result>(
    _ lenses: inout [cba_camera], _ views: inout [cba_view],
    _ body: (inout cba_problem) -> Result
  ) -> Result {
    let corners = terms.filter { !$0.isDepth }.map { term in
      cba_corner(
        camera: Int32(term.camera), view: Int32(term.frame),
        board: (term.seen.board.x, term.seen.board.y, term.seen.board.z),
        pixel: (term.seen.pixel.x, term.seen.pixel.y), sigma: term.sigma)
    }
    let depths = terms.compactMap { term -> cba_depth? in
      guard term.isDepth, let depth = term.seen.depth else { return nil }
      return cba_depth(
        camera: Int32(term.camera), view: Int32(term.frame), ray: (depth.ray.x, depth.ray.y),
        depth: depth.depth, sigma: term.sigma)
    }
    return lenses.withUnsafeMutableBufferPointer { lenses in
      views.withUnsafeMutableBufferPointer { views in
        corners.withUnsafeBufferPointer { corners in
          depths.withUnsafeBufferPointer { depths in
            var problem = cba_problem(
              cameras: lenses.baseAddress, camera_count: Int64(lenses.count),
              views: views.baseAddress, view_count: Int64(views.count),
              corners: corners.baseAddress, corner_count: Int64(corners.count),
              depths: depths.baseAddress, depth_count: Int64(depths.count))
            return body(&problem)
          }
        }
      }
    }
  }
}

extension RigidTransform {
  var raw: cba_pose {
    let (a, b, c, t) = (rows.0, rows.1, rows.2, translation)
    return cba_pose(m: (a.x, a.y, a.z, b.x, b.y, b.z, c.x, c.y, c.z, t.x, t.y, t.z))
  }

  init(_ raw: cba_pose) {
    let m = raw.m
    self.init(
      rows: (SIMD3(m.0, m.1, m.2), SIMD3(m.3, m.4, m.5), SIMD3(m.6, m.7, m.8)),
      translation: SIMD3(m.9, m.10, m.11))
  }

  /// The transform after a small motion from the left: rotation vector, radians, and translation.
  func moved(_ step: [Double]) -> RigidTransform {
    var pose = raw
    cba_move(&pose, step)
    return RigidTransform(pose)
  }
}

extension AdjustableCamera {
  var raw: cba_camera {
    let (i, d) = (model.intrinsics, model.distortion)
    var result = cba_camera()
    result.pose = cameraFromRig.raw
    result.lens = (
      i.fx, i.fy, i.cx, i.cy, d.k1, d.k2, d.p1, d.p2, d.k3, d.k4, d.k5, d.k6
    )
    result.bias = (bias.offset, bias.scale, bias.radial)
    result.depth_pose = colorFromDepth.raw
    withUnsafeMutableBytes(of: &result.sigma) { bytes in
      for (i, sigma) in freedom.sigmas.enumerated() {
        bytes.storeBytes(of: sigma, toByteOffset: 8 * i, as: Double.self)
      }
    }
    return result
  }

  mutating func read(_ raw: cba_camera) {
    let l = raw.lens
    cameraFromRig = RigidTransform(raw.pose)
    model.intrinsics = Intrinsics(fx: l.0, fy: l.1, cx: l.2, cy: l.3)
    model.distortion = Distortion(
      k1: l.4, k2: l.5, k3: l.8, k4: l.9, k5: l.10, k6: l.11, p1: l.6, p2: l.7)
    bias = DepthBias(offset: raw.bias.0, scale: raw.bias.1, radial: raw.bias.2)
    colorFromDepth = RigidTransform(raw.depth_pose)
  }
}
