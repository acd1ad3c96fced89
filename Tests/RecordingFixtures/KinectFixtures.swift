internal import CaptureCore
public import Foundation
internal import Recordings

extension RecordingFixture {
  /// Two cameras: images of the device's modes are large.
  static let azureKinect = RecordingFixture(
    "Azure Kinect recording", .kinects, colorError: 3,
    documents: ["cam0.mkv", "cam1.mkv", "calibration.json"]
  ) { source, url in
    try AtomicFile.makeFolder(url)
    for number in source.cameras.indices {
      try mkv(source, number, to: url.appendingPathComponent("cam\(number).mkv"))
    }
    try write(source.calibration.json.text, url, "calibration.json")
  }

  static let linkedTake = RecordingFixture(
    "linked take", .twoLenses, documents: ["take.json", "source/take.json"]
  ) { source, url in
    try nativeTake.writer(source, url.appendingPathComponent("source"))
    try write(
      """
      {"format": "fieldmesh-linked-take", "version": 1, "name": "fixture",
       "sources": [{"path": "source"}]}
      """, url, "take.json")
  }

  /// One camera as the device's recorder writes it: the first as master.
  public static func mkv(_ source: FixtureSource, _ number: Int, to url: URL) throws {
    let camera = source.cameras[number]
    var settings = AzureKinectWriter.Settings()
    settings.startOffset = FixtureSource.times[0]
    let writer = try AzureKinectWriter(
      url,
      camera: CameraDescription(
        id: camera.id, serial: camera.id,
        sync: SyncRole(mode: number == 0 ? .master : .subordinate), color: camera.color,
        depth: camera.depth, colorFromDepth: camera.colorFromDepth),
      framesPerSecond: FixtureSource.rate, settings: settings)
    for (i, time) in FixtureSource.times.enumerated() {
      try writer.write(camera.colors[i], time: time)
      try writer.write(camera.depths[i], time: time)
    }
    try writer.finish()
  }
}

extension FixtureSource {
  /// Two of the cameras, with images of the device's smallest modes: each pixel many times.
  public static let kinects = FixtureSource(
    cameras: twoLenses.cameras.prefix(2).map { camera in
      var camera = camera
      let color = Enlargement(camera.color, to: (1280, 720))
      let depth = Enlargement(camera.depth, to: (320, 288))
      camera.colors = camera.colors.compactMap {
        try? ColorImage(width: 1280, height: 720, pixels: color.apply($0.pixels, channels: 3))
      }
      camera.depths = camera.depths.compactMap {
        try? DepthImage(width: 320, height: 288, samples: depth.apply($0.samples), unit: $0.unit)
      }
      (camera.color, camera.depth) = (color.lens, depth.lens)
      return camera
    })
}

/// Repeats the pixels of an image whole numbers of times.
private struct Enlargement {
  let (width, columns, rows): (Int, Int, Int)
  let lens: CameraModel

  init(_ lens: CameraModel, to size: (width: Int, height: Int)) {
    (width, columns, rows) = (lens.width, size.width / lens.width, size.height / lens.height)
    precondition(columns * lens.width == size.width && rows * lens.height == size.height)
    let (k, x, y) = (lens.intrinsics, Double(columns), Double(rows))
    // Centres of pixels lie at whole numbers, their corners half a pixel before.
    self.lens = CameraModel(
      width: size.width, height: size.height,
      intrinsics: Intrinsics(
        fx: k.fx * x, fy: k.fy * y, cx: (k.cx + 0.5) * x - 0.5, cy: (k.cy + 0.5) * y - 0.5))
  }

  func apply<T>(_ pixels: [T], channels: Int = 1) -> [T] {
    var out: [T] = []
    for start in stride(from: 0, to: pixels.count, by: width * channels) {
      let row = stride(from: start, to: start + width * channels, by: channels).flatMap { pixel in
        repeatElement(pixels[pixel..<pixel + channels], count: columns).joined()
      }
      for _ in 0..<rows { out += row }
    }
    return out
  }
}
