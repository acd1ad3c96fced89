internal import CaptureCore
public import Foundation

extension RecordingFixture {
  static let realSenseBags = RecordingFixture(
    "RealSense bag", .twoLenses, hasPlaces: false, documents: (0..<4).map { "cam\($0).bag" }
  ) { source, url in
    try AtomicFile.makeFolder(url)
    for number in source.cameras.indices {
      try AtomicFile.write(bag(source, number), to: url.appendingPathComponent("cam\(number).bag"))
    }
  }

  static let cwipc = RecordingFixture(
    "cwipc recording", .twoLenses, documents: ["cameraconfig.json"]
  ) { source, url in
    try AtomicFile.makeFolder(url)
    var cameras: [String] = []
    for (number, camera) in source.cameras.enumerated() {
      // The second one is found by its serial number.
      let name = number == 1 ? "\(camera.id).bag" : "recording \(number).bag"
      try AtomicFile.write(bag(source, number), to: url.appendingPathComponent(name))
      // Points of a RealSense are in the depth lens's frame.
      let pose = camera.worldFromColor * camera.colorFromDepth
      let rows = zip([pose.rows.0, pose.rows.1, pose.rows.2], [0, 1, 2]).map { row, i in
        "[\(row.x), \(row.y), \(row.z), \(pose.translation[i])]"
      }
      cameras.append(
        """
        {"disabled": false, "serial": "\(camera.id)", "type": "realsense_playback",
         \(number == 1 ? "" : #""filename": "\#(name)","#)
         "trafo": [\(rows.joined(separator: ", ")), [0, 0, 0, 1]]}
        """)
    }
    cameras.append(
      #"{"disabled": true, "serial": "gone", "type": "realsense_playback", "trafo": []}"#)
    try write(
      """
      {"version": 5, "type": "realsense_playback", "filtering": {"map_color_to_depth": 1},
       "sync": {"sync_master_serial": "", "sync_mode": 2}, "camera": [\(cameras.joined(separator: ",\n"))]}
      """, url, "cameraconfig.json")
  }

  /// A bag as librealsense records it; each camera of the rig packs and stores in another way.
  public static func bag(
    _ source: FixtureSource, _ number: Int, withIndex: Bool = true
  ) -> Data {
    let packing: BagWriter.Compression = number < 3 ? BagWriter.Compression.allCases[number] : .lz4
    var writer = BagWriter(packing)
    let camera = source.cameras[number]
    let info = "/device_0/info"
    for (key, value) in [("Name", "Test D400"), ("Serial Number", camera.id)] {
      writer.add(
        info, "diagnostic_msgs/KeyValue", time: 0, ROSBytes.string(key) + ROSBytes.string(value))
    }
    let (depth, color) = ("/device_0/sensor_0/Depth_0", "/device_0/sensor_1/Color_0")
    for (base, lens) in [(depth, camera.depth), (color, camera.color)] {
      writer.add(
        base + "/info/camera_info", "sensor_msgs/CameraInfo", time: 0, ROSBytes.cameraInfo(lens))
    }
    if number != 0 {
      writer.add(
        "/device_0/sensor_0/option/Depth Units/value", "std_msgs/Float32", time: 0,
        ROSBytes.float(0.001))
    }
    // From a third frame to each stream, as the recorder writes it.
    let depthFromReference = RigidTransform(
      rows: (SIMD3(0, 0, 1), SIMD3(1, 0, 0), SIMD3(0, 1, 0)), translation: SIMD3(0.1, -0.2, 0.3))
    let transform = "geometry_msgs/Transform"
    writer.add(depth + "/tf/0", transform, time: 0, ROSBytes.transform(depthFromReference))
    writer.add(
      color + "/tf/0", transform, time: 0,
      ROSBytes.transform(camera.colorFromDepth * depthFromReference))
    writer.closeChunk()
    for (i, time) in FixtureSource.times.enumerated() {
      writer.add(
        depth + "/image/data", "sensor_msgs/Image", time: time + 0.005,
        depthImage(camera.depths[i], i, time, unit: number == 0 ? 0.001 : nil))
      writer.add(
        color + "/image/data", "sensor_msgs/Image", time: time + 0.006,
        colorImage(camera.colors[i], i, time, kind: number))
      for base in [depth, color] {
        writer.add(
          base + "/image/metadata", "diagnostic_msgs/KeyValue", time: time + 0.006,
          ROSBytes.string("timestamp_domain") + ROSBytes.string("Hardware Clock"))
      }
    }
    return Data(writer.bytes(withIndex: withIndex))
  }

  private static func depthImage(
    _ image: DepthImage, _ index: Int, _ time: Double, unit: Float?
  ) -> [UInt8] {
    ROSBytes.image(
      index, time, (image.width, image.height), "mono16", step: 2 * image.width,
      image.samples.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }, depthUnit: unit)
  }

  private static func colorImage(
    _ image: ColorImage, _ index: Int, _ time: Double, kind: Int
  ) -> [UInt8] {
    let pixels = stride(from: 0, to: image.pixels.count, by: 3).map { image.pixels[$0..<$0 + 3] }
    let (encoding, bytes): (String, [[UInt8]]) =
      switch kind {
      case 0: ("rgb8", pixels.map { Array($0) })
      case 1: ("bgr8", pixels.map { $0.reversed() })
      case 2: ("rgba8", pixels.map { $0 + [255] })
      default: ("bgra8", pixels.map { $0.reversed() + [255] })
      }
    // Rows are padded by four bytes in the last kind.
    let padding = [UInt8](repeating: 7, count: kind == 3 ? 4 : 0)
    var data: [UInt8] = []
    for row in 0..<image.height {
      for pixel in bytes[row * image.width..<(row + 1) * image.width] { data += pixel }
      data += padding
    }
    return ROSBytes.image(
      index, time, (image.width, image.height), encoding, step: data.count / image.height, data)
  }
}
