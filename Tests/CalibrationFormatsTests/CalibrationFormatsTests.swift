import CaptureCore
import CaptureTestSupport
import Foundation
import NumpyFiles
import Testing

@testable import CalibrationFormats

@Suite struct CalibrationFormatsTests {
  private let folder: URL

  init() throws { folder = try Scratch.folder() }

  private static let names = CalibrationFormats.all.map { $0.name }

  /// Two cameras that look at each other's side; lenses that every format can hold.
  private static func rig(_ distortion: Distortion = .none) -> CalibratedRig {
    let lens = CameraModel(
      width: 640, height: 480, intrinsics: Intrinsics(fx: 500, fy: 510, cx: 319.5, cy: 239.5),
      distortion: distortion)
    return CalibratedRig(
      rig: "two",
      cameras: [
        .init(
          id: "left", serial: "left",
          worldFromColor: .looking(from: SIMD3(1, 1.2, 2), at: SIMD3(0, 1, 0)), lens: lens),
        .init(
          id: "right", serial: "right",
          worldFromColor: .looking(from: SIMD3(-2, 0.9, 0.5), at: SIMD3(0, 1, 0)), lens: lens),
      ])
  }

  private func expectSame(_ a: RigidTransform, _ b: RigidTransform, _ name: String) {
    let worst = zip(a.rotation, b.rotation).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-9, "\(name)")
    #expect((a.translation - b.translation).length < 1e-9, "\(name)")
  }

  @Test("What is written comes back", arguments: names) func roundTrip(_ name: String) throws {
    let format = try CalibrationFormats.named(name)
    let rig = Self.rig()
    let url = folder.appendingPathComponent("rig")
    try format.write(rig, to: url)
    let back = try format.read(url)
    #expect(back.cameras.map(\.id) == ["left", "right"])
    // Formats that hold no world have the first camera for it.
    let world =
      rig.cameras[0].worldFromColor * back.cameras[0].worldFromColor.inverse
    if name != "kalibr" { expectSame(world, .identity, name) }
    for (own, other) in zip(rig.cameras, back.cameras) {
      expectSame(own.worldFromColor, world * other.worldFromColor, name)
      if let a = own.lens?.intrinsics, let b = other.lens?.intrinsics {
        for (x, y) in [(a.fx, b.fx), (a.fy, b.fy), (a.cx, b.cx), (a.cy, b.cy)] {
          #expect(abs(x - y) < 1e-9, "\(name)")
        }
        #expect(other.lens?.width == 640 && other.lens?.height == 480)
      }
    }
    #expect((back.cameras[0].lens == nil) == (name == "cwipc"))
  }

  @Test func aRationalLensGoesToColmapAndBack() throws {
    let d = Distortion(
      k1: 0.5, k2: -2.6, k3: 1.5, k4: 0.4, k5: -2.4, k6: 1.4, p1: 0.0004, p2: -0.0002)
    let url = folder.appendingPathComponent("colmap")
    try ColmapFormat.write(Self.rig(d), to: url)
    #expect(try ColmapFormat.read(url).cameras.map { $0.lens?.distortion } == [d, d])
  }

  @Test("A lens that does not fit is refused", arguments: ["nerfstudio", "neus", "kalibr"])
  func refusesLens(_ name: String) throws {
    let format = try CalibrationFormats.named(name)
    let rig = Self.rig(Distortion(k1: 0.1, k6: 0.3))
    let url = folder.appendingPathComponent("refused")
    let error = #expect(throws: CaptureError.self) { try format.write(rig, to: url) }
    #expect(
      error?.description
        == "The lens of camera `left` has a distortion that \(name) cannot hold. Export with --to colmap, which holds any; or undistort the images, as OpenCV's undistort does, and export with --undistorted."
    )
    try format.write(rig.undistorted, to: url)
    #expect(try format.read(url).cameras.count == 2)
  }

  @Test func aLensThatIsNotKnownIsAskedFor() throws {
    var rig = Self.rig()
    rig.cameras[1].lens = nil
    let error = #expect(throws: CaptureError.self) {
      try KalibrFormat.write(rig, to: folder.appendingPathComponent("chain.yaml"))
    }
    #expect(
      error?.description
        == "The lens of camera `right` is not known, and kalibr holds lenses. Name a take of the rig with --take."
    )
  }

  @Test("A name that leads out of the folder is refused", arguments: ["../out", "..", "a/b", ""])
  func namesOfFolders(_ id: String) {
    var rig = Self.rig()
    rig.cameras[1].id = id
    let error = #expect(throws: CaptureError.self) {
      try NeuSFormat.write(rig, to: folder.appendingPathComponent("neus"))
    }
    #expect(
      error?.what
        == "The name `\(id)` of a camera can be no folder's, and neus has one for each.")
    #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("out").path))
  }

  @Test("Line ends of other systems are line ends", arguments: ["colmap", "kalibr"])
  func lineEnds(_ name: String) throws {
    let format = try CalibrationFormats.named(name)
    let url = folder.appendingPathComponent(name)
    try format.write(Self.rig(), to: url)
    let before = try format.read(url)
    let files =
      format.isFolder
      ? try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
      : [url]
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacing("\n", with: "\r\n").write(to: file, atomically: true, encoding: .utf8)
    }
    let after = try format.read(url)
    #expect(after.cameras.map(\.id) == before.cameras.map(\.id))
    #expect(after.cameras.map(\.worldFromColor) == before.cameras.map(\.worldFromColor))
  }

  @Test func whereRealSenseCamerasHaveTheirLensIsNotGuessed() throws {
    let url = folder.appendingPathComponent("cameraconfig.json")
    try CwipcFormat.write(Self.rig(), to: url)
    let text = try String(contentsOf: url, encoding: .utf8)
    func refusal(_ change: (String) -> String) throws -> String? {
      try change(text).write(to: url, atomically: true, encoding: .utf8)
      return #expect(throws: CaptureError.self) { try CwipcFormat.read(url) }?.what
    }
    let unsaid = try refusal {
      $0.replacing("\"kinect\"", with: "\"realsense\"").replacing(
        "map_color_to_depth", with: "other")
    }
    #expect(
      unsaid?.hasPrefix("`type` is that of cameras whose `trafo` is the place of the depth") == true
    )
    let moved = try refusal {
      $0.replacing(
        "\"trafo\"",
        with: "\"intrinsicTrafo\": [[1,0,0,0.1],[0,1,0,0],[0,0,1,0],[0,0,0,1]], \"trafo\"")
    }
    #expect(moved?.contains("moves points before `trafo` does") == true)
  }

  @Test func aFocalLengthOfNothingIsRefused() throws {
    let url = folder.appendingPathComponent("transforms.json")
    try NerfstudioFormat.write(Self.rig(), to: url)
    let text = try String(contentsOf: url, encoding: .utf8)
    try text.replacing("\"fl_x\": 500", with: "\"fl_x\": -500")
      .write(to: url, atomically: true, encoding: .utf8)
    let error = #expect(throws: CaptureError.self) { try NerfstudioFormat.read(url) }
    #expect(error?.what.contains("`frames[0].fl_x` must be a number from 0.001") == true)
  }

  @Test("A camera that stands nowhere near is refused", arguments: names)
  func farPlaces(_ name: String) throws {
    var rig = Self.rig()
    rig.cameras[1].worldFromColor.translation = SIMD3(-2000, 900, 500)
    let url = folder.appendingPathComponent("millimetres")
    let format = try CalibrationFormats.named(name)
    try format.write(rig, to: url)
    let error = #expect(throws: CaptureError.self) { try format.read(url) }
    #expect(
      error?.what.hasPrefix("Camera `right` stands 2.25e+03 m from ") == true, "\(error as Any)")
  }

  @Test func anUnknownFormatIsNamed() {
    let error = #expect(throws: CaptureError.self) { try CalibrationFormats.named("blender") }
    #expect(
      error?.description
        == "There is no calibration format `blender`. Choose one of: colmap, nerfstudio, neus, cwipc, kalibr."
    )
  }
}

