public import CaptureCore
public import Foundation

/// `transforms.json` of nerfstudio and its relatives: a frame for each camera, lenses with each.
///
/// Camera to world with OpenGL's camera axes (+y up, -z forward) in a world with +z up; pixel centres
/// at one half. The camera's name is that of its image file.
public enum NerfstudioFormat: CalibrationFormat {
  /// `nerfstudio`.
  public static let name = "nerfstudio"
  /// One file.
  public static let isFolder = false

  /// Writes a rig.
  public static func write(_ rig: CalibratedRig, to url: URL) throws(CaptureError) {
    var frames: [JSONValue] = []
    for camera in rig.cameras {
      let lens = try rig.lens(of: camera, format: name) {
        $0.k4 == 0 && $0.k5 == 0 && $0.k6 == 0
      }
      let (k, d) = (lens.intrinsics, lens.distortion)
      let pose = RigidTransform.yUpFromZUp.inverse * camera.worldFromColor * .halfTurnAboutX
      frames.append(
        .object([
          .init("file_path", .string("\(camera.id).png")),
          .init("w", .number(Double(lens.width))), .init("h", .number(Double(lens.height))),
          .init("fl_x", .number(k.fx)), .init("fl_y", .number(k.fy)),
          .init("cx", .number(k.cx + 0.5)), .init("cy", .number(k.cy + 0.5)),
          .init("k1", .number(d.k1)), .init("k2", .number(d.k2)), .init("k3", .number(d.k3)),
          .init("p1", .number(d.p1)), .init("p2", .number(d.p2)),
          .init("transform_matrix", .array(pose.matrix.map { .numbers($0) })),
        ]))
    }
    let document = JSONValue.object([
      .init("camera_model", .string("OPENCV")), .init("frames", .array(frames)),
    ])
    try AtomicFile.write(Data(document.text.utf8), to: url)
  }

  /// Reads a rig: one frame a camera.
  public static func read(_ url: URL) throws(CaptureError) -> CalibratedRig {
    let document = try CalibrationFormats.document(url)
    do {
      var cameras: [CalibratedRig.Camera] = []
      let range = 1...CameraDescription.limit
      for node in try document.member("frames").elements(count: range) {
        cameras.append(try camera(node, document))
      }
      let folder = url.deletingLastPathComponent().lastPathComponent
      return try CalibratedRig(rig: folder, cameras: cameras).checked()
    } catch {
      throw error.within(url.path)
    }
  }

  private static func camera(
    _ node: JSONNode, _ document: JSONNode
  ) throws(CaptureError) -> CalibratedRig.Camera {
    func find(_ key: String) throws(CaptureError) -> JSONNode? {
      if let own = try node.optionalMember(key) { return own }
      return try document.optionalMember(key)
    }
    func number(
      _ key: String, in range: ClosedRange<Double> = -1e6...1e6
    ) throws(CaptureError) -> Double? {
      try find(key)?.number(in: range)
    }
    let focal = 1e-3...1e6
    if let model = try find("camera_model"), try model.string() != "OPENCV" {
      throw model.failure("must be OPENCV; other lenses are not read.")
    }
    if let k4 = try number("k4"), k4 != 0 {
      throw node.failure("has a coefficient `k4` = \(k4), which only fisheye lenses use.")
    }
    let pose = try RigidTransform(matrix: try node.member("transform_matrix"))
    let path = try node.member("file_path").string(limit: 1024)
    var lens: CameraModel?
    if let fx = try number("fl_x", in: focal), let w = try find("w"), let h = try find("h") {
      let (width, height) = (try w.integer(in: 1...16384), try h.integer(in: 1...16384))
      lens = CameraModel(
        width: width, height: height,
        intrinsics: Intrinsics(
          fx: fx, fy: try number("fl_y", in: focal) ?? fx,
          cx: (try number("cx") ?? Double(width) / 2) - 0.5,
          cy: (try number("cy") ?? Double(height) / 2) - 0.5),
        distortion: Distortion(
          k1: try number("k1") ?? 0, k2: try number("k2") ?? 0, k3: try number("k3") ?? 0,
          p1: try number("p1") ?? 0, p2: try number("p2") ?? 0))
    }
    return CalibratedRig.Camera(
      id: URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent,
      worldFromColor: RigidTransform.yUpFromZUp * pose * .halfTurnAboutX, lens: lens)
  }
}
