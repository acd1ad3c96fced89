import CaptureCore
import CaptureTestSupport
import Foundation
import ImageFiles
import MeshExport
import Recordings
import Testing

@testable import CapturePipeline

/// A wall 1.5 m before two cameras, grey, and meshes that are a little off it.
@Suite struct ImageEvaluationTests {
  private static let lens = CameraModel(
    width: 64, height: 48, intrinsics: Intrinsics(fx: 60, fy: 60, cx: 31.5, cy: 23.5),
    distortion: Distortion(k1: 0.15, k2: -0.05, p1: 0.002, p2: -0.001))
  private let take = Scratch.unused("wall")
  private let meshes = Scratch.unused("meshes")

  init() throws {
    let cameras = ["left", "right"].map {
      CameraDescription(
        id: $0, sync: SyncRole(mode: $0 == "left" ? .master : .subordinate), color: Self.lens,
        depth: Self.lens)
    }
    // Cameras look along +z of a world turned so that +y is up.
    let upright = try RigidTransform(
      validating: [1, 0, 0, 0, -1, 0, 0, 0, -1], translation: [0, 0, 0])
    let writer = try TakeWriter(
      folder: take, take: TakeDescription(name: "wall", framesPerSecond: 10, cameras: cameras),
      calibration: RigCalibration(
        rig: "pair", reference: "left",
        rigFromColor: [
          "left": .identity,
          "right": try RigidTransform(
            validating: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0.1, 0, 0]),
        ], worldFromRig: upright))
    let count = Self.lens.width * Self.lens.height
    let depth = try DepthImage(
      width: Self.lens.width, height: Self.lens.height,
      samples: [UInt16](repeating: 1500, count: count), unit: 0.001)
    let color = try ColorImage(
      width: Self.lens.width, height: Self.lens.height,
      pixels: [UInt8](repeating: 120, count: 3 * count))
    for camera in 0..<2 {
      for frame in 0..<2 {
        let time = 0.1 * Double(frame)
        try writer.write(depth, camera: camera, index: frame, time: time)
        try writer.write(color, camera: camera, index: frame, time: time, quality: nil)
      }
    }
    try writer.finish()
    try AtomicFile.makeFolder(meshes)
  }

  /// A wall of small squares, from x = `left` to 2 m, that faces the cameras.
  private func wall(z: Float, from left: Float = -2, level: UInt8 = 130) -> TriangleMesh {
    var mesh = TriangleMesh(positions: [], triangles: [])
    let (columns, rows) = (80, 60)
    for row in 0...rows {
      for column in 0...columns {
        let x = left + (2 - left) * Float(column) / Float(columns)
        mesh.positions.append(SIMD3(x, -1.5 + 3 * Float(row) / Float(rows), -z))
        mesh.colors.append(SIMD3(level, level, level))
      }
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let a = UInt32(row * (columns + 1) + column)
        let (b, c) = (a + 1, a + UInt32(columns) + 1)
        mesh.triangles += [SIMD3(a, b, c + 1), SIMD3(a, c + 1, c)]
      }
    }
    return mesh
  }

  private func write(_ mesh: TriangleMesh, frame: Int = 0) throws {
    try PLYWriter().write(mesh, to: meshes.appendingPathComponent("frame_\(frame).ply"))
  }

  private func evaluation(
    _ settings: String..., within: Double = 0.01, threads: Int = 2, picture: URL? = nil
  ) throws -> ImageEvaluation {
    ImageEvaluation(
      meshes: meshes, source: TakeSource(take: take),
      configuration: try JobConfiguration().setting(
        ["observations.box=[-1.9, -1.4, -1.7, 1.9, 1.4, -1.3]"] + settings),
      within: within, threads: threads, picture: picture)
  }

  @Test("Depth and colour of a distorted lens are predicted to the millimetre and the level")
  func wallBehind() throws {
    try write(wall(z: 1.505))
    let outcome = try evaluation().run()
    #expect(outcome.cameras.map(\.id) == ["left", "right"])
    #expect((outcome.frames, outcome.missing) == (1, 1))
    let all = outcome.total
    #expect(all.images == 2)
    #expect(all.pixels == 2 * 64 * 48)
    #expect(all.coverage == 1)
    #expect(abs(try #require(all.median) - 5) < 0.06)
    #expect(abs(try #require(all.offset) - 5) < 0.06)
    #expect(all.within(0.01) == 1)
    #expect(all.within(0.004) == 0)
    // Ten levels off everywhere: 20 log10(255 / 10); a factor puts it right.
    #expect(abs(try #require(all.psnr) - 28.13) < 0.01)
    #expect(all.evenedPSNR == 99)
    // Nobody is left who could have seen the same.
    #expect(outcome.shared == nil)
    #expect(outcome.json.contains(#""shared": null"#))
    let near = try evaluation(within: 0.004, threads: 1).run()
    #expect(near.cameras == outcome.cameras)
    #expect(near.table.contains("4 mm"))
    #expect(
      outcome.json.hasPrefix(
        #"{"all": {"images": 2, "pixels": 6144, "median": 5.0"#))
  }

  @Test("What the mesh leaves out counts as infinitely far")
  func halfAWall() throws {
    // The left camera's middle is at x = 0.
    try write(wall(z: 1.498, from: 0))
    let figures = try evaluation("cameras=left").run().total
    #expect(figures.images == 1)
    #expect(abs(try #require(figures.coverage) - 0.5) < 0.02)
    #expect(figures.median == nil)
    #expect(abs(try #require(figures.coveredMedian) - 2) < 0.06)
    #expect(abs(try #require(figures.offset) + 2) < 0.06)
    #expect(figures.within(0.01) == figures.coverage)
  }

  @Test("What another camera saw too counts apart, in depth and in colour")
  func shared() throws {
    // 0.1 m at 1.5 m are 4 columns that the camera to the right does not see; there the colours are off.
    var mesh = wall(z: 1.505, level: 120)
    for i in mesh.positions.indices where mesh.positions[i].x < -0.68 {
      mesh.colors[i] = SIMD3(255, 0, 0)
    }
    try write(mesh)
    let outcome = try evaluation("cameras=left").run()
    let (all, shared) = (outcome.total, try #require(outcome.shared))
    #expect(outcome.cameras.map(\.shared) == [shared])
    #expect(shared.images == 1)
    #expect(shared.pixels < all.pixels - 3 * 48)
    #expect(shared.pixels > all.pixels - 8 * 48)
    #expect(abs(try #require(shared.median) - 5) < 0.06)
    #expect(try #require(shared.psnr) > (try #require(all.psnr)) + 1)
    #expect(outcome.table.contains("left, shared"))
    #expect(outcome.json.contains(#""shared": {"images": 1, "pixels": \#(shared.pixels), "#))
  }

  @Test("Every frame counts, and a mesh without colours has no PSNR")
  func frames() throws {
    var plain = wall(z: 1.5)
    plain.colors = []
    try write(plain)
    try write(wall(z: 1.52), frame: 1)
    #expect(try evaluation("frames.end=1").run().total.psnr == nil)
    let both = try evaluation().run()
    #expect(both.frames == 2)
    #expect(both.total.within(0.01) == 0.5)
  }

  @Test("The picture shows each camera")
  func picture() throws {
    try write(wall(z: 1.51))
    let file = Scratch.unused("sheet.png")
    _ = try evaluation(picture: file).run()
    let image = try ImageFile.color(at: file)
    #expect(image.width > 1500)
    #expect(image.height > 2 * 200)
  }

  private func refusal(_ body: () throws -> ImageEvaluation) -> String? {
    #expect(throws: CaptureError.self) { try body().run() }?.description
  }

  @Test("What cannot be compared is refused with what to do")
  func refusals() throws {
    #expect(
      refusal { try evaluation() }
        == "\(meshes.path): None of the 0 meshes belongs to one of 2 frame sets. Files are matched by "
        + "the last number in their names, such as frame_000012.ply.")
    try write(wall(z: 1.5))
    #expect(
      refusal { try evaluation("cameras=left,middle") }
        == "cameras: The take has no camera 'middle'. Choose from: left, right.")
    #expect(
      refusal { try evaluation(within: 0) }
        == "--within: 0.0 is out of range. Choose a value above 0 and up to 1 m.")
    #expect(
      refusal { try evaluation("observations.box=[5, 5, 5, 6, 6, 6]") }
        == "\(take.path): No depth pixel of these cameras shows the subject. Compare other cameras or "
        + "frames, or set observations.box.")
  }
}
