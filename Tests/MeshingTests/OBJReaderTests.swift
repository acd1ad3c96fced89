import CaptureCore
import Foundation
import MeshExport
import Testing

@Suite struct OBJReaderTests {
  private func message(_ text: String) -> String {
    do {
      _ = try OBJReader.decode(Data(text.utf8))
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test func whatIsWrittenReadsBack() throws {
    var expected = Samples.tetrahedron
    expected.normals = []
    #expect(try OBJReader.decode(OBJWriter().encode(Samples.tetrahedron)) == expected)
    #expect(try OBJReader.decode(OBJWriter().encode(Samples.bare)) == Samples.bare)
  }

  @Test func polygonsAndNumbersFromTheEndAreRead() throws {
    let text =
      "mtllib a.mtl\r\nv 0 0 0\r\nv 1 0 0\r\nv 1 1 0\r\nv 0 1 0 1\r\nvt 0 0\r\n"
      + "vn 0 0 1\r\ng one\r\n \tf 1/1/1 2//1 3/1 4\r\nf -4 -2 -1"
    let mesh = try OBJReader.decode(Data(text.utf8))
    #expect(mesh.positions.count == 4)
    #expect(mesh.colors.isEmpty)
    #expect(mesh.triangles == [SIMD3(0, 1, 2), SIMD3(0, 2, 3), SIMD3(0, 2, 3)])
  }

  @Test(arguments: [
    ("v 0 0\n", "line 1: A vertex has fewer than three numbers."),
    ("v 0 0 nan\n", "line 1: A vertex has a number that is not finite."),
    ("v 0 0 1e99\n", "line 1: A vertex has a number that is not finite."),
    ("v 0 0 x\n", "line 1: A vertex has a number that is not finite."),
    ("v 0 0 0 1 2 1\n", "line 1: A vertex has a colour beyond 0...1."),
    ("v 0 0 0 1 1 1\nv 0 0 0\n", "Some vertices have a colour and others have none."),
    ("v 0 0 0\n\nf 1 1\n", "line 3: A face has fewer than three corners."),
    ("v 0 0 0\nf 1 1 2\n", "line 2: A face refers to a vertex that is not above it."),
    ("v 0 0 0\nf 1 1 0\n", "line 2: A face refers to a vertex that is not above it."),
    ("v 0 0 0\nf 1 -2 1\n", "line 2: A face refers to a vertex that is not above it."),
    (
      "v 0 0 0\nf 1 1 -9223372036854775808\n",
      "line 2: A face refers to a vertex that is not above it."
    ),
    ("v 0 0 0\nf 1 1 /1\n", "line 2: A face has a corner that is no index."),
    ("f" + String(repeating: " 1", count: 40000), "line 1: The line is longer than 65536 bytes."),
  ])
  func whatMakesNoSenseIsRefused(_ text: String, _ expected: String) {
    #expect(message(text) == expected)
  }

  @Test func changedBytesNeverTrap() {
    let whole = OBJWriter().encode(Samples.tetrahedron)
    var random = SeededGenerator(seed: 5)
    for _ in 0..<2000 {
      var bytes = whole
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
      if let mesh = try? OBJReader.decode(bytes.prefix(Int.random(in: 0...400, using: &random))) {
        #expect(mesh.triangles.allSatisfy { Int($0.max()) < mesh.positions.count })
      }
    }
  }

  @Test func everyReaderReadsWhatTheWriterOfItsFormatWrites() throws {
    try withFolder { folder in
      for reader in BuiltinMeshReaders.all {
        let url = folder.appendingPathComponent("mesh.\(reader.fileExtension)")
        try BuiltinMeshWriters.named(reader.fileExtension).write(Samples.bare, to: url)
        #expect(try reader.read(url) == Samples.bare)
      }
    }
  }
}
