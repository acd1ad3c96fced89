import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import NumpyFiles
import Testing

@testable import Recordings

@Suite struct CameraFoldersReaderTests {
  @Test func aRecordingIsReadInTheProjectsConventions() throws {
    let tiny = try TinyCameraFolders()
    let reader = try CameraFoldersReader.open(tiny.folder)
    #expect(reader.take.cameras.map(\.id) == ["cam_2", "cam_10"])
    #expect(reader.take.cameras.map(\.sync.mode) == [.master, .subordinate])
    for camera in reader.take.cameras {
      #expect(camera.color == camera.depth && camera.colorFromDepth == .identity)
      let k = try #require(camera.color?.intrinsics)
      // Pixel centres at one half become pixel centres at whole numbers.
      #expect(abs(k.cx - 2.75) < 1e-9 && abs(k.cy - 2) < 1e-9)
      #expect(abs(k.fx - 5) < 1e-9 && abs(k.fy - 5.5) < 1e-9)
    }
    let times: [Double] = [1.0 / 30, 2.0 / 30, 0.1]
    #expect(reader.samples(camera: 0, kind: .depth).map(\.time) == times)
    #expect(reader.samples(camera: 1, kind: .color)[0].name == "image/video_7_frame_0001.png")
    let depth = try reader.depth(camera: 1, index: 2)
    #expect(depth.samples[5] == 8 && depth.unit == 0.001)
    #expect(try reader.color(camera: 1, index: 0) == TinyTake.color(1))
    #expect(try reader.mask(camera: 0, index: 1).samples[1] == 5)
    // Files of depth and colour can be taken as they are; masks may have any channels.
    for kind in [StreamKind.depth, .color] {
      let name = reader.samples(camera: 1, kind: kind)[0].name
      let file = tiny.folder.appendingPathComponent("cam_10/\(name)")
      #expect(try reader.encoded(camera: 1, kind: kind, index: 0) == Data(contentsOf: file))
    }
    #expect(try reader.encoded(camera: 1, kind: .mask, index: 0) == nil)
  }

