internal import CaptureCore

/// Places of cameras and boards in the reference camera's frame to begin an adjustment with.
struct RigStart {
  /// cameraFromRig by camera, rigFromBoard by frame; what no view joins to the reference has none.
  private(set) var cameras: [Int: RigidTransform]
  private(set) var boards: [Int: RigidTransform] = [:]

  private let given: [RigAdjustment.Camera]
  private let views: [BoardView]
  private let poses: [BoardPose]
  private let reference: Int

  /// Pixels from which on a point no longer says how wrong a place is.
  private static let scale = 3.0

  /// Goes from the reference along the views with most points, then lets every board and camera choose
  /// again among the places that views give it: a far board has two poses in each view, and only what
  /// several views agree on tells which one is true.
  init(
    _ given: [RigAdjustment.Camera], _ views: [BoardView], _ poses: [BoardPose], reference: Int
  ) {
    (self.given, self.views, self.poses, self.reference) = (given, views, poses, reference)
    cameras = [reference: .identity]
    walk()
    for _ in 0..<2 {
      for frame in boards.keys { boards[frame] = bestBoard(frame) }
      for camera in cameras.keys where camera != reference {
        cameras[camera] = bestCamera(camera)
      }
    }
  }

  private mutating func walk() {
    while true {
      // The view with most points that joins something placed to something that is not.
      let next = views.indices.filter {
        (cameras[views[$0].camera] == nil) != (boards[views[$0].frame] == nil)
      }.max { (views[$0].points.count, $1) < (views[$1].points.count, $0) }
      guard let next else { return }
      let view = views[next]
      if let cameraFromRig = cameras[view.camera] {
        boards[view.frame] = cameraFromRig.inverse * poses[next].cameraFromBoard
      } else {
        cameras[view.camera] = bestCamera(view.camera)
      }
    }
  }

  /// Of the places that a camera's views of placed boards give it, the one that fits all of them best.
  private func bestCamera(_ camera: Int) -> RigidTransform? {
    let own = views.indices.filter {
      views[$0].camera == camera && boards[views[$0].frame] != nil
    }
    let answers = own.flatMap { i in
      boards[views[i].frame].map { board in poses[i].both.map { $0 * board.inverse } } ?? []
    }
    return best(answers) { answer in
      own.map { i in misfit(i, answer, boards[views[i].frame]) }.reduce(0, +)
    }
  }

  /// Of the poses that placed cameras' views of a board give it, the one that fits all of them best.
  private func bestBoard(_ frame: Int) -> RigidTransform? {
    let own = views.indices.filter {
      views[$0].frame == frame && cameras[views[$0].camera] != nil
    }
    let answers = own.flatMap { i in
      cameras[views[i].camera].map { camera in poses[i].both.map { camera.inverse * $0 } } ?? []
    }
    return best(answers) { answer in
      own.map { i in misfit(i, cameras[views[i].camera], answer) }.reduce(0, +)
    }
  }

  private func best(
    _ answers: [RigidTransform], _ cost: (RigidTransform) -> Double
  ) -> RigidTransform? {
    let costs = answers.map(cost)
    return costs.indices.min { costs[$0] < costs[$1] }.map { answers[$0] }
  }

  /// Robust sum of the distances between a view's points and those that a camera and a board predict.
  private func misfit(
    _ view: Int, _ cameraFromRig: RigidTransform?, _ rigFromBoard: RigidTransform?
  ) -> Double {
    guard let cameraFromRig, let rigFromBoard else { return 0 }
    let (view, pose) = (views[view], cameraFromRig * rigFromBoard)
    return view.points.map { point in
      guard let p = given[view.camera].model.project(pose.apply(point.board)) else { return 1 }
      let off = ((p - point.pixel) * (p - point.pixel)).sum() / (Self.scale * Self.scale)
      return off / (1 + off)
    }.reduce(0, +)
  }
}

extension BoardPose {
  /// The pose, and the other one where there is one.
  fileprivate var both: [RigidTransform] { [cameraFromBoard] + (other.map { [$0] } ?? []) }
}