/// Conventions, each against a point worked out by hand. The camera stands at (0, 1, 2) and looks level
/// along -z: right is +x, down is -y. The world's point (0.5, 1.25, 0) is at (0.5, -0.25, 2) for it.
/// With f = 400 and the centre at (320, 240), counted from the upper left pixel's centre, it falls on
/// (320 + 400 · 0.25, 240 - 400 · 0.125) = (420, 190).
@Suite struct CalibrationConventionTests {
  private let folder: URL
  private let point = SIMD3(0.5, 1.25, 0)
  private let rig = CalibratedRig(
    rig: "one",
    cameras: [
      .init(
        id: "a", serial: "77",
        worldFromColor: RigidTransform(
          rows: (SIMD3(1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)), translation: SIMD3(0, 1, 2)),
        lens: CameraModel(
          width: 640, height: 480,
          intrinsics: Intrinsics(fx: 400, fy: 400, cx: 320, cy: 240)))
    ])

  init() throws { folder = try Scratch.folder() }

  private func json(_ name: String) throws -> JSONNode {
    JSONNode(try JSONValue(parsing: Data(contentsOf: folder.appendingPathComponent(name))))
  }

  private func matrix(_ node: JSONNode) throws -> [[Double]] {
    try node.elements(count: 4...4).map { try $0.numbers(count: 4, in: -1e6...1e6) }
  }

