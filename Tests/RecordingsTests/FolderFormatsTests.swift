import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import RecordingFixtures
import Testing

@testable import Recordings

/// What the formats of folders and lists say of what is odd in them; the rules common to all formats
/// are tested over the list of formats.
@Suite struct FolderFormatsTests {
  private func opened(
    _ format: String, changing change: (URL) throws -> Void,
    _ look: (any Recording) throws -> Void = { _ in }
  ) throws {
    let url = try RecordingFixture.written(format, changing: change)
    try look(try RecordingFormats.open(url))
  }

  private func expectError(
    _ text: String, _ format: String, changing change: (URL) throws -> Void,
    _ look: (any Recording) throws -> Void = { _ in }
  ) throws {
    let url = try RecordingFixture.written(format, changing: change)
    let error = #expect(throws: CaptureError.self) { try look(try RecordingFormats.open(url)) }
    #expect(error?.description.replacing(url.path, with: "<take>") == text)
  }

  private func replacing(
    _ old: String, _ new: String, in name: String
  ) -> (URL) throws -> Void {
    { try RecordingFixture.replace(old, with: new, in: $0.appendingPathComponent(name)) }
  }

  private func put(_ text: String, _ name: String) -> (URL) throws -> Void {
    { try Data(text.utf8).write(to: $0.appendingPathComponent(name)) }
  }

  private func removing(_ name: String) -> (URL) throws -> Void {
    { try FileManager.default.removeItem(at: $0.appendingPathComponent(name)) }
  }

  // MARK: TUM RGB-D

