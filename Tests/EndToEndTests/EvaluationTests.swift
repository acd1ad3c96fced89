import CaptureCore
import CapturePipeline
import CaptureTestSupport
import Foundation
import MeshExport
import NumpyFiles
import SurfaceMetrics
import Testing

@Suite struct EvaluationTests {
  let meshes: URL, truth: URL

  init() throws {
    let folder = Scratch.unused("evaluation")
    (meshes, truth) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("true"))
    try AtomicFile.makeFolder(meshes)
    try AtomicFile.makeFolder(truth)
  }

  /// A square metre that faces +z.
  func square(z: Float) -> TriangleMesh {
    TriangleMesh(
      positions: [SIMD3(0, 0, z), SIMD3(1, 0, z), SIMD3(1, 1, z), SIMD3(0, 1, z)],
      triangles: [SIMD3(0, 1, 2), SIMD3(0, 2, 3)])
  }

  func writeTruth(frames: Range<Int>) throws {
    for frame in frames {
      try PLYWriter().write(
        square(z: 0), to: truth.appendingPathComponent("true_\(frame).ply"))
    }
  }

  func writePlaces(frames: Int) throws {
    let points: [Float] = [0.25, 0.25, 0, 0.75, 0.5, 0]
    let normals: [Float] = [0, 0, 1, 0, 0, 1]
    let (all, up) = ((0..<frames).flatMap { _ in points }, (0..<frames).flatMap { _ in normals })
    let seen = (0..<frames).flatMap { _ in [true, false] }
    try NumpyArchive.write(
      [
        ("points", NumpyArray(shape: [frames, 2, 3], elements: .float32(all))),
        ("normals", NumpyArray(shape: [frames, 2, 3], elements: .float32(up))),
        ("seen", NumpyArray(shape: [frames, 2], elements: .bool(seen))),
      ], to: truth.appendingPathComponent("points.npz"))
  }

  @Test func framesAreMatchedByTheLastNumberInTheirNames() throws {
    try writeTruth(frames: 0..<4)
    try writePlaces(frames: 4)
    // Heights 2, -3 and 4 mm: jitter is the mean of 5 and 7. Frame 3 has no mesh.
    for (frame, z) in [(0, 0.002), (1, -0.003), (2, 0.004)] as [(Int, Float)] {
      let writer: any MeshWriter = frame == 1 ? OBJWriter() : PLYWriter()
      let name = "take7_00\(frame).\(writer.fileExtension)"
      try writer.write(square(z: z), to: meshes.appendingPathComponent(name))
    }
    try Data().write(to: meshes.appendingPathComponent("sequence.json"))
    let outcome = try Evaluation(meshes: meshes, truth: truth, threads: 2).run()
    #expect(
      outcome.json
        == #"{"accuracy": 3.0000, "completeness": 3.0000, "chamfer": 3.0000, "f5": 1.0000, "#
        + #""f10": 1.0000, "normals": 1.0000, "offset": 1.0000, "chamferAll": 3.0000, "#
        + #""thin": null, "floaters": 0.0000, "watertight": 0.0000, "jitter": 6.0000, "#
        + #""frames": 3, "missing": 1, "places": true}"#
    )
    #expect(try Evaluation(meshes: meshes, truth: truth, threads: 1).run() == outcome)
    let half = try Evaluation(meshes: meshes, truth: truth, every: 2).run().figures
    #expect(half.frames == 2)
    #expect(half.missing == 0)
    #expect(half.jitter == nil)
  }

  @Test func truthWithoutPlacesIsSampled() throws {
    try writeTruth(frames: 3..<5)
    for frame in 3..<5 {
      try PLYWriter().write(
        square(z: 0.0075), to: meshes.appendingPathComponent("frame_00000\(frame).ply"))
    }
    let outcome = try Evaluation(meshes: meshes, truth: truth).run()
    let lines = outcome.table.split(separator: "\n")
    #expect(lines[0] == "accuracy        7.5000 mm  from the result to the truth")
    #expect(lines[3] == "f5              0.0000     F-score at 5 mm")
    #expect(lines[11] == "jitter               - mm  change at one place from frame to frame")
    #expect(
      lines[14]
        == "The truth has no points.npz: all places count as seen, and jitter is not measured.")
  }

  func refusal(every: Int = 1) -> String? {
    #expect(throws: CaptureError.self) {
      try Evaluation(meshes: meshes, truth: truth, every: every).run()
    }?.description
  }

  @Test func foldersWithoutACommonFrameAreRefused() throws {
    try writeTruth(frames: 0..<2)
    try PLYWriter().write(square(z: 0), to: meshes.appendingPathComponent("2.ply"))
    #expect(
      refusal() == "\(meshes.path): No frame is in both folders: 1 meshes, 2 true meshes. "
        + "Files are matched by the last number in their names, such as frame_000012.ply.")
    #expect(refusal(every: 0) == "--every: 0 is out of range. Choose a value of at least 1.")
  }

  @Test func aFolderThatIsMissingIsRefused() throws {
    try FileManager.default.removeItem(at: meshes)
    #expect(
      refusal()
        == "\(meshes.path): The folder cannot be read. Give a folder with one mesh a frame.")
  }

  @Test func aFrameThatIsThereTwiceIsRefused() throws {
    for name in ["a_1.ply", "b_01.ply"] {
      try PLYWriter().write(square(z: 0), to: truth.appendingPathComponent(name))
    }
    #expect(refusal() == "\(truth.path): Frame 1 is there twice: a_1.ply and b_01.ply.")
  }

  @Test func placesOfTooFewFramesAreRefused() throws {
    try writeTruth(frames: 0..<3)
    try writePlaces(frames: 2)
    try PLYWriter().write(square(z: 0), to: meshes.appendingPathComponent("2.ply"))
    #expect(
      refusal()
        == "\(truth.path)/points.npz: There are places of 2 frames, but a true mesh of frame 2."
    )
  }

  @Test func aMeshThatCannotBeReadIsNamed() throws {
    try writeTruth(frames: 0..<1)
    let url = meshes.appendingPathComponent("0.obj")
    try Data("f 1 2 3".utf8).write(to: url)
    #expect(
      refusal() == "\(url.path), line 1: A face refers to a vertex that is not above it.")
  }
}
