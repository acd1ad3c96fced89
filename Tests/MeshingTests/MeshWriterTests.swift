import CaptureCore
import CaptureTestSupport
import Foundation
import MeshExport
import Testing

/// A small closed mesh with everything that files can hold.
enum Samples {
  static let tetrahedron = TriangleMesh(
    positions: [SIMD3(0, 0, 0), SIMD3(1, 0, 0), SIMD3(0, 0.5, 0), SIMD3(0, 0, -0.25)],
    normals: [SIMD3(0, 0, 1), SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, -1)],
    colors: [SIMD3(0, 128, 255), SIMD3(1, 2, 3), SIMD3(255, 255, 255), SIMD3(10, 20, 30)],
    triangles: [SIMD3(0, 1, 2), SIMD3(0, 2, 3), SIMD3(0, 3, 1), SIMD3(1, 3, 2)])

  static var bare: TriangleMesh {
    TriangleMesh(positions: tetrahedron.positions, triangles: tetrahedron.triangles)
  }
}

/// Runs the body with an empty folder.
func withFolder(_ body: (URL) throws -> Void) throws { try body(Scratch.folder()) }

@Suite struct MeshWriterTests {
  static let formats = BuiltinMeshWriters.all.map(\.fileExtension)

  /// SHA-256 of the tetrahedron's file in each format: any change of a byte is a change of format.
  static let goldens = [
    "ply": "0078eaf7ce03be99230e11b9c0a326c89cbf8c592cd3f71c834ec093d43edb30",
    "obj": "b934ed9337f3c4e0728fe2f127d4f87f489d434c727925824a83c57fa05f462e",
  ]

  @Test(arguments: formats) func theBytesOfATetrahedronStay(_ format: String) throws {
    let writer = try BuiltinMeshWriters.named(format)
    #expect(SHA256.hexDigest(of: writer.encode(Samples.tetrahedron)) == Self.goldens[format])
  }

  @Test func aPLYFileIsLaidOutAsItsHeaderSays() {
    let data = PLYWriter().encode(Samples.tetrahedron)
    let header = """
      ply
      format binary_little_endian 1.0
      comment world metres, +y up
      element vertex 4
      property float x
      property float y
      property float z
      property float nx
      property float ny
      property float nz
      property uchar red
      property uchar green
      property uchar blue
      element face 4
      property list uchar int vertex_indices
      end_header

      """
    #expect(data.starts(with: Data(header.utf8)))
    #expect(data.count == header.utf8.count + 4 * 27 + 4 * 13)
    // The last face, (1, 3, 2).
    #expect(data.suffix(13) == Data([3, 1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]))
  }

  @Test func anOBJFileReadsAsExpected() {
    let text = String(decoding: OBJWriter().encode(Samples.tetrahedron), as: UTF8.self)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 1 + 4 + 4 + 4)
    #expect(lines[1] == "v 0.0 0.0 0.0 0.0 0.5019608 1.0")
    #expect(lines[5] == "vn 0.0 0.0 1.0")
    #expect(lines[12] == "f 2//2 4//4 3//3")
    let bare = String(decoding: OBJWriter().encode(Samples.bare), as: UTF8.self)
    #expect(bare.split(separator: "\n")[1...].first == "v 0.0 0.0 0.0")
    #expect(bare.hasSuffix("f 2 4 3\n"))
  }

  @Test func anOBJFileReadsBackBitForBit() {
    var random = SeededGenerator(seed: 3)
    var mesh = Samples.bare
    mesh.positions = (0..<300).map { _ in
      SIMD3(
        .random(in: -2...2, using: &random), .random(in: -1e-6...1e-6, using: &random),
        .random(in: -3e5...3e5, using: &random))
    }
    let text = String(decoding: OBJWriter().encode(mesh), as: UTF8.self)
    let read = text.split(separator: "\n").filter { $0.hasPrefix("v ") }.map {
      let words = $0.split(separator: " ").dropFirst().map { Float($0) ?? .nan }
      return SIMD3(words[0], words[1], words[2])
    }
    #expect(read == mesh.positions)
  }

  @Test(arguments: formats) func aFileHasTheHashThatWritingReturns(_ format: String) throws {
    let writer = try BuiltinMeshWriters.named(format)
    try withFolder { folder in
      let url = folder.appendingPathComponent(
        SequenceManifest.meshName(frame: 7, fileExtension: format))
      let hash = try writer.write(Samples.tetrahedron, to: url)
      #expect(url.lastPathComponent == "frame_000007.\(format)")
      #expect(hash == (try SHA256.hexDigest(ofFile: url)))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
    }
  }

  @Test(arguments: formats) func anEmptyMeshIsRefused(_ format: String) throws {
    let writer = try BuiltinMeshWriters.named(format)
    let url = URL(fileURLWithPath: "/nowhere/a.\(format)")
    let error = #expect(throws: CaptureError.self) { try writer.write(TriangleMesh(), to: url) }
    #expect(error?.description == "/nowhere/a.\(format): The mesh is empty.")
  }

  @Test(arguments: formats) func anInconsistentMeshIsRefused(_ format: String) throws {
    let writer = try BuiltinMeshWriters.named(format)
    let url = URL(fileURLWithPath: "/nowhere/a")
    var mesh = Samples.tetrahedron
    mesh.colors.removeLast()
    var error = #expect(throws: CaptureError.self) { try writer.write(mesh, to: url) }
    #expect(
      error?.description == "/nowhere/a: A mesh of 4 vertices has 4 normals, 3 colours "
        + "and 0 confidences.")
    mesh = Samples.bare
    mesh.triangles[2].y = 4
    error = #expect(throws: CaptureError.self) { try writer.write(mesh, to: url) }
    #expect(
      error?.description == "/nowhere/a: A face refers to a vertex beyond the mesh's 4.")
    mesh = Samples.bare
    mesh.positions[1].y = .nan
    error = #expect(throws: CaptureError.self) { try writer.write(mesh, to: url) }
    #expect(
      error?.description == "/nowhere/a: A vertex has a coordinate that is not finite.")
  }

  @Test(arguments: formats) func aFolderThatCannotBeWrittenIsNamed(_ format: String) throws {
    let writer = try BuiltinMeshWriters.named(format)
    // A file in the folder's place fails for every user; permissions do not stop root.
    try withFolder { folder in
      let file = folder.appendingPathComponent("file")
      try Data().write(to: file)
      let url = file.appendingPathComponent("a.\(format)")
      let error = #expect(throws: CaptureError.self) {
        try writer.write(Samples.tetrahedron, to: url)
      }
      #expect(
        error?.description
          == "\(url.path): Writing failed: Not a directory. Choose an output folder that can be written."
      )
    }
  }

  @Test func anUnknownFormatListsTheKnownOnes() {
    let error = #expect(throws: CaptureError.self) { try BuiltinMeshWriters.named("stl") }
    #expect(error?.code == .usage)
    #expect(
      error?.description == "There is no mesh format `stl`. Choose one of: ply, obj.")
  }
}

