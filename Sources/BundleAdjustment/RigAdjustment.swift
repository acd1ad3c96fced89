public import CaptureCore
internal import Foundation
internal import LinearAlgebra

/// Where the cameras of a rig stand, from what they saw of one board.
public struct RigAdjustment: Sendable {
  /// A camera that is to be placed.
  public struct Camera: Sendable {
    /// Its name.
    public var id: String
    /// Its colour lens; where the camera's own pictures are infrared ones, the depth lens.
    public var model: CameraModel
    /// Depth lens to colour lens.
    public var colorFromDepth: RigidTransform
    /// Whether depth was mapped to the colour lens, and so moves with it.
    public var isRegistered: Bool
    /// What may change beside its place.
    public var freedom: CameraFreedom

    /// A camera of which only the place is looked for, unless ``freedom`` says more.
    public init(
      id: String, model: CameraModel, colorFromDepth: RigidTransform = .identity,
      isRegistered: Bool = false, freedom: CameraFreedom = .held
    ) {
      (self.id, self.model, self.colorFromDepth) = (id, model, colorFromDepth)
      (self.isRegistered, self.freedom) = (isRegistered, freedom)
    }
  }

  /// The cameras that were given.
  public let given: [Camera]
  /// Index of the camera whose colour lens is the rig's frame.
  public let reference: Int
  /// The views that were used.
  public let views: [BoardView]
  /// Colour lens to rig, by camera, before the adjustment: from one board pose to the next.
  public let startRigFromColor: [RigidTransform]
  /// The cameras and boards as adjusted, their noise and outliers.
  public let adjusted: RobustAdjustment

  /// Fewest points that make a view count.
  public static let leastPoints = 6

  /// Places the cameras.
  /// - Parameters:
  ///   - cameras: The cameras.
  ///   - views: What they saw; views of fewer than ``leastPoints`` points are not used.
  ///   - reference: Index of the camera whose colour lens becomes the rig's frame.
  /// - Throws: ``CaptureError`` `badInput` for a camera that never saw the board, for groups of
  ///   cameras that never saw it together, each named, and where places are not determined.
  public init(
    cameras: [Camera], views: [BoardView], reference: Int = 0
  ) throws(CaptureError) {
    (given, self.reference) = (cameras, reference)
    let usable = views.filter { $0.points.count >= RigAdjustment.leastPoints }
    var poses: [BoardPose] = []
    var used: [BoardView] = []
    for view in usable {
      let camera = cameras[view.camera]
      guard
        let pose = BoardPose(
          view.points, model: camera.model, colorFromDepth: camera.colorFromDepth)
      else { continue }
      poses.append(pose)
      used.append(view)
    }
    try RigAdjustment.checkConnected(cameras, used)
    let start = RigStart(cameras, used, poses, reference: reference)
    startRigFromColor = cameras.indices.map { (start.cameras[$0] ?? .identity).inverse }
    let frames = Array(Set(used.map(\.frame))).sorted()
    var problem = BundleProblem(
      cameras: cameras.enumerated().map { index, camera in
        var freedom = camera.freedom
        if index != reference { (freedom.rotation, freedom.translation) = (.infinity, .infinity) }
        return AdjustableCamera(
          cameraFromRig: start.cameras[index] ?? .identity, model: camera.model,
          colorFromDepth: camera.colorFromDepth, freedom: freedom)
      },
      boards: frames.map { start.boards[$0] ?? .identity }, terms: [])
    var result = try RigAdjustment.solved(problem, &used, cameras)
    // A bias that the board does not show would only add to the noise of everything else.
    let plain = cameras.indices.filter {
      cameras[$0].freedom.movesBias && !result.showsBias(camera: $0)
    }
    if result.isDetermined, !plain.isEmpty {
      for camera in plain { problem.cameras[camera].freedom.holdBias() }
      result = try RigAdjustment.solved(problem, &used, cameras)
    }
    (self.views, adjusted) = (used, result)
    guard adjusted.isDetermined else {
      throw CaptureError(
        .badInput,
        "The views do not determine \(RigAdjustment.naming(adjusted.direction, cameras)).",
        remedy:
          "Record the board closer, tilted in all directions, and where cameras see it together."
      )
    }
  }