  @Test func posesProjectWorldPointsAsTheMatrixDoes() throws {
    let tiny = try TinyCameraFolders()
    let reader = try CameraFoldersReader.open(tiny.folder)
    let calibration = try #require(reader.calibration)
    #expect(calibration.reference == "cam_2")
    let point = SIMD3(0.1, -0.3, 2.0)
    for (camera, pose) in zip(reader.take.cameras, TinyCameraFolders.poses) {
      let worldFromColor =
        calibration.worldFromRig * (try #require(calibration.rigFromColor[camera.id]))
      let pixel = try #require(camera.color?.project(worldFromColor.inverse.apply(point)))
      let m = TinyCameraFolders.matrix(TinyCameraFolders.intrinsics, pose)
      func row(_ i: Int) -> Double {
        SIMD3(m[4 * i], m[4 * i + 1], m[4 * i + 2]).dot(point) + m[4 * i + 3]
      }
      #expect(abs(pixel.x - (row(0) / row(2) - 0.5)) < 1e-9)
      #expect(abs(pixel.y - (row(1) / row(2) - 0.5)) < 1e-9)
    }
  }

  @Test(arguments: [1, -1, 0.001, -250]) func theMatrixsScaleAndSignDoNotMatter(
    _ scale: Double
  ) throws {
    let tiny = try TinyCameraFolders()
    let expected = try CameraFoldersReader.open(tiny.folder).calibration?.rigFromColor["cam_10"]
    let pose = TinyCameraFolders.poses[1]
    let world = TinyCameraFolders.matrix(TinyCameraFolders.intrinsics, pose, scale: scale)
    try tiny.writeCameras("cam_10", [world])
    let found = try CameraFoldersReader.open(tiny.folder).calibration?.rigFromColor["cam_10"]
    let (a, b) = (try #require(expected), try #require(found))
    #expect((a.translation - b.translation).length < 1e-9)
    #expect(zip(a.rotation, b.rotation).allSatisfy { abs($0 - $1) < 1e-9 })
  }

  @Test func camerasWithoutDepthHaveNoDepthLens() throws {
    let tiny = try TinyCameraFolders()
    try FileManager.default.removeItem(at: tiny.url("cam_2/depth"))
    let reader = try CameraFoldersReader.open(tiny.folder)
    #expect(reader.take.cameras[0].depth == nil && reader.take.cameras[1].depth != nil)
    #expect(reader.samples(camera: 0, kind: .depth).isEmpty)
  }

  private func expectError(
    _ text: String, code: CaptureError.Code = .badInput,
    after damage: (TinyCameraFolders) throws -> Void,
    reading: (CameraFoldersReader) throws -> Void = { _ in }
  ) throws {
    let tiny = try TinyCameraFolders()
    try damage(tiny)
    let error = #expect(throws: CaptureError.self) {
      try reading(try CameraFoldersReader.open(tiny.folder))
    }
    #expect(error?.description.replacing(tiny.folder.path, with: "<take>") == text)
    #expect(error?.code == code)
  }

  private var world: [Double] {
    TinyCameraFolders.matrix(TinyCameraFolders.intrinsics, .identity)
  }

  @Test func matricesThatAreNoStillCameraAreRefused() throws {
    var moved = world
    moved[3] += 0.1
    try expectError(
      "<take>/cam_2/cameras_sphere.npz: The camera moves: `world_mat_2` differs from `world_mat_0`. Only cameras that stand still can be used.",
      after: { try $0.writeCameras("cam_2", [world, world, moved]) })
    try expectError(
      "<take>/cam_2/cameras_sphere.npz: There is no `world_mat_0`.",
      after: { try $0.writeCameras("cam_2", []) })
    let singular =
      "<take>/cam_2/cameras_sphere.npz: `world_mat_0` is no invertible 3x4 or 4x4 projection."
    try expectError(
      singular,
      after: { try $0.writeCameras("cam_2", [[Double](repeating: 1, count: 16)]) })
    try expectError(
      singular,
      after: { try $0.writeCameras("cam_2", [[Double.nan] + world.dropFirst()]) })
    var skewed = world
    skewed[1] = 3
    try expectError(
      "<take>/cam_2/cameras_sphere.npz: `world_mat_0` is no camera with square, upright pixels.",
      after: { try $0.writeCameras("cam_2", [skewed]) })
    try expectError(
      "<take>/cam_2/cameras_sphere.npz: `scale_mat_0` is no uniform scale with a translation.",
      after: { try $0.writeCameras("cam_2", [world], scale: world) })
  }

  @Test func namesWithoutOrWithTheSameNumberAreRefused() throws {
    try expectError(
      "<take>/cam_2/rgb/first.png: The file's name has no frame number.",
      after: { try Data().write(to: $0.url("cam_2/rgb/first.png")) })
    try expectError(
      "<take>/cam_2/rgb: Two files have the frame number 2: 2.png, video_7_frame_0002.png.",
      after: { try Data().write(to: $0.url("cam_2/rgb/2.png")) })
    try expectError(
      "<take>/cam 2: The folder's name must be made of letters, digits, `-`, `_` and `.`, and not begin with `.`. Rename the folder.",
      after: {
        try FileManager.default.moveItem(at: $0.url("cam_2"), to: $0.url("cam 2"))
      })
    try expectError(
      "<take>/cam_10: There are no colour images in `rgb` or `image`.",
      after: { try FileManager.default.removeItem(at: $0.url("cam_10/image")) })
  }

  @Test func depthOfAnotherSizeThanColourIsRefused() throws {
    try expectError(
      "camera cam_2, depth frame 0, <take>/cam_2/depth/video_7_frame_0001.png: The depth image is 4x3, but the camera is described as 6x4.",
      code: .sizeMismatch,
      after: {
        try ImageFile.writePNG(
          TinyTake.depth(0), to: $0.url("cam_2/depth/video_7_frame_0001.png"))
      }, reading: { _ = try $0.depth(camera: 0, index: 0) })
  }

  @Test func damagedMatricesAreRefusedOrReadCleanly() throws {
    let tiny = try TinyCameraFolders()
    let url = tiny.url("cam_10/cameras_sphere.npz")
    let data = try Data(contentsOf: url)
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<150 {
      try ByteMutator.mutate(data, using: &generator).write(to: url)
      do {
        let reader = try CameraFoldersReader.open(tiny.folder)
        let place = try #require(reader.calibration?.rigFromColor["cam_10"])
        #expect(place.rotation.allSatisfy { abs($0) < 1 + 1e-6 })
      } catch let error as CaptureError { #expect(error.place.hasPrefix(url.path), "\(error)") }
    }
  }
}
