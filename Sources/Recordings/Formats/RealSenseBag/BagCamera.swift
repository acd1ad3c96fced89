internal import CaptureCore

/// Where one camera's images and lenses are in a bag, by the names of its topics.
///
/// Two writers are known: librealsense's recorder (`/device_0/sensor_N/Depth_0/image/data`) and its
/// ROS node (`/camera/depth/image_rect_raw`), which may give depth registered to colour, too.
struct BagCamera {
  /// One kind of images: their topic, that of their lens, and whether they are JPEG or PNG.
  struct Images {
    let topic: String
    let info: String
    let isCompressed: Bool
  }

  /// `/device_0` or the node's name space.
  let prefix: String
  var color, depth: Images?
  /// Whether depth is registered to colour by the writer.
  var isRegistered = false

  /// How many messages of a connection are of use: all images, and the first of what describes them.
  static func wanted(_ connection: BagIndex.Connection) -> Int {
    if isImage(connection.type) { return .max }
    let topic = connection.topic
    let isOfUse =
      topic.contains("/tf/")
      || [
        "/camera_info", "/Depth Units/value", "/Depth_Units/value", "/property", "/info",
        "/image/metadata", "/extrinsics/depth_to_color",
      ].contains { topic.hasSuffix($0) }
    return isOfUse ? 64 : 0
  }

  private static func isImage(_ type: String) -> Bool {
    ["sensor_msgs/Image", "sensor_msgs/CompressedImage"].contains(type)
  }

  /// The cameras of a bag, by the names of their topics.
  static func find(_ connections: some Sequence<BagIndex.Connection>) -> [BagCamera] {
    var cameras: [String: BagCamera] = [:]
    // Raw images come before compressed ones of the same stream, and Depth_0 before Depth_1.
    let images = connections.filter { isImage($0.type) }
      .sorted { ($0.type.count, $0.topic) < ($1.type.count, $1.topic) }
    for connection in images {
      let parts = connection.topic.split(separator: "/").map(String.init)
      guard let (place, kind) = stream(parts) else { continue }
      let prefix = "/" + parts[..<place].joined(separator: "/")
      var camera = cameras[prefix] ?? BagCamera(prefix: prefix)
      let isRecorder = parts.last == "data"
      let base = "/" + parts[...(isRecorder ? place + 1 : place)].joined(separator: "/")
      let found = Images(
        topic: connection.topic, info: base + (isRecorder ? "/info/camera_info" : "/camera_info"),
        isCompressed: connection.type != "sensor_msgs/Image")
      switch kind {
      case .color: camera.color = camera.color ?? found
      case .depth: if camera.depth == nil { camera.depth = found }
      case .registered:
        if !camera.isRegistered { (camera.depth, camera.isRegistered) = (found, true) }
      }
      cameras[prefix] = camera
    }
    return cameras.values.filter { $0.depth != nil }.sorted {
      NumberedImages.naturally($0.prefix, $1.prefix)
    }
  }

  private enum Kind { case color, depth, registered }

  /// Which part of a topic's name begins the stream, and what it is.
  private static func stream(_ parts: [String]) -> (place: Int, kind: Kind)? {
    if parts.count == 5, parts[0].hasPrefix("device_"), parts[1].hasPrefix("sensor_"),
      parts[3...] == ["image", "data"]
    {
      if parts[2].hasPrefix("Depth_") { return (1, .depth) }
      return parts[2].hasPrefix("Color_") ? (1, .color) : nil
    }
    guard
      let place = parts.firstIndex(where: {
        ["color", "depth", "aligned_depth_to_color"].contains($0)
      }), place + 1 < parts.count, parts[place + 1].hasPrefix("image_")
    else { return nil }
    // Depth in a compressed form of its own is no image that a decoder knows.
    if parts.last == "compressedDepth" { return nil }
    return (
      place, parts[place] == "color" ? .color : parts[place] == "depth" ? .depth : .registered
    )
  }
}
