public import CaptureCore
public import Foundation

/// `cameraconfig.json` of cwipc, version 5: row-major `trafo` from the colour lens to the world, +y up.
///
/// Cameras go by their serial numbers; where none is known, by their names. On reading,
/// `map_color_to_depth` must not be set: then `trafo` would start from the depth lens, whose place
/// the file does not tell.
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
    for section in ["filtering", "system"] {
      if let flag = try document.optionalMember(section)?.optionalMember("map_color_to_depth"),
        flag.value != .bool(false), flag.value != .number(0)
      {
        throw flag.failure("is set: then `trafo` is the place of the depth lens.")
      }
    }
    var cameras: [CalibratedRig.Camera] = []
    for node in try document.member("camera").elements(count: 1...CameraDescription.limit) {
      if try node.optionalMember("disabled")?.value == .bool(true) { continue }
      let serial = try node.member("serial").string(limit: 64)
      let id = try node.optionalMember("name")?.string(limit: 64) ?? serial
      cameras.append(
        CalibratedRig.Camera(
          id: id, serial: serial,
          worldFromColor: try RigidTransform(matrix: try node.member("trafo"))))
    }
    return try CalibratedRig(rig: name, cameras: cameras).checked()
  }
}