@Suite struct SequenceManifestTests {
  @Test func theManifestReadsBackAndHasWhatItPromises() throws {
    let frames = [2, 0, 1].map {
      SequenceManifest.Frame(
        index: $0, time: Double($0) / 30,
        file: SequenceManifest.meshName(frame: $0, fileExtension: "ply"),
        mesh: Samples.tetrahedron, sha256: SHA256.hexDigest(of: Data([UInt8($0)])))
    }
    let manifest = SequenceManifest(framesPerSecond: 30, frames: frames)
    #expect(manifest.frames.map(\.index) == [0, 1, 2])
    #expect(manifest.bounds == Samples.tetrahedron.bounds)
    try withFolder { folder in
      try manifest.write(toFolder: folder)
      #expect(try SequenceManifest.read(fromFolder: folder) == manifest)
      let text = try String(
        contentsOf: folder.appendingPathComponent("sequence.json"), encoding: .utf8)
      for part in [
        #""format" : "fieldmesh-sequence""#, #""version" : 1"#, #""framesPerSecond" : 30"#,
        #""unit" : "metre""#, #""axes" : "+y up, right-handed""#, #""file" : "frame_000002.ply""#,
        #""vertices" : 4"#, #""faces" : 4"#, #""sha256" : "#,
      ] { #expect(text.contains(part), "\(part)") }
      #expect(!text.contains("missing"))
      let gaps = SequenceManifest(framesPerSecond: 30, frames: frames, missing: [4, 3])
      try gaps.write(toFolder: folder)
      #expect(try SequenceManifest.read(fromFolder: folder).missing == [3, 4])
    }
  }

  @Test func foreignManifestsAreRefused() throws {
    let manifest = SequenceManifest(
      framesPerSecond: 30,
      frames: [
        SequenceManifest.Frame(
          index: 0, time: 0, file: "../a.ply", mesh: Samples.bare, sha256: "")
      ])
    try withFolder { folder in
      let url = folder.appendingPathComponent("sequence.json")
      try manifest.write(toFolder: folder)
      func message() -> String? {
        (#expect(throws: CaptureError.self) { try SequenceManifest.read(fromFolder: folder) })?
          .description
      }
      #expect(
        message() == "\(url.path): The manifest names `../a.ply`, which is not in its folder.")
      try Data("{}".utf8).write(to: url)
      #expect(message() == "\(url.path): This is not a sequence manifest.")
    }
  }

  @Test func longNumbersKeepAllTheirDigits() {
    #expect(SequenceManifest.meshName(frame: 0, fileExtension: "ply") == "frame_000000.ply")
    #expect(
      SequenceManifest.meshName(frame: 1_234_567, fileExtension: "obj") == "frame_1234567.obj")
  }
}
