internal import BundleAdjustment
internal import Calibration
internal import CalibrationTargets
internal import CaptureCore
internal import FrameSync
internal import Recordings

/// An adjusted rig in its world, with what the report needs.
struct RigResult: Sendable {
  let target: CalibrationTarget
  let corners: TakeCorners
  let adjustment: RigAdjustment
  let figures: RigFigures
  let calibration: RigCalibration
  let world: WorldFrame
  /// Depth of all cameras at the middle of what was looked at.
  let clouds: RigClouds
  /// The same as the devices were before.
  let cloudsBefore: RigClouds
  /// Share of a camera's points that another one sees, by `[first, second]`.
  let overlaps: [[Double]]
  /// Share of a camera's points that any other one sees.
  let shared: [Double]
  /// The devices as corrected.
  let cameras: [CameraDescription]
  /// Colour lens to world before this calibration: by the take's own, or by the boards alone.
  let worldFromColorBefore: [RigidTransform]
  /// Whether that was the take's own calibration.
  let hadCalibration: Bool

  init(
    reader: any Recording, target: CalibrationTarget, corners: TakeCorners,
    adjustment: RigAdjustment, refinements: Set<RigCalibrationJob.Refinement>, rig: String,
    floorBoard: (name: String, pose: RigidTransform)?
  ) {
    (self.target, self.corners, self.adjustment) = (target, corners, adjustment)
    figures = RigFigures(adjustment)
    let adjusted = adjustment.adjusted.problem.cameras
    var (corrections, cameras) = ([String: DeviceCorrection](), reader.take.cameras)
    for (i, camera) in adjusted.enumerated() {
      var correction = DeviceCorrection()
      if refinements.contains(.lens) {
        correction.color = camera.model
        if cameras[i].isRegistered { cameras[i].depth = camera.model }
        cameras[i].color = camera.model
      }
      if refinements.contains(.depth), !adjustment.given[i].isRegistered {
        correction.colorFromDepth = camera.colorFromDepth
        cameras[i].colorFromDepth = camera.colorFromDepth
      }
      if refinements.contains(.bias) { correction.depthBias = camera.bias }
      if correction != DeviceCorrection() { corrections[cameras[i].id] = correction }
    }
    self.cameras = cameras
    let set = corners.sets[corners.sets.count / 2]
    let clouds = RigClouds(reader, set, cameras: cameras, biases: adjusted.map(\.bias))
    self.clouds = clouds
    let none = [DepthBias](repeating: .none, count: cameras.count)
    cloudsBefore =
      corrections.isEmpty
      ? clouds : RigClouds(reader, set, cameras: reader.take.cameras, biases: none)
    let places = adjustment.rigFromColor
    let boards = adjustment.rigFromBoard.sorted { $0.key < $1.key }.map(\.value)
    let middle = SIMD3(target.size.x / 2, target.size.y / 2, 0)
    let center = boards.map { $0.apply(middle) }.reduce(.zero, +) / Double(max(1, boards.count))
    let points = places.indices.flatMap { i in
      clouds.points[i].enumerated().filter { $0.offset % 3 == 0 }.map {
        places[i].apply($0.element)
      }
    }
    world = WorldFrame(
      rigFromColor: places, reference: adjustment.reference, points: points, center: center,
      board: floorBoard)
    let ids = cameras.map(\.id)
    calibration = RigCalibration(
      rig: rig, reference: ids[adjustment.reference],
      rigFromColor: Dictionary(uniqueKeysWithValues: zip(ids, places)),
      worldFromRig: world.worldFromRig, corrections: corrections)
    let count = cameras.count
    var overlaps = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for a in 0..<count {
      for b in 0..<count where a != b { overlaps[a][b] = clouds.overlap(a, [b], places) }
    }
    self.overlaps = overlaps
    shared = (0..<count).map { a in
      clouds.overlap(a, (0..<count).filter { $0 != a }, places)
    }
    // The old places are turned so that the reference camera stays where it is.
    let reference = world.worldFromRig * places[adjustment.reference]
    if let old = reader.calibration, ids.allSatisfy({ old.rigFromColor[$0] != nil }),
      let oldReference = old.rigFromColor[ids[adjustment.reference]]
    {
      hadCalibration = true
      worldFromColorBefore = ids.map {
        reference * oldReference.inverse * (old.rigFromColor[$0] ?? .identity)
      }
    } else {
      hadCalibration = false
      worldFromColorBefore = adjustment.startRigFromColor.map {
        reference * adjustment.startRigFromColor[adjustment.reference].inverse * $0
      }
    }
  }
}
