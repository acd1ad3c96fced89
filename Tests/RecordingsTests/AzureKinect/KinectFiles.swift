import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import Recordings

/// Small recordings of an Azure Kinect, as its recorder would write them, in a folder of their own.
struct KinectFiles {
  let folder: URL

  init() throws { folder = try Scratch.folder() }

  func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// A camera in the smallest modes.
  static func camera(_ sync: SyncRole = SyncRole(mode: .standalone)) -> CameraDescription {
    CameraDescription(
      id: "cam", model: "azure-kinect-dk", serial: "000123",
      firmware: "color 1.6.110, depth 1.6.79",
      sync: sync,
      color: CameraModel(
        width: 1280, height: 720,
        intrinsics: Intrinsics(fx: 605.5, fy: 605.25, cx: 639.5, cy: 365.75),
        distortion: Distortion(
          k1: 0.5, k2: -2.5, k3: 1.5, k4: 0.375, k5: -2.25, k6: 1.375, p1: 4e-4),
        radius: 1.7),
      depth: CameraModel(
        width: 320, height: 288,
        intrinsics: Intrinsics(fx: 252.5, fy: 252.5, cx: 160.5, cy: 168.5),
        distortion: Distortion(k1: 5.25, k2: 3.5, k4: 5.5, p2: -2e-5), radius: 1.75),
      depthRange: 0.5...5.46,
      colorFromDepth: RigidTransform(
        rows: RigidTransform.identity.rows, translation: SIMD3(-0.032, -0.002, 0.004)))
  }

  static func depth(_ seed: Int) throws -> DepthImage {
    try DepthImage(
      width: 320, height: 288, samples: (0..<320 * 288).map { UInt16(1000 + seed + $0 % 320) },
      unit: 0.001)
  }

  /// A smooth image, which every coding keeps to a few steps.
  static let color: ColorImage = {
    let (width, height) = (1280, 720)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { out, count in
      for i in 0..<width * height {
        let (u, v) = (i % width, i / width)
        (out[3 * i], out[3 * i + 1], out[3 * i + 2]) = (
          UInt8(u * 255 / 1279), UInt8(v * 255 / 719), UInt8(40 + u / 16)
        )
      }
      count = 3 * width * height
    }
    guard let image = try? ColorImage(width: width, height: height, pixels: pixels) else {
      fatalError("the count is right")
    }
    return image
  }()

  static let jpeg: Data = {
    guard let data = try? ImageFile.jpeg(color, quality: 60) else {
      fatalError("it can be encoded")
    }
    return data
  }()

  /// What to write.
  struct Plan {
    var camera = KinectFiles.camera()
    var settings = AzureKinectWriter.Settings()
    var frames = 3
    /// Frames that the recorder dropped.
    var skipped: Set<Int> = []
    /// Device time of the first image, seconds.
    var start = 1.5
    var isFinished = true
  }

  /// Writes a recording at 30 Hz; each depth image comes 2 ms after its colour image.
  @discardableResult
  func write(_ name: String, _ plan: Plan = Plan()) throws -> URL {
    let url = url(name)
    var settings = plan.settings
    settings.startOffset = plan.start
    let writer = try AzureKinectWriter(
      url, camera: plan.camera, framesPerSecond: 30, settings: settings)
    for frame in 0..<plan.frames where !plan.skipped.contains(frame) {
      let time = plan.start + Double(frame) / 30
      if settings.motion {
        try writer.write((0..<3).map { Self.motion(time + Double($0) / 1600) })
      }
      if settings.coding == .mjpg {
        try writer.write(color: Self.jpeg, time: time)
      } else {
        try writer.write(Self.color, time: time)
      }
      try writer.write(Self.depth(frame), time: time + 0.002)
      if settings.infrared {
        try writer.write(infrared: Self.depth(500 + frame), time: time + 0.002)
      }
    }
    if plan.isFinished { try writer.finish() } else { try writer.leaveUnfinished() }
    return url
  }

  static func motion(_ time: Double) -> MotionSample {
    MotionSample(
      accelerationTime: time, acceleration: SIMD3(0.5, -9.75, 0.25), turnTime: time + 1e-6,
      turn: SIMD3(0.125, 0, -0.5))
  }
}
