import CaptureCore
import CaptureTestSupport
import Foundation
import Recordings

/// Two small cameras with everything a take can hold, written to a folder of its own.
struct TinyTake {
  let folder = Scratch.unused()

  static let description = TakeDescription(
    name: "tiny", framesPerSecond: 15,
    cameras: [
      CameraDescription(
        id: "cam0", model: "test", serial: "1", sync: SyncRole(mode: .master),
        color: CameraModel(
          width: 6, height: 4, intrinsics: Intrinsics(fx: 5, fy: 5.5, cx: 2.25, cy: 1.5),
          distortion: Distortion(k1: 0.4, k2: -2.5, k6: 1.4, p1: 4e-4)),
        depth: CameraModel(
          width: 4, height: 3, intrinsics: Intrinsics(fx: 3, fy: 3, cx: 1.5, cy: 1)),
        depthUnit: 0.001, depthRange: 0.25...5.5,
        colorFromDepth: RigidTransform(
          rows: RigidTransform.identity.rows, translation: SIMD3(-0.032, -0.002, 0.004))),
      CameraDescription(
        id: "cam1", sync: SyncRole(mode: .subordinate, delay: 0.00016), color: nil,
        depth: CameraModel(
          width: 4, height: 3, intrinsics: Intrinsics(fx: 3, fy: 3, cx: 1.5, cy: 1)),
        depthUnit: 0.0005, depthRange: 0.5...3),
    ])

  static let calibration = RigCalibration(
    rig: "tiny", reference: "cam0",
    rigFromColor: [
      "cam0": .identity,
      "cam1": RigidTransform(
        rows: (SIMD3(0, 0, 1), SIMD3(0, 1, 0), SIMD3(-1, 0, 0)), translation: SIMD3(1, 0.5, 2)),
    ],
    worldFromRig: RigidTransform(
      rows: (SIMD3(1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)), translation: SIMD3(0, 1.1, 1.9)))

  static func depth(_ seed: Int, unit: Float = 0.001) throws -> DepthImage {
    try DepthImage(
      width: 4, height: 3, samples: (0..<12).map { UInt16(1000 + seed * 100 + $0) }, unit: unit)
  }

  static func color(_ seed: Int) throws -> ColorImage {
    try ColorImage(width: 6, height: 4, pixels: (0..<72).map { UInt8($0 + seed) })
  }

  static let mask = [UInt8](repeating: 255, count: 24)

  /// Writes two frames of `cam0` and three of `cam1`.
  init(calibration: RigCalibration? = TinyTake.calibration) throws {
    let writer = try TakeWriter(
      folder: folder, take: TinyTake.description, calibration: calibration)
    for i in 0..<2 {
      let time = 1 + Double(i) / 15
      try writer.write(TinyTake.depth(i), camera: 0, index: i, time: time)
      try writer.write(
        TinyTake.color(i), camera: 0, index: i, time: time + 1e-5, quality: i == 0 ? nil : 95)
      try writer.write(
        MaskImage(width: 6, height: 4, samples: TinyTake.mask), camera: 0, index: i, time: time)
    }
    for i in (0..<3).reversed() {
      try writer.write(
        TinyTake.depth(i, unit: 0.0005), camera: 1, index: i, time: 1.00016 + Double(i) / 15)
    }
    try writer.finish()
  }

  func url(_ path: String) -> URL { folder.appendingPathComponent(path) }

  func replace(_ old: String, with new: String, in path: String) throws {
    let text = try String(contentsOf: url(path), encoding: .utf8)
    precondition(text.contains(old), "\(path) has no \(old)")
    try Data(text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: url(path))
  }
}
