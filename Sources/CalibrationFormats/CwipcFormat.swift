public import CaptureCore
public import Foundation

/// `cameraconfig.json` of cwipc, version 5: row-major `trafo` from the colour lens to the world, +y up.
///
/// Cameras go by their serial numbers; where none is known, by their names. On reading,
/// `map_color_to_depth` must not be set, and be 0 for RealSense cameras: then `trafo` would start from the depth
/// lens, whose place the file does not tell. An `intrinsicTrafo` must be none.
public enum CwipcFormat: CalibrationFormat {
  /// `cwipc`.
  public static let name = "cwipc"
  /// One file.
  public static let isFolder = false

  /// Writes a rig.
  public static func write(_ rig: CalibratedRig, to url: URL) throws(CaptureError) {
    let cameras = rig.cameras.map { camera -> JSONValue in
      .object([
        .init("type", .string("kinect")),
        .init("serial", .string(camera.serial.isEmpty ? camera.id : camera.serial)),
        .init("name", .string(camera.id)), .init("disabled", .bool(false)),
        .init("trafo", .array(camera.worldFromColor.matrix.map { .numbers($0) })),
      ])
    }
    let document = JSONValue.object([
      .init("version", .number(5)), .init("type", .string("kinect")),
      .init("filtering", .object([.init("map_color_to_depth", .number(0))])),
      .init("camera", .array(cameras)),
    ])
    try AtomicFile.write(Data(document.text.utf8), to: url)
  }

  /// Reads a rig.
  public static func read(_ url: URL) throws(CaptureError) -> CalibratedRig {
    let document = try CalibrationFormats.document(url)
    do {
      return try rig(document, name: url.deletingLastPathComponent().lastPathComponent)
    } catch {
      throw error.within(url.path)
    }
  }

  private static func rig(
    _ document: JSONNode, name: String
  ) throws(CaptureError) -> CalibratedRig {
    _ = try document.member("version").integer(in: 3...5)
    try checkLens(document)
    var cameras: [CalibratedRig.Camera] = []
    for node in try document.member("camera").elements(count: 1...CameraDescription.limit) {
      if try node.optionalMember("disabled")?.value == .bool(true) { continue }
      if let inner = try node.optionalMember("intrinsicTrafo"),
        try RigidTransform(matrix: inner) != .identity
      {
        throw inner.failure("moves points before `trafo` does, which is not read.")
      }
      let serial = try node.member("serial").string(limit: 64)
      let id = try node.optionalMember("name")?.string(limit: 64) ?? serial
      cameras.append(
        CalibratedRig.Camera(
          id: id, serial: serial,
          worldFromColor: try RigidTransform(matrix: try node.member("trafo"))))
    }
    return try CalibratedRig(rig: name, cameras: cameras).checked()
  }

  /// Where nothing is said, cwipc maps the colours of RealSense cameras onto depth, and of no others.
  private static func checkLens(_ document: JSONNode) throws(CaptureError) {
    for section in ["filtering", "system"] {
      guard let flag = try document.optionalMember(section)?.optionalMember("map_color_to_depth")
      else { continue }
      guard flag.value == .bool(false) || flag.value == .number(0) else {
        throw flag.failure("is set: then `trafo` is the place of the depth lens.")
      }
      return
    }
    if let type = try document.optionalMember("type"), try type.string().hasPrefix("realsense") {
      throw type.failure(
        "is that of cameras whose `trafo` is the place of the depth lens, as `map_color_to_depth` is not 0."
      )
    }
  }
}
