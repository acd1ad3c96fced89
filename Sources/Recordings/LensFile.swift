internal import CaptureCore
internal import Foundation

/// The lenses of one camera in a small JSON file beside its images: `intrinsics.json`.
///
/// Two forms are read. Ours has the members of a camera in `take.json`, and two more:
///
///     {"color": {"width": 640, "height": 480, "intrinsics": {"fx": 525, "fy": 525, "cx": 319.5,
///                "cy": 239.5}, "distortion": {"model": "none"}},
///      "depth": {as color, and "unit": 0.001, "range": [0.3, 6]}, "colorFromDepth": {...},
///      "framesPerSecond": 30, "depthUnit": 0.001, "model": "...", "serial": "...",
///      "colorVideo": {"framesPerSecond": 30, "start": 0}}
///
/// Without `depth` depth is registered to colour, in steps of `depthUnit`. The other form is what
/// Open3D writes for a camera: `width`, `height`, `intrinsic_matrix` (column by column), and perhaps
/// `depth_scale` (steps a metre) and `fps` beside what else its recorder adds; there the lenses are one.
struct LensFile {
  /// Names that the file may have, in the order in which they are looked for.
  static let names = [
    "intrinsics.json", "intrinsic.json", "camera_primesense.json", "camera_intrinsic.json",
  ]
  private static let limit = 1 << 20

  /// What the file says; id and clock are not its business.
  let camera: CameraDescription
  /// Rate of the images, hertz.
  let framesPerSecond: Double
  /// What counts more than the times in a video of the colour images.
  let video: Video?

  /// When the images of a video were taken.
  struct Video: Equatable {
    /// Their rate, hertz; nil for the times that the video tells.
    var framesPerSecond: Double?
    /// Time of the first, seconds; nil for that of the first depth image.
    var start: Double?
  }

  /// The file in a folder, if there is one.
  static func find(in folder: URL) -> URL? {
    names.map { folder.appendingPathComponent($0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  /// - Parameter depthUnit: Metres a step of registered depth, where the file does not say it.
  /// - Throws: ``CaptureError`` that names the file and the key in it.
  init(_ url: URL, id: String, depthUnit: Double = 0.001) throws(CaptureError) {
    let data = try AtomicFile.read(url, limit: LensFile.limit)
    do {
      let node = try JSONNode(JSONValue(parsing: data))
      self =
        try node.optionalMember("intrinsic_matrix") == nil
        ? LensFile(own: node, id, depthUnit) : LensFile(open3D: node, id, depthUnit)
    } catch {
      throw error.within(url.path)
    }
  }

  private init(own node: JSONNode, _ id: String, _ depthUnit: Double) throws(CaptureError) {
    try node.expectKeys([
      "color", "depth", "colorFromDepth", "framesPerSecond", "depthUnit", "model", "serial",
      "colorVideo",
    ])
    var camera = CameraDescription(
      id: id, model: try node.optionalMember("model")?.string() ?? "",
      serial: try node.optionalMember("serial")?.string() ?? "", sync: SyncRole(mode: .master),
      color: nil, depth: nil)
    try camera.readLenses(node)
    if camera.depth == nil {
      camera.depth = camera.color
      camera.depthUnit = try node.optionalMember("depthUnit")?.number(in: 1e-6...1) ?? depthUnit
    } else if let unit = try node.optionalMember("depthUnit") {
      throw unit.failure("is for depth that is registered to colour; write `depth.unit`.")
    }
    self.camera = camera
    framesPerSecond = try node.optionalMember("framesPerSecond")?.number(in: 0.001...1000) ?? 30
    video = try node.optionalMember("colorVideo").map { node throws(CaptureError) in
      try node.expectKeys(["framesPerSecond", "start"])
      return Video(
        framesPerSecond: try node.optionalMember("framesPerSecond")?.number(in: 0.001...1000),
        start: try node.optionalMember("start")?.number(in: -1e6...1e9))
    }
  }

  private init(open3D node: JSONNode, _ id: String, _ depthUnit: Double) throws(CaptureError) {
    let k = try node.member("intrinsic_matrix").numbers(count: 9, in: -1e6...1e6)
    guard k[0] >= 1e-3, k[4] >= 1e-3, k[8] == 1, [k[1], k[2], k[3], k[5]].allSatisfy({ $0 == 0 })
    else {
      throw try node.member("intrinsic_matrix").failure(
        "must be the columns (fx, 0, 0), (0, fy, 0), (cx, cy, 1).")
    }
    let lens = CameraModel(
      width: try node.member("width").integer(in: 1...16384),
      height: try node.member("height").integer(in: 1...16384),
      intrinsics: Intrinsics(fx: k[0], fy: k[4], cx: k[6], cy: k[7]))
    let scale = try node.optionalMember("depth_scale")?.number(in: 1...1e6)
    camera = CameraDescription(
      id: id, sync: SyncRole(mode: .master), color: lens, depth: lens,
      depthUnit: scale.map { 1 / $0 } ?? depthUnit)
    let rate = try node.optionalMember("fps")?.number(in: 0.001...1000)
    (framesPerSecond, video) = (rate ?? 30, nil)
  }
}
