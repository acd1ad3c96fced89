internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import Matroska
internal import RecordingFixtures
internal import Recordings

extension FuzzTarget {
  /// The container: all that it indexes is read.
  static let matroska = FuzzTarget("matroska", seeds: kinectFiles) {
    reading("a.mkv") { url in
      let file = try MatroskaFile(url)
      for track in file.tracks {
        for block in file.blocks(ofTrack: track.number).prefix(64) {
          try expectingPlaces { () throws(CaptureError) in _ = try file.frames(of: block) }
        }
      }
      for attachment in file.attachments {
        try expectingPlaces { () throws(CaptureError) in _ = try file.data(of: attachment) }
      }
    }
  }

  /// One camera's recording, read as far as images.
  static let azureKinect = FuzzTarget("azure-kinect", seeds: kinectFiles) {
    reading("a.mkv") { url in
      let recording = try AzureKinectRecording.open(url)
      for index in recording.samples(camera: 0, kind: .depth).indices.prefix(3) {
        try expectingPlaces { () throws(CaptureError) in
          _ = try recording.depth(camera: 0, index: index)
        }
      }
      for index in recording.samples(camera: 0, kind: .color).indices.prefix(3) {
        try expectingPlaces { () throws(CaptureError) in
          // No raw image is as small as an input, and video would start another program.
          let jpeg = try recording.encoded(camera: 0, kind: .color, index: index)
          if jpeg != nil { _ = try recording.color(camera: 0, index: index) }
        }
      }
    }
  }

  /// What is recovered is whole, and holds no more than the source.
  static let salvage = FuzzTarget("salvage", seeds: kinectFiles) {
    let output = FuzzFolder.file("out.mkv")
    return reading("a.mkv") { url in
      defer { try? FileManager.default.removeItem(at: output) }
      let report = try RecordingSalvage.salvage(url, to: output)
      let whole = try MatroskaFile(output)
      precondition(whole.isFinished && whole.damage.isEmpty, "a recovered file is damaged")
      precondition(whole.clusterCount == report.clusters, "clusters were lost")
    }
  }

  /// An error of a part must say where.
  private static func expectingPlaces(
    _ read: () throws(CaptureError) -> Void
  ) throws(CaptureError) {
    do throws(CaptureError) { try read() } catch {
      precondition(!error.place.isEmpty, "an error without a place: \(error)")
    }
  }

  /// Recordings of a few kilobytes: images are no whole ones, but for a JPEG.
  private static func kinectFiles() throws -> [Data] {
    typealias Settings = AzureKinectWriter.Settings
    var (raw, old, dark) = (Settings(), Settings(), Settings())
    (raw.coding, raw.startOffset) = (.nv12, 1)
    (old.isLegacy, old.infrared) = (true, true)
    (dark.infrared, dark.motion) = (true, false)
    let grey = try ImageFile.jpeg(
      ColorImage(width: 1280, height: 720, pixels: [UInt8](repeating: 99, count: 3 * 1280 * 720)),
      quality: 50)
    return [
      try kinectFile(Settings(), color: Data([0xff, 0xd8, 0xff, 0xd9])),
      try kinectFile(Settings(), color: grey, frames: 1),
      try kinectFile(raw, color: Data(count: 9), isFinished: false),
      try kinectFile(old, color: Data(count: 9)), try kinectFile(dark, color: Data(count: 9)),
    ]
  }

  private static func kinectFile(
    _ settings: AzureKinectWriter.Settings, color: Data, frames: Int = 3, isFinished: Bool = true
  ) throws -> Data {
    let source = FixtureSource.kinects.cameras[1]
    let camera = CameraDescription(
      id: source.id, serial: source.id, firmware: "color 1.6.110, depth 1.6.79",
      sync: SyncRole(mode: .subordinate, delay: 0.00016), color: source.color,
      depth: source.depth, colorFromDepth: source.colorFromDepth)
    let depth = try DepthImage(width: 4, height: 2, samples: Array(1000..<1008), unit: 0.001)
    return try written("a.mkv") { url in
      let writer = try AzureKinectWriter(
        url, camera: camera, framesPerSecond: 30, settings: settings)
      for frame in 0..<frames {
        let time = 1.5 + Double(frame) / 30
        if settings.motion {
          try writer.write(
            (0..<3).map {
              MotionSample(
                accelerationTime: time + Double($0) / 1600, acceleration: SIMD3(0, 0, -9.75),
                turnTime: time + Double($0) / 1600, turn: SIMD3(0, 0.5, 0))
            })
        }
        try writer.write(color: color, time: time)
        try writer.write(depth, time: time)
        if settings.infrared { try writer.write(infrared: depth, time: time) }
      }
      if isFinished { try writer.finish() } else { try writer.leaveUnfinished() }
    }
  }
}