  @Test func aCameraThatIsCarriedAboutHasNoPlace() throws {
    let poses = "1 0 0 0 0 0 0 1\n1.1 0.5 0 0 0 0 0.5 0.8660254\n"
    try opened("TUM RGB-D", changing: put(poses, "cam1/groundtruth.txt")) { recording in
      #expect(recording.calibration == nil)
      #expect(
        recording.warnings == [
          "Camera cam1 moves by 0.5 m and 60.0 degrees; only cameras that stand still have a place."
        ])
    }
    try opened("TUM RGB-D", changing: removing("cam2/groundtruth.txt")) { recording in
      #expect(
        recording.calibration == nil
          && recording.warnings == ["Camera cam2 has no groundtruth.txt."])
    }
  }

  @Test func oneTUMFolderIsACamera() throws {
    let url = try RecordingFixture.written("TUM RGB-D")
    let reader = try RecordingFormats.open(url.appendingPathComponent("cam3"))
    #expect(reader.take.cameras.map(\.id) == ["cam3"] && reader.format == "TUM RGB-D")
    #expect(reader.take.cameras[0].depthUnit == 0.0002)
    #expect(reader.samples(camera: 0, kind: .color).map(\.name)[0] == "rgb/1.0.png")
  }

  @Test func theFileOfIntrinsicsCountsMoreThanTheLayout() throws {
    let lens =
      #"{"width": 64, "height": 48, "intrinsics": {"fx": 50, "fy": 50, "cx": 31, "cy": 23}}"#
    for (text, unit) in [
      (#"{"color": \#(lens), "depthUnit": 0.001}"#, 0.001),
      (
        #"{"width": 64, "height": 48, "depth_scale": 2000, "intrinsic_matrix": [50, 0, 0, 0, 50, 0, 31, 23, 1]}"#,
        0.0005
      ), (#"{"color": \#(lens)}"#, 0.0002),
    ] {
      try opened("TUM RGB-D", changing: put(text, "cam0/intrinsics.json")) { recording in
        #expect(recording.take.cameras[0].depthUnit == unit)
        #expect(recording.take.cameras[0].depthRange == 0.4...8)
      }
    }
    let depth =
      lens.replacing("50,", with: "60,").dropLast() + #", "unit": 0.001, "range": [0.3, 5]}"#
    let own = #"""
      {"color": \#(lens), "depth": \#(depth), "colorFromDepth": {"rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "translation": [0.02, 0, 0]}}
      """#
    try opened("TUM RGB-D", changing: put(own, "cam0/intrinsics.json")) { recording in
      let camera = recording.take.cameras[0]
      #expect(camera.depth?.intrinsics.fx == 60 && camera.color?.intrinsics.fx == 50)
      #expect(camera.depthUnit == 0.001 && camera.depthRange == 0.3...5)
      #expect(camera.colorFromDepth.translation.x == 0.02)
    }
  }

  @Test func oddTUMListsAreNamed() throws {
    try expectError(
      "<take>/cam0: The images are 64x48, and no file says the camera's intrinsics. Write intrinsics.json beside rgb.txt.",
      "TUM RGB-D", changing: removing("cam0/intrinsics.json"))
    try expectError(
      "<take>/cam0/rgb.txt, line 2: The file `../../etc/passwd` is not inside the take's folder. Paths are relative to the take, without `.` and `..`.",
      "TUM RGB-D", changing: replacing("rgb/1.0.png", "../../etc/passwd", in: "cam0/rgb.txt"))
    try expectError(
      "<take>/cam0/groundtruth.txt, line 1: The line is not `<time> tx ty tz qx qy qz qw`: `1 0 0 0 0 0 0`.",
      "TUM RGB-D", changing: put("1 0 0 0 0 0 0\n", "cam0/groundtruth.txt"))
    try expectError(
      "<take>/cam0/groundtruth.txt, line 1: A pose is no unit quaternion with a translation in metres.",
      "TUM RGB-D", changing: put("1 0 0 0 0 0 0 2\n", "cam0/groundtruth.txt"))
    try expectError(
      "<take>/cam1: `rgb.txt` or `depth.txt` lists no images.", "TUM RGB-D",
      changing: put("# nothing\n", "cam1/depth.txt"))
    try expectError(
      "<take>/cam1/depth.txt: Reading failed: No such file or directory.", "TUM RGB-D",
      changing: removing("cam1/depth.txt"))
  }

  @Test func theBenchmarksOwnIntrinsicsAreKnown() throws {
    let url = try Scratch.folder()
    try put("1.0 a.png\n1.033 b.png\n1.066 c.png\n", "rgb.txt")(url)
    try put("1.01 d.png\n1.043 d.png\n1.077 d.png\n", "depth.txt")(url)
    try ImageFile.writePNG(
      ColorImage(width: 640, height: 480, pixels: [UInt8](repeating: 9, count: 921_600)),
      to: url.appendingPathComponent("a.png"))
    let reader = try RecordingFormats.open(url)
    #expect(
      reader.take.cameras[0].color?.intrinsics == Intrinsics(fx: 525, fy: 525, cx: 319.5, cy: 239.5)
    )
    #expect(reader.take.framesPerSecond == 30 && reader.calibration == nil)
    #expect(reader.warnings.isEmpty)
  }

  // MARK: nerfstudio

  /// Frames with poses of their own and no times are one instant.
  @Test func aStillSceneIsOneInstantOfManyCameras() throws {
    let url = try RecordingFixture.written("nerfstudio") { url in
      let file = url.appendingPathComponent("transforms.json")
      let text = try String(contentsOf: file, encoding: .utf8)
        .replacing(/"time": [0-9.]+,/, with: "")
      // The first frame of each camera, with the last one's closing brackets.
      let frames = text.matches(of: /\{"file_path": ".\/images\/cam[0-9]_0.png"[^}]*\}/)
        .map { String($0.output) }
      #expect(frames.count == 4)
      let head = text.prefix(upTo: try #require(text.range(of: "[{")).lowerBound)
      try Data("\(head)[\(frames.joined(separator: ","))]}".utf8).write(to: file)
    }
    let reader = try RecordingFormats.open(url)
    #expect(reader.take.cameras.count == 4 && reader.take.framesPerSecond == 30)
    for camera in 0..<4 {
      #expect(reader.samples(camera: camera, kind: .depth).map(\.time) == [0])
    }
  }

  @Test func framesWithoutTimeAreOrderedByTheirNumbers() throws {
    let strip: (URL) throws -> Void = { url in
      let file = url.appendingPathComponent("transforms.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing(/"time": [0-9.]+,/, with: "").utf8).write(to: file)
    }
    try opened("nerfstudio", changing: strip) { recording in
      let times = recording.samples(camera: 2, kind: .color).map(\.time)
      let wanted: [Double] = [0, 1.0 / 30, 2.0 / 30]
      #expect(times == wanted)
      #expect(recording.take.framesPerSecond == 30)
    }
  }

  @Test func lensesAreCompletedByTheImages() throws {
    let change: (URL) throws -> Void = { url in
      let file = url.appendingPathComponent("transforms.json")
      var text = try String(contentsOf: file, encoding: .utf8)
      text.replace(/"(fl_x|fl_y|cx|cy)": [0-9.]+,/, with: "")
      text.replace(/"w": 64,\s*"h": 48, "k1": 0/, with: #""camera_angle_x": 1.0, "k1": 0.1"#)
      try Data(text.utf8).write(to: file)
      let half = try DepthImage(
        width: 32, height: 24, samples: [UInt16](repeating: 7, count: 768), unit: 0.001)
      try ImageFile.writePNG(half, to: url.appendingPathComponent("depth/cam0_0.png"))
    }
    try opened("nerfstudio", changing: change) { recording in
      let lens = try #require(recording.take.cameras[0].color)
      #expect(lens.width == 64 && lens.height == 48 && lens.distortion.k1 == 0.1)
      let k = lens.intrinsics
      #expect(abs(k.fx - 32 / tan(0.5)) < 1e-9)
      #expect(k.fy == k.fx)
      #expect(lens.intrinsics.cx == 31.5 && lens.intrinsics.cy == 23.5)
      // The depth image is half as large: its centre is at 15.5, not at 15.75.
      let depth = try #require(recording.take.cameras[0].depth)
      #expect(depth.width == 32 && depth.intrinsics.cx == 15.5)
      #expect(abs(depth.intrinsics.fx - lens.intrinsics.fx / 2) < 1e-9)
      #expect(try recording.depth(camera: 0, index: 0).samples[5] == 7)
    }
  }

  @Test func oddTransformsAreNamed() throws {
    func odd(_ old: String, _ new: String, _ text: String) throws {
      try expectError(
        "<take>/transforms.json: \(text)", "nerfstudio",
        changing: replacing(old, new, in: "transforms.json"))
    }
    try odd(
      "OPENCV", "OPENCV_FISHEYE",
      "`camera_model` is OPENCV_FISHEYE, and fisheye lenses are not read. Undistort the images, and write the pinhole that they then have."
    )
    try odd(
      "\"OPENCV\"", "\"EQUIRECTANGULAR\"",
      "`camera_model` must be OPENCV or OPENCV_FISHEYE or PINHOLE or SIMPLE_PINHOLE, but is \"EQUIRECTANGULAR\"."
    )
    try odd(
      "./images/cam0_0.png", "../cam0_0.png",
      "`frames[0].file_path` is not inside the recording's folder.")
    try odd(
      "[0, 0, 0, 1]]", "[0, 0, 0, 2]]",
      "`frames[0].transform_matrix` must end in the row 0, 0, 0, 1.")
    try odd(
      "\"k2\": 0", "\"k4\": 0.5",
      "`frames[0]` has a coefficient `k4` = 0.5, which only fisheye lenses use.")
    try odd("\"frames\"", "\"pictures\"", "`frames` is missing.")
    try odd(
      "\"time\": 1.0,", "\"time\": 1.0666666666666667,",
      "Two frames have one pose and one time: images/cam0_0.png, images/cam0_1.png.")
  }

  // MARK: plain folders

  @Test func open3DsCameraFileIsRead() throws {
    let file = """
      {"width": 64, "height": 48, "depth_scale": 4000, "stream_length_usec": 1, "fps": 60.0,
       "intrinsic_matrix": [50, 0, 0, 0, 51, 0, 31, 23, 1]}
      """
    try opened(
      "colour and depth folders",
      changing: { url in
        for camera in 0..<4 {
          try removing("cam\(camera)/intrinsics.json")(url)
          try removing("cam\(camera)/color")(url)
          try put(file, "cam\(camera)/camera_primesense.json")(url)
        }
      }
    ) { recording in
      let camera = recording.take.cameras[1]
      #expect(camera.depth?.intrinsics == Intrinsics(fx: 50, fy: 51, cx: 31, cy: 23))
      #expect(camera.color == nil && camera.depthUnit == 0.00025)
      #expect(recording.take.framesPerSecond == 60)
    }
  }

  @Test func oneFolderIsACamera() throws {
    let url = try RecordingFixture.written("colour and depth folders")
    let reader = try RecordingFormats.open(url.appendingPathComponent("cam2"))
    #expect(reader.take.cameras.map(\.id) == ["cam2"] && reader.calibration == nil)
    #expect(reader.samples(camera: 0, kind: .depth).count == 3)
  }

  @Test func oddPlainFoldersAreNamed() throws {
    let format = "colour and depth folders"
    try expectError(
      "<take>/cam0/intrinsics.json: `depthUnit` is for depth that is registered to colour; write `depth.unit`.",
      format,
      changing: replacing(
        "{\"color\"", "{\"depthUnit\": 0.001, \"color\"", in: "cam0/intrinsics.json"))
    try expectError(
      "<take>: The cameras' rates differ: 15.0, 30.0, 15.0, 15.0 Hz. Frame numbers are times only when all cameras run at one rate.",
      format,
      changing: replacing(
        "\"framesPerSecond\": 15", "\"framesPerSecond\": 30", in: "cam1/intrinsics.json"))
    try expectError(
      "<take>/cam0/intrinsics.json: `intrinsic_matrix` must be the columns (fx, 0, 0), (0, fy, 0), (cx, cy, 1).",
      format,
      changing: put(
        #"{"width": 4, "height": 4, "intrinsic_matrix": [5, 0, 2, 0, 5, 2, 0, 0, 1]}"#,
        "cam0/intrinsics.json"))
    try expectError(
      "<take>/cam0: There are no images in `color` and `depth`.", format,
      changing: { url in
        for name in ["color", "depth"] {
          try removing("cam0/\(name)")(url)
          try AtomicFile.makeFolder(url.appendingPathComponent("cam0/\(name)"))
        }
      })
  }

  // MARK: cwipc

  @Test func swappedFilesAreNoticed() throws {
    try opened(
      "cwipc recording",
      changing: { url in
        try replacing("recording 0.bag", "recording 2.bag", in: "cameraconfig.json")(url)
      }
    ) { recording in
      #expect(
        recording.warnings == [
          "The file of camera cam0 is a recording of camera cam2; are two files swapped?"
        ])
    }
  }

  /// Without `map_color_to_depth`, points are in the colour lens's frame.
  @Test func placesAreThoseOfTheLensThatMakesThePoints() throws {
    let source = FixtureSource.twoLenses.cameras[3]
    try opened(
      "cwipc recording",
      changing: replacing(
        "\"map_color_to_depth\": 1", "\"map_color_to_depth\": false", in: "cameraconfig.json")
    ) { recording in
      let calibration = try #require(recording.calibration)
      let place = calibration.worldFromRig * (try #require(calibration.rigFromColor["cam3"]))
      #expect(
        place.isNear(source.worldFromColor * source.colorFromDepth, meters: 1e-6, degrees: 0.01))
    }
  }

  /// Found by their serial numbers; the points of a Kinect are in the colour lens's frame.
  @Test func filesOfAzureKinectsAreRead() throws {
    let sources = FixtureSource.kinects.cameras
    let cameras = sources.map { camera in
      let pose = camera.worldFromColor
      let rows = zip([pose.rows.0, pose.rows.1, pose.rows.2], [0, 1, 2]).map { row, i in
        "[\(row.x), \(row.y), \(row.z), \(pose.translation[i])]"
      }
      return
        #"{"serial": "\#(camera.id)", "trafo": [\#(rows.joined(separator: ", ")), [0, 0, 0, 1]]}"#
    }
    let config =
      #"{"version": 4, "type": "kinect_offline", "camera": [\#(cameras.joined(separator: ", "))]}"#
    try opened(
      "Azure Kinect recording",
      changing: { url in
        try removing("calibration.json")(url)
        try put(config, "cameraconfig.json")(url)
      }
    ) { recording in
      #expect(recording.format == "cwipc recording" && recording.warnings == [])
      #expect(recording.take.cameras.map(\.id) == sources.map(\.id))
      let calibration = try #require(recording.calibration)
      for (camera, source) in sources.enumerated() {
        let place = try #require(calibration.rigFromColor[source.id])
        #expect(
          (calibration.worldFromRig * place)
            .isNear(source.worldFromColor, meters: 1e-6, degrees: 0.01))
        #expect(try recording.depth(camera: camera, index: 2) == source.depths[2])
      }
    }
  }

  @Test func oddCwipcRecordingsAreNamed() throws {
    func odd(_ old: String, _ new: String, _ text: String) throws {
      try expectError(
        text, "cwipc recording", changing: replacing(old, new, in: "cameraconfig.json"))
    }
    try odd(
      "recording 0.bag", "../recording.bag",
      "<take>: The file `../recording.bag` is not inside the recording's folder.")
    try odd(
      "recording 0.bag", "lost.bag",
      "<take>: There is no recording of camera `cam0`; looked for lost.bag.")
    try odd(
      "\"serial\": \"cam3\"", "\"serial\": \"cam2\"",
      "<take>/cameraconfig.json: Camera `cam2` stands twice in cameraconfig.json.")
    try odd(
      "\"version\": 5", "\"version\": 9",
      "<take>/cameraconfig.json: `version` must be a whole number from 3 to 5, but is 9.")
    try odd(
      "\"serial\": \"cam0\",",
      "\"serial\": \"cam0\", \"intrinsicTrafo\": [[1,0,0,1],[0,1,0,0],[0,0,1,0],[0,0,0,1]],",
      "<take>/cameraconfig.json: `camera[0].intrinsicTrafo` moves points before `trafo` does, which is not read."
    )
  }
}
