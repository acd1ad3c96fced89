public import CaptureCore
internal import Foundation

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
    var poses: [RigidTransform] = []
    var used: [BoardView] = []
    for view in usable {
      let camera = cameras[view.camera]
      guard
        let pose = BoardPose(
          view.points, model: camera.model, colorFromDepth: camera.colorFromDepth)
      else { continue }
      poses.append(pose.cameraFromBoard)
      used.append(view)
    }
    try RigAdjustment.checkConnected(cameras, used)
    let start = RigAdjustment.walk(cameras, used, poses, from: reference)
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
    let number = Dictionary(uniqueKeysWithValues: frames.enumerated().map { ($1, $0) })
    // Depth that was mapped to a lens is seen along that lens's rays, and goes with it as it changes.
    let follows = cameras.map { $0.isRegistered && $0.freedom.movesLens }
    var result: RobustAdjustment?
    for _ in 0..<(follows.contains(true) ? 3 : 1) {
      if let lenses = result?.problem.cameras {
        for i in used.indices where follows[used[i].camera] {
          used[i].takeRays(of: lenses[used[i].camera].model)
        }
      }
      problem.terms = used.flatMap { view in
        view.points.flatMap {
          BundleProblem.terms(
            of: $0, camera: view.camera, frame: number[view.frame] ?? 0, pixel: 1, depth: 1)
        }
      }
      result = try RobustAdjustment(problem)
    }
    self.views = used
    guard let result else { preconditionFailure("the loop above runs at least once") }
    adjusted = result
    guard adjusted.isDetermined else {
      throw CaptureError(
        .badInput,
        "The views do not determine \(RigAdjustment.naming(adjusted.direction, cameras)).",
        remedy:
          "Record the board closer, tilted in all directions, and where cameras see it together."
      )
    }
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
    func length(_ first: Int) -> Double {
      (first..<first + 3).map { k in
        let d = adjusted.deviation(camera: camera, parameter: k)
        return d * d
      }.reduce(0, +).squareRoot()
    }
    return Uncertainty(
      position: length(3), rotation: length(0),
      focal: adjusted.deviation(camera: camera, parameter: 6),
      center: adjusted.deviation(camera: camera, parameter: 8))
  }
}

extension CameraFreedom {
  fileprivate var movesLens: Bool { sigmas[6..<18].contains { $0 > 0 } }
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

  /// Places of cameras and boards in the reference camera's frame, step by step along the views
  /// with most points.
  private static func walk(
    _ cameras: [Camera], _ views: [BoardView], _ poses: [RigidTransform], from reference: Int
  ) -> (cameras: [Int: RigidTransform], boards: [Int: RigidTransform]) {
    var placed: [Int: RigidTransform] = [reference: .identity]
    var boards: [Int: RigidTransform] = [:]
    while true {
      // The view with most points that joins something placed to something that is not.
      let next = views.indices.filter {
        (placed[views[$0].camera] == nil) != (boards[views[$0].frame] == nil)
      }.max { (views[$0].points.count, $1) < (views[$1].points.count, $0) }
      guard let next else { return (placed, boards) }
      let view = views[next]
      if let cameraFromRig = placed[view.camera] {
        boards[view.frame] = cameraFromRig.inverse * poses[next]
      } else {
        // Of all frames that could place it, the one whose answer fits the others best.
        let candidates = views.indices.filter {
          views[$0].camera == view.camera && boards[views[$0].frame] != nil
        }
        let answers = candidates.compactMap { i in
          boards[views[i].frame].map { poses[i] * $0.inverse }
        }
        let misfits = answers.map { misfit($0, candidates, views, boards, cameras) }
        let best = misfits.indices.min { misfits[$0] < misfits[$1] }
        placed[view.camera] = best.map { answers[$0] }
      }
    }
  }

  /// Median distance in pixels between seen points and those that a camera's place predicts.
  private static func misfit(
    _ cameraFromRig: RigidTransform, _ indices: [Int], _ views: [BoardView],
    _ boards: [Int: RigidTransform], _ cameras: [Camera]
  ) -> Double {
    let distances = indices.flatMap { i -> [Double] in
      guard let board = boards[views[i].frame] else { return [] }
      let pose = cameraFromRig * board
      return views[i].points.map { point in
        guard let p = cameras[views[i].camera].model.project(pose.apply(point.board)) else {
          return .infinity
        }
        return ((p - point.pixel) * (p - point.pixel)).sum()
      }
    }.sorted()
    return distances.isEmpty ? .infinity : distances[distances.count / 2]
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
