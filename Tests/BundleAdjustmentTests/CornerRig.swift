import BundleAdjustment
import CaptureCore
import CaptureTestSupport
import Foundation

/// A made-up rig that sees a made-up board: corners and depths without any picture.
struct CornerRig {
  var seed: UInt64 = 1
  var cameras = 4
  var frames = 12
  /// Pixels.
  var noise = 0.3
  /// Metres; nil for no depth.
  var depthNoise: Double? = 0.003
  /// Share of the points that are somewhere else.
  var outliers = 0.0
  /// Share of the views that are missing.
  var missing = 0.0
  var distortion = Distortion(k1: 0.08, k2: -0.03, k3: 0.01, p1: 0.0005, p2: -0.0003)
  var columns = 6
  var rows = 5
  /// Whether the board is turned from view to view.
  var turns = true

  /// Inner corners of squares of 8 cm.
  var board: [SIMD3<Double>] {
    (0..<columns * rows).map { SIMD3(Double($0 % columns) * 0.08, Double($0 / columns) * 0.08, 0) }
  }

  var model: CameraModel {
    CameraModel(
      width: 1280, height: 960, intrinsics: Intrinsics(fx: 910, fy: 912, cx: 645, cy: 470),
      distortion: distortion)
  }

  /// cameraFromRig, the first camera's is the identity: cameras on a half circle of 1.8 m.
  var truth: [RigidTransform] {
    let places = (0..<cameras).map { i -> RigidTransform in
      let angle = (Double(i) / Double(max(1, cameras - 1)) - 0.5) * 1.6
      let eye = SIMD3(1.8 * sin(angle), 1.2 + 0.1 * Double(i % 2), 1.8 * cos(angle))
      return RigidTransform.looking(from: eye, at: SIMD3(0, 1, 0)).inverse
    }
    let first = places[0].inverse
    return places.map { $0 * first }
  }

  func views() -> [BoardView] {
    var random = SeededGenerator(seed: seed)
    func spread(_ size: Double) -> Double { (2 * Double(random.uniform()) - 1) * size }
    let truth = truth
    // The rig's middle in the first camera's frame.
    let center = SIMD3(0.0, 0, 1.8)
    let middle = SIMD3(Double(columns - 1), Double(rows - 1), 0) * 0.04
    var views: [BoardView] = []
    for frame in 0..<frames {
      let way = turns ? SIMD3(spread(0.5), spread(0.4), spread(0.5)) : SIMD3(0, 0.2, 0)
      let turn = RigidTransform.turn(SIMD3(way.x, way.y - 0.75, way.z))
      let place = center + SIMD3(spread(0.35), spread(0.25), spread(0.3))
      let rigFromBoard = RigidTransform(
        rows: turn.rows, translation: place - turn.rotate(middle))
      for (camera, cameraFromRig) in truth.enumerated() {
        let isMissing = Double(random.uniform()) < missing
        let pose = cameraFromRig * rigFromBoard
        var points: [SeenPoint] = []
        for (index, corner) in board.enumerated() {
          let p = pose.apply(corner)
          var pixel = model.project(p) ?? SIMD2(-1, -1)
          let depth = p.z + Double(random.normal()) * (depthNoise ?? 0)
          pixel += SIMD2(Double(random.normal()), Double(random.normal())) * noise
          if Double(random.uniform()) < outliers {
            pixel += SIMD2(spread(30), spread(30))
          }
          let facing = pose.rotate(SIMD3(0, 0, 1)).dot(p.normalized) > 0.25
          guard facing, !isMissing, pixel.x > 0, pixel.y > 0, pixel.x < 1279, pixel.y < 959 else {
            continue
          }
          points.append(
            SeenPoint(
              point: index, board: corner, pixel: pixel,
              depth: depthNoise == nil
                ? nil : .init(ray: SIMD2(p.x / p.z, p.y / p.z), depth: depth)))
        }
        if points.count >= 6 {
          views.append(BoardView(camera: camera, frame: frame, points: points))
        }
      }
    }
    return views
  }

  func cameras(freedom: CameraFreedom = .held) -> [RigAdjustment.Camera] {
    (0..<cameras).map { .init(id: "cam\($0)", model: model, freedom: freedom) }
  }
}
