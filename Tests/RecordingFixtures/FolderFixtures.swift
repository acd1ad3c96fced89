internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import NumpyFiles
internal import Recordings

extension RecordingFixture {
  static let nativeTake = RecordingFixture(
    "Fieldmesh take", .twoLenses,
    documents: ["take.json", "calibration.json", "cam0/depth.txt", "cam1/color.txt"]
  ) { source, url in
    let take = TakeDescription(
      name: "fixture", framesPerSecond: FixtureSource.rate,
      cameras: source.cameras.enumerated().map { number, camera in
        CameraDescription(
          id: camera.id, sync: SyncRole(mode: number == 0 ? .master : .subordinate),
          color: camera.color, depth: camera.depth, colorFromDepth: camera.colorFromDepth)
      })
    let writer = try TakeWriter(folder: url, take: take, calibration: source.calibration)
    for (number, camera) in source.cameras.enumerated() {
      for (i, time) in FixtureSource.times.enumerated() {
        try writer.write(camera.depths[i], camera: number, index: i, time: time)
        try writer.write(camera.colors[i], camera: number, index: i, time: time, quality: nil)
      }
    }
    try writer.finish()
  }

  static let cameraFolders = RecordingFixture(
    "NeuS camera folders", .oneLens, framesPerSecond: 30,
    documents: ["cam0/cameras_sphere.npz", "cam2/cameras_sphere.npz"]
  ) { source, url in
    for camera in source.cameras {
      let folder = url.appendingPathComponent(camera.id)
      try writeImages(camera, to: folder, names: ("rgb", "depth")) { "frame_\(30 + 2 * $0)" }
      let (k, pose) = (camera.color.intrinsics, camera.worldFromColor.inverse)
      let (r, t) = (pose.rows, pose.translation)
      // Pixel centres lie at one half there.
      let (cx, cy) = (k.cx + 0.5, k.cy + 0.5)
      let rows: [(SIMD3<Double>, Double)] = [
        (k.fx * r.0 + cx * r.2, k.fx * t.x + cx * t.z),
        (k.fy * r.1 + cy * r.2, k.fy * t.y + cy * t.z), (r.2, t.z), (.zero, 1),
      ]
      let world = rows.flatMap { [$0.0.x, $0.0.y, $0.0.z, $0.1] }
      let scale: [Double] = [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
      try NumpyArchive.write(
        [
          ("world_mat_0", try NumpyArray(shape: [4, 4], elements: .float64(world))),
          ("scale_mat_0", try NumpyArray(shape: [4, 4], elements: .float64(scale))),
        ], to: folder.appendingPathComponent("cameras_sphere.npz"))
    }
  }

  static let tumFolders = RecordingFixture(
    "TUM RGB-D", .oneLens,
    documents: ["cam0/rgb.txt", "cam0/depth.txt", "cam1/groundtruth.txt", "cam2/intrinsics.json"]
  ) { source, url in
    for camera in source.cameras {
      let folder = url.appendingPathComponent(camera.id)
      // 5000 steps a metre.
      try writeImages(camera, to: folder, names: ("rgb", "depth"), scale: 5) {
        "\(FixtureSource.times[$0])"
      }
      for name in ["rgb", "depth"] {
        let lines = FixtureSource.times.map { "\($0) \(name)/\($0).png\n" }
        try write("# timestamp filename\n" + lines.joined(), folder, "\(name).txt")
      }
      let pose = zUpFromYUp * camera.worldFromColor
      let numbers = [pose.translation.x, pose.translation.y, pose.translation.z]
      let line = (numbers + quaternion(pose)).map { "\($0)" }.joined(separator: " ")
      try write(
        "# timestamp tx ty tz qx qy qz qw\n0.5 \(line)\n1.5 \(line)\n", folder, "groundtruth.txt")
      try write(
        #"{"color": \#(lens(camera.color))}"#, folder, "intrinsics.json")
    }
  }

  static let plainFolders = RecordingFixture(
    "colour and depth folders", .twoLenses,
    documents: ["cam0/intrinsics.json", "cam3/intrinsics.json", "calibration.json"]
  ) { source, url in
    for camera in source.cameras {
      let folder = url.appendingPathComponent(camera.id)
      try writeImages(camera, to: folder, names: ("color", "depth")) { "\(15 + $0)" }
      let depth = lens(camera.depth).dropLast() + #", "unit": 0.001, "range": [0.25, 6]}"#
      try write(
        """
        {"color": \(lens(camera.color)), "depth": \(depth), "framesPerSecond": 15,
         "colorFromDepth": \(camera.colorFromDepth.json.text)}
        """, folder, "intrinsics.json")
    }
    try write(source.calibration.json.text, url, "calibration.json")
  }

  static let nerfstudio = RecordingFixture(
    "nerfstudio", .oneLens, documents: ["transforms.json"]
  ) { source, url in
    var frames: [String] = []
    for camera in source.cameras {
      try writeImages(
        camera, to: url, names: ("images", "depth")
      ) { "\(camera.id)_\($0)" }
      let pose = zUpFromYUp * camera.worldFromColor
      // OpenGL's camera has its y and z axes turned round.
      let rows = zip([pose.rows.0, pose.rows.1, pose.rows.2], [0, 1, 2]).map { row, i in
        "[\(row.x), \(-row.y), \(-row.z), \(pose.translation[i])]"
      }
      let k = camera.color.intrinsics
      for (i, time) in FixtureSource.times.enumerated() {
        frames.append(
          """
          {"file_path": "./images/\(camera.id)_\(i).png", "time": \(time),
           "depth_file_path": "depth/\(camera.id)_\(i).png", "fl_x": \(k.fx), "fl_y": \(k.fy),
           "cx": \(k.cx + 0.5), "cy": \(k.cy + 0.5),
           "transform_matrix": [\(rows.joined(separator: ", ")), [0, 0, 0, 1]]}
          """)
      }
    }
    try write(
      """
      {"camera_model": "OPENCV", "w": \(source.cameras[0].color.width),
       "h": \(source.cameras[0].color.height), "k1": 0, "k2": 0, "p1": 0, "p2": 0,
       "depth_unit_scale_factor": 0.001, "ply_file_path": "points.ply",
       "frames": [\(frames.joined(separator: ",\n"))]}
      """, url, "transforms.json")
  }

  /// A world with +z up of one with +y up.
  private static let zUpFromYUp = RigidTransform(
    rows: (SIMD3(1, 0, 0), SIMD3(0, 0, -1), SIMD3(0, 1, 0)), translation: .zero)

  private static func writeImages(
    _ camera: FixtureSource.Camera, to folder: URL, names: (color: String, depth: String),
    scale: UInt16 = 1, _ name: (Int) -> String
  ) throws {
    for name in [names.color, names.depth] {
      try AtomicFile.makeFolder(folder.appendingPathComponent(name))
    }
    for i in camera.colors.indices {
      try ImageFile.writePNG(
        camera.colors[i], to: folder.appendingPathComponent("\(names.color)/\(name(i)).png"))
      let depth = camera.depths[i]
      try ImageFile.writePNG(
        DepthImage(
          width: depth.width, height: depth.height, samples: depth.samples.map { $0 * scale },
          unit: 0.001 / Float(scale)),
        to: folder.appendingPathComponent("\(names.depth)/\(name(i)).png"))
    }
  }

  static func write(_ text: String, _ folder: URL, _ name: String) throws {
    try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent(name))
  }

  private static func lens(_ model: CameraModel) -> String {
    let k = model.intrinsics
    return """
      {"width": \(model.width), "height": \(model.height),
       "intrinsics": {"fx": \(k.fx), "fy": \(k.fy), "cx": \(k.cx), "cy": \(k.cy)}}
      """
  }

  /// The rotation as `[x, y, z, w]`, by the largest of the four.
  static func quaternion(_ transform: RigidTransform) -> [Double] {
    let r = transform.rotation
    let squares = [
      1 + r[0] - r[4] - r[8], 1 - r[0] + r[4] - r[8], 1 - r[0] - r[4] + r[8],
      1 + r[0] + r[4] + r[8],
    ]
    let largest = squares.indices.max { squares[$0] < squares[$1] } ?? 3
    let s = 2 * squares[largest].squareRoot()
    let (xy, xz, yz) = (r[1] + r[3], r[2] + r[6], r[5] + r[7])
    let (wx, wy, wz) = (r[7] - r[5], r[2] - r[6], r[3] - r[1])
    let sums = [
      [s * s / 4, xy, xz, wx], [xy, s * s / 4, yz, wy], [xz, yz, s * s / 4, wz],
      [wx, wy, wz, s * s / 4],
    ]
    return sums[largest].map { $0 / s }
  }
}