  private func times(_ m: [[Double]], _ p: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      m[0][0] * p.x + m[0][1] * p.y + m[0][2] * p.z + m[0][3],
      m[1][0] * p.x + m[1][1] * p.y + m[1][2] * p.z + m[1][3],
      m[2][0] * p.x + m[2][1] * p.y + m[2][2] * p.z + m[2][3])
  }

  @Test func ours() throws {
    let camera = rig.cameras[0]
    let p = camera.worldFromColor.inverse.apply(point)
    #expect(p == SIMD3(0.5, -0.25, 2))
    #expect(camera.lens?.project(p) == SIMD2(420, 190))
  }

  @Test func cwipcGoesFromCameraToWorld() throws {
    try CwipcFormat.write(rig, to: folder.appendingPathComponent("cameraconfig.json"))
    let document = try json("cameraconfig.json")
    let camera = try document.member("camera").elements(count: 1...1)[0]
    #expect(try camera.member("serial").string() == "77")
    #expect(times(try matrix(camera.member("trafo")), SIMD3(0.5, -0.25, 2)) == point)
  }

  @Test func nerfstudioHasOpenGLsCameraZUpAndHalfPixels() throws {
    try NerfstudioFormat.write(rig, to: folder.appendingPathComponent("transforms.json"))
    let frame = try json("transforms.json").member("frames").elements(count: 1...1)[0]
    // +y up and -z forward: the point is at (0.5, 0.25, -2). A world with +z up has it, and our
    // (x, y, z), at (x, -z, y).
    let world = times(
      try matrix(frame.member("transform_matrix")), SIMD3(0.5, 0.25, -2))
    #expect(world == SIMD3(0.5, 0, 1.25))
    #expect(try frame.member("cx").number(in: 0...1e3) == 320.5)
    #expect(try frame.member("cy").number(in: 0...1e3) == 240.5)
  }

  @Test func neusProjectsTheWorldWithHalfPixels() throws {
    try NeuSFormat.write(rig, to: folder)
    let arrays = try NumpyArchive.read(
      folder.appendingPathComponent("a/cameras_sphere.npz"), limit: 1 << 20)
    let m = try #require(arrays["world_mat_0"]).doubles()
    let rows = (0..<4).map { Array(m[4 * $0..<4 * $0 + 4]) }
    let p = times(rows, point)
    #expect(p == SIMD3(2 * 420.5, 2 * 190.5, 2))
    // The sphere: as a column-major eye sees it, its centre is in the last column.
    let s = try #require(arrays["scale_mat_0"]).doubles()
    #expect(s[0] > 0 && s[0] == s[5] && s[0] == s[10] && s[12...] == [0, 0, 0, 1])
  }

  @Test func colmapGoesFromWorldToCameraWithHalfPixels() throws {
    try ColmapFormat.write(rig, to: folder)
    let text = try String(
      contentsOf: folder.appendingPathComponent("images.txt"), encoding: .utf8)
    let fields = try #require(text.split(separator: "\n").first { !$0.hasPrefix("#") })
      .split(separator: " ")
    // Half a turn about x: q = (0, 1, 0, 0), scalar first; t = -R c = (0, 1, 2).
    #expect(fields[1...7].map { abs(Double($0) ?? .nan) } == [0, 1, 0, 0, 0, 1, 2])
    #expect(fields[5...7].compactMap { Double($0) } == [0, 1, 2])
    let cameras = try String(
      contentsOf: folder.appendingPathComponent("cameras.txt"), encoding: .utf8)
    #expect(cameras.contains("1 FULL_OPENCV 640 480 400 400 320.5 240.5 0 0 0 0 0 0 0 0"))
  }

  @Test func kalibrGoesFromTheCameraBeforeWithWholePixels() throws {
    var two = rig
    var second = rig.cameras[0]
    second.id = "b"
    // Half a metre to the right of the first: what is at (0.5, -0.25, 2) there is at (0, -0.25, 2) here.
    second.worldFromColor.translation.x = 0.5
    two.cameras.append(second)
    try KalibrFormat.write(two, to: folder.appendingPathComponent("camchain.yaml"))
    let text = try String(
      contentsOf: folder.appendingPathComponent("camchain.yaml"), encoding: .utf8)
    #expect(text.contains("intrinsics: [400, 400, 320, 240]"))
    let section = try CamchainText.sections(text)[1]
    let m = try section.numbers("T_cn_cnm1", count: 16)
    let rows = (0..<4).map { Array(m[4 * $0..<4 * $0 + 4]) }
    #expect(times(rows, SIMD3(0.5, -0.25, 2)) == SIMD3(0, -0.25, 2))
  }

  @Test("Damaged files are refused or read, never trapped on", arguments: 0..<5)
  func damaged(_ index: Int) throws {
    let format = CalibrationFormats.all[index]
    let url = folder.appendingPathComponent("damaged")
    try format.write(rig, to: url)
    let file: URL
    switch format.name {
    case "colmap": file = url.appendingPathComponent("images.txt")
    case "neus": file = url.appendingPathComponent("a/cameras_sphere.npz")
    default: file = url
    }
    let whole = [UInt8](try Data(contentsOf: file))
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<150 {
      var bytes = whole
      if Bool.random(using: &generator) {
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      } else {
        for _ in 0..<3 {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
            in: 0...255, using: &generator)
        }
      }
      try Data(bytes).write(to: file)
      do {
        let rig = try format.read(url)
        #expect((1...CameraDescription.limit).contains(rig.cameras.count))
      } catch {
        #expect(!error.what.isEmpty && !error.place.isEmpty, "\(error)")
      }
    }
  }
}
