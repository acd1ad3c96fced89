internal import CaptureCore
internal import Foundation

/// One camera of one bag, opened: its description, and where its images are.
struct BagDevice {
  /// An image with the time that counts for it.
  struct Frame {
    let entry: BagIndex.Entry
    let sample: StreamSample
  }

  private let messages: BagMessages
  private let camera: BagCamera
  let description: CameraDescription
  let frames: [StreamKind: [Frame]]
  let warnings: [String]

  /// Opens every camera of a bag.
  /// - Throws: ``CaptureError`` that names the file.
  static func open(_ url: URL) throws(CaptureError) -> [BagDevice] {
    let file = try RandomAccessFile(url)
    do throws(CaptureError) {
      let index = try BagIndex(file, keeping: BagCamera.wanted)
      let cameras = BagCamera.find(index.connections.values)
      guard !cameras.isEmpty else {
        throw CaptureError(
          .badInput, "The bag has no depth images under a topic that is known.",
          remedy: "Record with librealsense or its ROS node.")
      }
      let messages = BagMessages(file, index)
      var devices: [BagDevice] = []
      for camera in cameras {
        let name = url.deletingPathExtension().lastPathComponent
        let fallback = cameras.count == 1 ? name : name + camera.prefix
        devices.append(
          try BagDevice(messages, camera, fallback, devices.isEmpty ? index.warnings : []))
      }
      return devices
    } catch {
      throw error.within(url.path)
    }
  }

  private init(
    _ messages: BagMessages, _ camera: BagCamera, _ fallback: String, _ warnings: [String]
  ) throws(CaptureError) {
    (self.messages, self.camera) = (messages, camera)
    var warnings = warnings
    let info = BagDevice.info(messages, camera.prefix + "/info")
    let color = try camera.color.map { images throws(CaptureError) in
      try BagDevice.lens(messages, images)
    }
    let depth = try camera.depth.map { images throws(CaptureError) in
      try BagDevice.lens(messages, images)
    }
    let serial = info["Serial Number"] ?? ""
    let id = CameraDescription.usableID(serial.isEmpty ? fallback : serial)
    let hostTime = BagDevice.clocksDiffer(messages, camera)
    if hostTime {
      warnings.append(
        "Camera \(id): depth and colour are on different clocks; the times of recording are used.")
    }
    let frames = try BagDevice.frames(messages, camera, hostTime, "camera \(id)", &warnings)
    description = CameraDescription(
      id: id, model: info["Name"] ?? "", serial: serial, firmware: info["Firmware Version"] ?? "",
      sync: SyncRole(mode: .standalone), color: color, depth: depth,
      depthUnit: try BagDevice.unit(messages, camera), depthRange: 0.2...10,
      colorFromDepth: try BagDevice.colorFromDepth(messages, camera))
    (self.frames, self.warnings) = (frames, warnings)
  }

  private static func info(
    _ messages: BagMessages, _ topic: String
  ) -> [String: String] {
    var info: [String: String] = [:]
    for entry in messages.entries(topic) {
      // What is damaged here is a name or a serial number less.
      guard let pair = try? ROSMessage.keyValue(try messages.bytes(entry)) else { continue }
      info[pair.key] = String(pair.value.prefix(128))
    }
    return info
  }

  private static func lens(
    _ messages: BagMessages, _ images: BagCamera.Images
  ) throws(CaptureError) -> CameraModel {
    let lens = try messages.first(images.info) { bytes throws(CaptureError) in
      try BagLens.model(ROSCameraInfo(bytes))
    }
    guard let lens else {
      throw CaptureError(.badInput, "The bag has no `\(images.info)`, which holds the intrinsics.")
    }
    return lens
  }

  /// Metres of a depth step: by the image, else by the option, by the property, else millimetres.
  private static func unit(
    _ messages: BagMessages, _ camera: BagCamera
  ) throws(CaptureError) -> Double {
    var found: Float?
    if let depth = camera.depth {
      found = try messages.first(depth.topic) { bytes throws(CaptureError) in
        try ROSImage(bytes, compressed: depth.isCompressed).depthUnit ?? 0
      }
    }
    for topic in messages.index.messages.keys.sorted() where topic.hasPrefix(camera.prefix + "/") {
      guard found == nil || found == 0 else { break }
      if topic.hasSuffix("Units/value") {
        found = try messages.first(topic, ROSMessage.float32)
      } else if topic.hasSuffix("/property") {
        found = Float(info(messages, topic)["Depth Units"] ?? "")
      }
    }
    guard let found, found != 0 else { return 0.001 }
    guard (1e-6...1).contains(found) else {
      throw CaptureError(.badInput, "A depth step of \(found) m is out of range.")
    }
    // 0.001 as a float is 0.0010000000474974513; the nearest short number is what was meant.
    return Double("\(found)") ?? Double(found)
  }