  /// Adjusts a problem to views, whose depths get the rays that go with the lenses.
  private static func solved(
    _ start: BundleProblem, _ views: inout [BoardView], _ cameras: [Camera]
  ) throws(CaptureError) -> RobustAdjustment {
    var problem = start
    let frames = Array(Set(views.map(\.frame))).sorted()
    let number = Dictionary(uniqueKeysWithValues: frames.enumerated().map { ($1, $0) })
    func terms(_ views: [BoardView]) -> [BundleProblem.Term] {
      views.flatMap { view in
        view.points.flatMap {
          BundleProblem.terms(
            of: $0, camera: view.camera, frame: number[view.frame] ?? 0, pixel: 1, depth: 1)
        }
      }
    }
    problem.terms = terms(views)
    var result = try RobustAdjustment(problem)
    // Depth that was mapped to a lens is seen along that lens's rays, and goes with it as it changes.
    let follows = cameras.map { $0.isRegistered && $0.freedom.movesLens }
    if follows.contains(true) {
      for _ in 0..<2 {
        for i in views.indices where follows[views[i].camera] {
          views[i].takeRays(of: result.problem.cameras[views[i].camera].model)
        }
        problem.terms = terms(views)
        result = try RobustAdjustment(problem)
      }
    }
    return result
  }

  /// Board to rig, by frame of the views.
  public var rigFromBoard: [Int: RigidTransform] {
    let frames = Array(Set(views.map(\.frame))).sorted()
    return Dictionary(uniqueKeysWithValues: zip(frames, adjusted.problem.boards))
  }

  /// Angle between the two most different tilts of the board, degrees.
  public var spread: Double { LensCalibration.spread(adjusted.problem.boards) }

  /// Colour lens to rig, by camera.
  public var rigFromColor: [RigidTransform] {
    adjusted.problem.cameras.map(\.cameraFromRig.inverse)
  }

  /// What one standard deviation of a camera is.
  public struct Uncertainty: Sendable {
    /// Length of the deviation of its place, metres, and of its direction, radians, both against the
    /// reference camera; 0 for that one.
    public var position, rotation: Double
    /// Deviations of fx and cx, pixels; 0 where they are held.
    public var focal, center: Double
  }

  /// How well a camera's place is known.
  public func uncertainty(camera: Int) -> Uncertainty {
    Uncertainty(
      position: adjusted.length(camera: camera, parameter: 3),
      rotation: adjusted.length(camera: camera, parameter: 0),
      focal: adjusted.deviation(camera: camera, parameter: 6),
      center: adjusted.deviation(camera: camera, parameter: 8))
  }

  /// How well a camera's place and direction are known against another one, which need not be the
  /// reference: metres and radians.
  public func uncertainty(
    camera: Int, against other: Int
  ) -> (position: Double, rotation: Double) {
    // With poses a of the other one and b, and their small motions from the left, a·b⁻¹ turns by
    // ωa - R ωb and moves its origin by ωa × t + τa - R τb, where (R, t) = a·b⁻¹.
    let cameras = adjusted.problem.cameras
    let between = cameras[other].cameraFromRig * cameras[camera].cameraFromRig.inverse
    let t = between.translation
    var (turn, move) = (DenseMatrix(rows: 3, columns: 12), DenseMatrix(rows: 3, columns: 12))
    let cross = [[0, t.z, -t.y], [-t.z, 0, t.x], [t.y, -t.x, 0]]
    for i in 0..<3 {
      (turn[i, i], move[i, 3 + i]) = (1, 1)
      for j in 0..<3 {
        move[i, j] = cross[i][j]
        turn[i, 6 + j] = -between.rotation[3 * i + j]
        move[i, 9 + j] = -between.rotation[3 * i + j]
      }
    }
    let covariance = adjusted.covariance(of: other, camera)
    func length(_ rows: DenseMatrix) -> Double {
      var sum = 0.0
      for i in 0..<3 {
        for a in 0..<12 {
          for b in 0..<12 { sum += rows[i, a] * covariance[a, b] * rows[i, b] }
        }
      }
      return max(0, sum).squareRoot()
    }
    return (length(move), length(turn))
  }

