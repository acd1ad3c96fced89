public import CaptureCore
public import Foundation

/// A folder for COLMAP: `rig_config.json` (its rigs since 3.12), and a text model with a pose for each
/// camera (`cameras.txt`, `images.txt`, an empty `points3D.txt`).
///
/// Poses go from the rig, or the world, to the camera; quaternions begin with w; the rig's frame is the
/// reference camera's; pixel centres at one half; lenses are `FULL_OPENCV`: fx fy cx cy k1 k2 p1 p2
/// k3 k4 k5 k6. On reading `images.txt` may be absent: then the rig's frame is the world.
///
/// Source: colmap.github.io, *Rig Support* and *Output Format*.
public enum ColmapFormat: CalibrationFormat {
  /// `colmap`.
  public static let name = "colmap"
  /// Several files.
  public static let isFolder = true

  /// Writes a rig.
  public static func write(_ rig: CalibratedRig, to url: URL) throws(CaptureError) {
    guard let first = rig.cameras.first else {
      throw CaptureError(.badInput, "The rig has no cameras.")
    }
    var config: [JSONValue] = []
    var (cameras, images) = ("# camera, model, width, height, parameters\n", "")
    for (position, camera) in rig.cameras.enumerated() {
      let lens = try rig.lens(of: camera, format: name) { _ in true }
      let parameters = parameters(lens)
      var members: [JSONValue.Member] = [.init("image_prefix", .string("\(camera.id)/"))]
      if position == 0 {
        members.append(.init("ref_sensor", .bool(true)))
      } else {
        let fromRig = camera.worldFromColor.inverse * first.worldFromColor
        members += [
          .init("cam_from_rig_rotation", .numbers(scalarFirst(fromRig))),
          .init("cam_from_rig_translation", .numbers(translation(fromRig))),
        ]
      }
      members += [
        .init("camera_model_name", .string("FULL_OPENCV")),
        .init("camera_params", .numbers(parameters)),
      ]
      config.append(.object(members))
      func line(_ numbers: [Double]) -> String {
        numbers.map(CalibrationFormats.text).joined(separator: " ")
      }
      cameras += "\(position + 1) FULL_OPENCV \(lens.width) \(lens.height) \(line(parameters))\n"
      let fromWorld = camera.worldFromColor.inverse
      let pose = line(scalarFirst(fromWorld) + translation(fromWorld))
      images += "\(position + 1) \(pose) \(position + 1) \(camera.id)/000000.png\n\n"
    }
    try AtomicFile.makeFolder(url)
    let rigs = JSONValue.array([.object([.init("cameras", .array(config))])])
    for (file, text) in [
      ("rig_config.json", rigs.text), ("cameras.txt", cameras),
      ("images.txt", "# image, qw qx qy qz, tx ty tz, camera, name; points\n" + images),
      ("points3D.txt", "# no points\n"),
    ] {
      try AtomicFile.write(Data(text.utf8), to: url.appendingPathComponent(file))
    }
  }

  private static func parameters(_ lens: CameraModel) -> [Double] {
    let (k, d) = (lens.intrinsics, lens.distortion)
    return [
      k.fx, k.fy, k.cx + 0.5, k.cy + 0.5, d.k1, d.k2, d.p1, d.p2, d.k3, d.k4, d.k5, d.k6,
    ]
  }

  private static func lens(
    model: String, width: Int, height: Int, _ p: [Double]
  ) -> CameraModel? {
    let names = ["PINHOLE": 4, "OPENCV": 8, "FULL_OPENCV": 12]
    guard names[model] == p.count, p[0] > 0, p[1] > 0 else { return nil }
    let d = p + [Double](repeating: 0, count: 12 - p.count)
    return CameraModel(
      width: width, height: height,
      intrinsics: Intrinsics(fx: p[0], fy: p[1], cx: p[2] - 0.5, cy: p[3] - 0.5),
      distortion: Distortion(
        k1: d[4], k2: d[5], k3: d[8], k4: d[9], k5: d[10], k6: d[11], p1: d[6], p2: d[7]))
  }

  private static func scalarFirst(_ t: RigidTransform) -> [Double] {
    let q = t.quaternion
    return [q[3], q[0], q[1], q[2]]
  }

  private static func translation(_ t: RigidTransform) -> [Double] {
    [t.translation.x, t.translation.y, t.translation.z]
  }

  // MARK: Reading