  /// librealsense writes, for each stream, the way from a reference of its group to the stream.
  private static func colorFromDepth(
    _ messages: BagMessages, _ camera: BagCamera
  ) throws(CaptureError) -> RigidTransform {
    guard let color = camera.color, let depth = camera.depth, !camera.isRegistered else {
      return .identity
    }
    let topic = camera.prefix + "/extrinsics/depth_to_color"
    if let found = try messages.first(topic, ROSMessage.extrinsics) { return found }
    func fromReference(
      _ images: BagCamera.Images
    ) throws(CaptureError) -> [String: RigidTransform] {
      var found: [String: RigidTransform] = [:]
      guard images.info.hasSuffix("/info/camera_info") else { return found }
      let base = images.info.replacing("/info/camera_info", with: "/tf/")
      for topic in messages.index.messages.keys where topic.hasPrefix(base) {
        found[String(topic.dropFirst(base.count))] =
          try messages.first(topic, ROSMessage.transform)
      }
      return found
    }
    let (colors, depths) = (try fromReference(color), try fromReference(depth))
    guard let group = depths.keys.sorted().first(where: { colors[$0] != nil }),
      let color = colors[group], let depth = depths[group]
    else {
      throw CaptureError(
        .badInput, "The bag does not say where the depth lens is as seen from the colour lens.",
        remedy: "Record with librealsense, or with depth aligned to colour.")
    }
    return color * depth.inverse
  }

  /// Whether the recorder says that depth and colour carry times of different clocks.
  private static func clocksDiffer(_ messages: BagMessages, _ camera: BagCamera) -> Bool {
    let domains = [camera.depth, camera.color].compactMap { images -> String? in
      guard let topic = images?.topic, topic.hasSuffix("/image/data") else { return nil }
      let metadata = topic.replacing("/image/data", with: "/image/metadata")
      for entry in messages.entries(metadata) {
        guard let pair = try? ROSMessage.keyValue(try messages.bytes(entry)),
          pair.key == "timestamp_domain"
        else { continue }
        return pair.value
      }
      return nil
    }
    return Set(domains).count > 1
  }

  /// The images with their times; those whose chunk is damaged are left out and counted.
  ///
  /// Both streams are gone through side by side, so that each chunk is unpacked once.
  private static func frames(
    _ messages: BagMessages, _ camera: BagCamera, _ hostTime: Bool, _ label: String,
    _ warnings: inout [String]
  ) throws(CaptureError) -> [StreamKind: [Frame]] {
    var entries: [(kind: StreamKind, topic: String, entry: BagIndex.Entry)] = []
    for (kind, images) in [(StreamKind.depth, camera.depth), (.color, camera.color)] {
      guard let images else { continue }
      entries += messages.entries(images.topic).map { (kind, images.topic, $0) }
    }
    entries.sort { ($0.entry.chunk, $0.entry.offset) < ($1.entry.chunk, $1.entry.offset) }
    var frames: [StreamKind: [Frame]] = [:]
    var failures: [StreamKind: [CaptureError]] = [:]
    for (kind, topic, entry) in entries {
      do throws(CaptureError) {
        var cursor = ByteCursor(try messages.bytes(entry, first: 1024))
        let header = try ROSHeader(&cursor)
        let sample = StreamSample(
          time: hostTime ? Double(entry.time) / 1e9 : header.stamp,
          name: "\(topic) \(header.sequence)")
        frames[kind, default: []].append(Frame(entry: entry, sample: sample))
      } catch {
        failures[kind, default: []].append(error)
      }
    }
    for kind in [StreamKind.depth, .color] {
      let found = failures[kind] ?? []
      guard let first = found.first else { continue }
      if frames[kind] == nil { throw first.within("\(label), \(kind.rawValue)") }
      warnings.append("\(label), \(kind.rawValue): \(found.count) images are lost. \(first)")
    }
    for (kind, unordered) in frames.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let recorded = unordered.sorted { $0.entry.key < $1.entry.key }
      let order = recorded.indices.sorted {
        (recorded[$0].sample.time, $0) < (recorded[$1].sample.time, $1)
      }
      frames[kind] = order.map { recorded[$0] }
      if order != Array(recorded.indices) {
        warnings.append(
          "\(label), \(kind.rawValue): the times go backwards; the images are put in order.")
      }
    }
    return frames
  }

  func depth(_ index: Int) throws(CaptureError) -> DepthImage {
    let depth = try image(index, .depth).depth(unit: Float(description.depthUnit))
    try check(depth.width, depth.height, description.depth, "depth image")
    return depth
  }

  func color(_ index: Int) throws(CaptureError) -> ColorImage {
    let color = try image(index, .color).color()
    try check(color.width, color.height, description.color, "colour image")
    return color
  }

  /// The bytes of a colour image that is stored as JPEG or PNG.
  func encoded(_ index: Int) throws(CaptureError) -> Data? {
    let image = try image(index, .color)
    let isEncoded = ["MJPEG", "mjpeg", "jpeg", "png"].contains(image.encoding)
    return isEncoded ? Data(image.data) : nil
  }

  private func image(_ index: Int, _ kind: StreamKind) throws(CaptureError) -> ROSImage {
    let frames = frames[kind] ?? []
    guard frames.indices.contains(index) else {
      throw CaptureError(.badInput, "There is no such image; the stream has \(frames.count).")
    }
    let isCompressed = (kind == .depth ? camera.depth : camera.color)?.isCompressed ?? false
    do {
      return try ROSImage(try messages.bytes(frames[index].entry), compressed: isCompressed)
    } catch {
      throw error.within(messages.file.url.path)
    }
  }

  private func check(
    _ width: Int, _ height: Int, _ model: CameraModel?, _ what: String
  ) throws(CaptureError) {
    guard let model, width != model.width || height != model.height else { return }
    throw CaptureError(
      .sizeMismatch,
      "The \(what) is \(width)x\(height), but the camera is described as \(model.width)x\(model.height).",
      at: messages.file.url.path)
  }
}
