internal import CaptureCore
internal import Foundation

/// Reads recordings of cwipc: `cameraconfig.json` with the cameras' places, and beside it one file
/// for each camera, in a format that is read by itself.
///
/// - **Files** are named by `filename`, else by the serial number. Cameras that are `disabled` are
///   left out.
/// - **Places** are `trafo`, row by row, from the frame of the camera's points to the world, in metres.
///   Points are in the colour lens's frame, but where `map_color_to_depth` is set (as it is by default
///   for RealSense cameras) in the depth lens's. The world has +y up.
/// - **Clocks** are what each file says of its camera.
///
/// Source: the configuration files of github.com/cwi-dis/cwipc, versions 3 to 5.
struct CwipcReader: RecordingReader, CompositeRecording {
  static let name = "cwipc recording"
  static let signature = "cameraconfig.json"
  private static let limit = 1 << 20

  let take: TakeDescription
  let calibration: RigCalibration?
  var warnings: [String] { places.flatMap(\.part.warnings) + differences }
  private let differences: [String]
  let places: [(part: any Recording, camera: Int)]

  private struct Camera {
    let serial: String
    let file: String?
    let worldFromPoints: RigidTransform
  }

  static func recognizes(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(signature).path)
  }

  static func open(_ url: URL) throws(CaptureError) -> CwipcReader {
    let file = url.appendingPathComponent(signature)
    let data = try AtomicFile.read(file, limit: limit)
    let (configured, mapsToDepth): ([Camera], Bool)
    do {
      let document = try JSONNode(JSONValue(parsing: data))
      (configured, mapsToDepth) = (try cameras(document), try mapsColorToDepth(document))
    } catch {
      throw error.within(file.path)
    }
    var folder = TakeFolder(url)
    var parts: [any Recording] = []
    for camera in configured {
      let part = try RecordingFormats.open(try find(camera, in: &folder))
      guard part.take.cameras.count == 1 else {
        throw CaptureError(
          .badInput,
          "The recording of `\(camera.serial.prefix(40))` has \(part.take.cameras.count) cameras, not one.",
          at: file.path)
      }
      parts.append(part)
    }
    do {
      return try CwipcReader(configured, parts, mapsToDepth, name: url.lastPathComponent)
    } catch {
      throw error.within(file.path)
    }
  }

  private init(
    _ configured: [Camera], _ parts: [any Recording], _ mapsToDepth: Bool, name: String
  ) throws(CaptureError) {
    var cameras: [CameraDescription] = []
    var poses: [(id: String, worldFromColor: RigidTransform)] = []
    var differences: [String] = []
    for (configured, part) in zip(configured, parts) {
      var camera = part.take.cameras[0]
      if !camera.serial.isEmpty, camera.serial != configured.serial {
        differences.append(
          "The file of camera \(configured.serial) is a recording of camera \(camera.serial); are two files swapped?"
        )
      }
      camera.id = CameraDescription.usableID(configured.serial)
      guard !cameras.contains(where: { $0.id == camera.id }) else {
        throw CaptureError(.badInput, "Camera `\(camera.id)` stands twice in cameraconfig.json.")
      }
      // Colour to depth to world.
      let worldFromColor =
        mapsToDepth
        ? configured.worldFromPoints * camera.colorFromDepth.inverse : configured.worldFromPoints
      poses.append((camera.id, worldFromColor))
      cameras.append(camera)
    }
    take = TakeDescription(
      name: name, framesPerSecond: parts[0].take.framesPerSecond, cameras: cameras)
    calibration = RigCalibration(rig: name, worldFromColor: poses)
    self.differences = differences
    places = parts.map { ($0, 0) }
  }

  private static func cameras(_ document: JSONNode) throws(CaptureError) -> [Camera] {
    _ = try document.member("version").integer(in: 3...5)
    var cameras: [Camera] = []
    for node in try document.member("camera").elements(count: 1...CameraDescription.limit) {
      if try node.optionalMember("disabled")?.value == .bool(true) { continue }
      if let inner = try node.optionalMember("intrinsicTrafo"),
        try RigidTransform(matrix: inner) != .identity
      {
        throw inner.failure("moves points before `trafo` does, which is not read.")
      }
      cameras.append(
        Camera(
          serial: try node.member("serial").string(limit: 64),
          file: try node.optionalMember("filename")?.string(limit: 1024),
          worldFromPoints: try RigidTransform(matrix: try node.member("trafo"))))
    }
    guard !cameras.isEmpty else {
      throw try document.member("camera").failure("has no camera that is not disabled.")
    }
    return cameras
  }

  private static func mapsColorToDepth(_ document: JSONNode) throws(CaptureError) -> Bool {
    for section in ["filtering", "system"] {
      guard
        let value = try document.optionalMember(section)?.optionalMember("map_color_to_depth")
      else { continue }
      switch value.value {
      case .bool(let flag): return flag
      case .number(let number): return number != 0
      default: throw value.failure("must be a number or a truth value.")
      }
    }
    return try document.optionalMember("type")?.string().hasPrefix("realsense") ?? false
  }

  private static func find(
    _ camera: Camera, in folder: inout TakeFolder
  ) throws(CaptureError) -> URL {
    let names =
      camera.file.map { [$0] } ?? ["mkv", "bag"].map { "\(camera.serial).\($0)" }
    for name in names {
      guard let url = folder.file(name) else {
        throw CaptureError(
          .badInput, "The file `\(name.prefix(80))` is not inside the recording's folder.",
          at: folder.root.path)
      }
      if FileManager.default.fileExists(atPath: url.path), !NumberedImages.isFolder(url) {
        return url
      }
    }
    throw CaptureError(
      .badInput,
      "There is no recording of camera `\(camera.serial.prefix(64))`; looked for \(names.joined(separator: " and ").prefix(200)).",
      at: folder.root.path)
  }
}