  /// Where a board that did not move stood, board to rig, by views of it from the placed cameras; nil
  /// where none tells. Its views are no part of the adjustment.
  public func pose(ofStanding views: [BoardView]) -> RigidTransform? {
    let lenses = adjusted.problem.cameras
    var problem = BundleProblem(cameras: lenses, boards: [.identity], terms: [])
    for i in problem.cameras.indices { problem.cameras[i].freedom = .held }
    problem.terms = views.flatMap { view in
      view.points.flatMap {
        BundleProblem.terms(
          of: $0.withoutDepth, camera: view.camera, frame: 0, pixel: 0.5, depth: 1)
      }
    }
    // Each view gives a start; a plane's other pose in one is told from the true one by the rest.
    let ends = views.compactMap { view -> (pose: RigidTransform, cost: Double)? in
      let lens = lenses[view.camera]
      guard let seen = BoardPose(view.points.map(\.withoutDepth), model: lens.model) else {
        return nil
      }
      var trial = problem
      trial.boards = [lens.cameraFromRig.inverse * seen.cameraFromBoard]
      guard let outcome = try? trial.solve(iterations: 50, loss: 5) else { return nil }
      return (trial.boards[0], outcome.cost)
    }
    return ends.min { $0.cost < $1.cost }?.pose
  }
}

extension CameraFreedom {
  fileprivate var movesLens: Bool { sigmas[6..<18].contains { $0 > 0 } }
  fileprivate var movesBias: Bool { sigmas[18..<21].contains { $0 > 0 } }
  fileprivate mutating func holdBias() { (biasOffset, biasScale, biasRadial) = (0, 0, 0) }
}

extension BoardView {
  /// Lets the depths be seen along the rays of the points' pixels.
  fileprivate mutating func takeRays(of model: CameraModel) {
    for i in points.indices where points[i].depth != nil {
      if let ray = model.unproject(points[i].pixel) {
        points[i].depth?.ray = SIMD2(ray.x, ray.y)
      }
    }
  }
}

extension RigAdjustment {
  /// - Throws: ``CaptureError`` `badInput` unless shared frames join all cameras.
  private static func checkConnected(
    _ cameras: [Camera], _ views: [BoardView]
  ) throws(CaptureError) {
    let blind = cameras.indices.filter { c in !views.contains { $0.camera == c } }
    guard blind.isEmpty else {
      let names = blind.map { "`\(cameras[$0].id)`" }.joined(separator: ", ")
      throw CaptureError(
        .badInput,
        blind.count == cameras.count
          ? "No camera ever sees the board."
          : "The board is never seen by camera \(names).",
        remedy:
          "Check the target file, and record the board where each camera sees it together with another one."
      )
    }
    let groups = components(cameras.count, views)
    guard groups.count > 1 else { return }
    let names = groups.map { group in
      group.map { "`\(cameras[$0].id)`" }.joined(separator: ", ")
    }
    throw CaptureError(
      .badInput,
      "The cameras fall into \(groups.count) groups that never see the board at the same time: \(names.joined(separator: " | ")).",
      remedy:
        "Record the board where a camera of each group sees it together with one of another: for example `\(cameras[groups[0][0]].id)` and `\(cameras[groups[1][0]].id)`."
    )
  }

  /// Groups of cameras that views of the same frames join, each in order.
  static func components(_ count: Int, _ views: [BoardView]) -> [[Int]] {
    var group = Array(0..<count)
    for (_, views) in Dictionary(grouping: views, by: \.frame) {
      let together = Set(views.map { group[$0.camera] })
      guard let target = together.min() else { continue }
      for c in group.indices where together.contains(group[c]) { group[c] = target }
    }
    return Set(group).sorted().map { g in group.indices.filter { group[$0] == g } }
  }

  /// The cameras that a direction of parameters is about, in words.
  private static func naming(_ direction: [Double], _ cameras: [Camera]) -> String {
    let shares = cameras.indices.map { c in
      direction[c * BundleProblem.width..<(c + 1) * BundleProblem.width].map { $0 * $0 }
        .reduce(0, +)
    }
    let most = shares.max() ?? 0
    let named = cameras.indices.filter { shares[$0] > 0.2 * most }
    return "the place of camera " + named.map { "`\(cameras[$0].id)`" }.joined(separator: ", ")
  }
}