  /// Reads a rig: the first of `rig_config.json`.
  public static func read(_ url: URL) throws(CaptureError) -> CalibratedRig {
    let file = url.appendingPathComponent("rig_config.json")
    let document = try CalibrationFormats.document(file)
    var cameras: [CalibratedRig.Camera] = []
    do throws(CaptureError) {
      guard let rig = try document.elements(count: 1...1).first else {
        throw document.failure("has no rig.")
      }
      cameras = try self.cameras(rig)
    } catch {
      throw error.within(file.path)
    }
    let model = try Model(url)
    for i in cameras.indices {
      cameras[i].lens = model.lenses[cameras[i].id]
    }
    // One camera's place in the world gives the rig's.
    if let known = cameras.first(where: { model.fromWorld[$0.id] != nil }),
      let fromWorld = model.fromWorld[known.id]
    {
      let worldFromRig = fromWorld.inverse * known.worldFromColor.inverse
      for i in cameras.indices {
        cameras[i].worldFromColor = worldFromRig * cameras[i].worldFromColor
      }
    }
    do {
      return try CalibratedRig(rig: url.lastPathComponent, cameras: cameras).checked()
    } catch {
      throw error.within(file.path)
    }
  }

  /// The cameras, in the rig's frame, the reference first.
  private static func cameras(_ rig: JSONNode) throws(CaptureError) -> [CalibratedRig.Camera] {
    var cameras: [CalibratedRig.Camera] = []
    for node in try rig.member("cameras").elements(count: 1...CameraDescription.limit) {
      var id = try node.member("image_prefix").string()
      while id.hasSuffix("/") { id.removeLast() }
      if try node.optionalMember("ref_sensor")?.value == .bool(true) {
        cameras.insert(.init(id: id, worldFromColor: .identity), at: 0)
        continue
      }
      let q = try node.member("cam_from_rig_rotation").numbers(count: 4, in: -2...2)
      let t = try node.member("cam_from_rig_translation").numbers(count: 3, in: -1e5...1e5)
      do {
        let pose = try RigidTransform(quaternion: [q[1], q[2], q[3], q[0]], translation: t)
        cameras.append(.init(id: id, worldFromColor: pose.inverse))
      } catch {
        throw error.within("`\(node.path)`")
      }
    }
    guard cameras.first?.worldFromColor == .identity else {
      throw rig.failure("has no `ref_sensor`, whose frame is the rig's.")
    }
    return cameras
  }

  /// What `cameras.txt` and `images.txt` tell, by the folder of an image; empty where there are none.
  private struct Model {
    var lenses: [String: CameraModel] = [:]
    var fromWorld: [String: RigidTransform] = [:]

    init(_ folder: URL) throws(CaptureError) {
      let (camerasFile, imagesFile) = (
        folder.appendingPathComponent("cameras.txt"), folder.appendingPathComponent("images.txt")
      )
      guard FileManager.default.fileExists(atPath: camerasFile.path),
        FileManager.default.fileExists(atPath: imagesFile.path)
      else { return }
      var models: [String: CameraModel] = [:]
      for (line, fields) in try Self.lines(camerasFile) where !fields.isEmpty {
        let numbers = fields.dropFirst(4).compactMap { Double($0) }
        guard fields.count > 4, numbers.count == fields.count - 4,
          let width = Int(fields[2]), let height = Int(fields[3]), (1...16384).contains(width),
          (1...16384).contains(height), numbers.allSatisfy({ abs($0) < 1e6 }),
          let lens = ColmapFormat.lens(model: fields[1], width: width, height: height, numbers)
        else {
          throw CaptureError(
            .badInput, "Line \(line) is no PINHOLE, OPENCV or FULL_OPENCV camera.",
            at: camerasFile.path)
        }
        models[fields[0]] = lens
      }
      // Every second line holds an image's points.
      var isPose = true
      for (line, fields) in try Self.lines(imagesFile) {
        defer { isPose.toggle() }
        guard isPose, !fields.isEmpty else { continue }
        let numbers = fields.dropFirst().prefix(7).compactMap { Double($0) }
        guard fields.count == 10, numbers.count == 7 else {
          throw CaptureError(.badInput, "Line \(line) is no image.", at: imagesFile.path)
        }
        let id = fields[9].split(separator: "/").dropLast().joined(separator: "/")
        do {
          fromWorld[id] = try RigidTransform(
            quaternion: [numbers[1], numbers[2], numbers[3], numbers[0]],
            translation: Array(numbers[4...]))
        } catch {
          throw error.within("\(imagesFile.path), line \(line)")
        }
        lenses[id] = models[fields[8]]
      }
    }

    private static func lines(
      _ url: URL
    ) throws(CaptureError) -> [(line: Int, fields: [String])] {
      let text = try CalibrationFormats.text(url)
      return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).dropLast(
        text.last?.isNewline == true ? 1 : 0
      ).enumerated().compactMap { index, line in
        line.hasPrefix("#") ? nil : (index + 1, line.split(separator: " ").map(String.init))
      }
    }
  }
}
