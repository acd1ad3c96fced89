import CaptureCore
import CaptureTestSupport
import Foundation
import MeshExport
import Testing

@Suite struct PLYReaderTests {
  static let ascii = """
    ply
    format ascii 1.0
    comment made by hand
    element vertex 4
    property double x
    property double y
    property double z
    property float quality
    property list uchar short notes
    element edge 1
    property int vertex1
    property int vertex2
    element face 2
    property uchar flags
    property list uchar uint vertex_index
    end_header
    0 0 0 0.5 0
    1 0 0 0.5 2 7 8
    1 1 0 0.5 0
    0 1 0 0.5 1 9
    0 1
    5 4 0 1 2 3
    6 3 0 2 3

    """

  private func message(_ data: Data) -> String {
    do {
      _ = try PLYReader.decode(data)
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test func whatIsWrittenReadsBack() throws {
    #expect(try PLYReader.decode(PLYWriter().encode(Samples.tetrahedron)) == Samples.tetrahedron)
    #expect(try PLYReader.decode(PLYWriter().encode(Samples.bare)) == Samples.bare)
    var sure = Samples.bare
    sure.confidence = [0, 0.25, 1, 3.5]
    #expect(try PLYReader.decode(PLYWriter().encode(sure)) == sure)
    sure.colors = Samples.tetrahedron.colors
    #expect(try PLYReader.decode(PLYWriter().encode(sure)) == sure)
  }

  @Test func textPolygonsAndUnknownPropertiesAreRead() throws {
    let mesh = try PLYReader.decode(Data(Self.ascii.utf8))
    #expect(mesh.positions[2] == SIMD3(1, 1, 0))
    #expect(mesh.normals.isEmpty && mesh.colors.isEmpty)
    #expect(mesh.triangles == [SIMD3(0, 1, 2), SIMD3(0, 2, 3), SIMD3(0, 2, 3)])
    let windows = Self.ascii.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try PLYReader.decode(Data(windows.utf8)) == mesh)
  }

  @Test func aFileWithoutElementsIsAnEmptyMesh() throws {
    let text =
      "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nproperty float y\n"
      + "property float z\nelement face 0\nproperty list uchar int vertex_indices\nend_header\n"
    #expect(try PLYReader.decode(Data(text.utf8)) == TriangleMesh())
  }

  @Test func everyTruncatedPrefixIsRefused() {
    for whole in [PLYWriter().encode(Samples.tetrahedron), Data(Self.ascii.utf8)] {
      for length in 0..<whole.count {
        #expect(throws: CaptureError.self, "\(length) bytes") {
          try PLYReader.decode(whole.prefix(length))
        }
      }
    }
  }

  @Test func extraBytesAreRefused() {
    #expect(
      message(PLYWriter().encode(Samples.bare) + Data([0]))
        == "The PLY file goes on after its last element.")
    #expect(
      message(Data((Self.ascii + "1\n").utf8)) == "The PLY file goes on after its last element.")
  }

  @Test func hugeCountsAreRefusedBeforeMemoryIsTaken() {
    for (old, new) in [
      ("vertex 4", "vertex 4000000000000"), ("face 4", "face 9223372036854775807"),
    ] {
      let whole = PLYWriter().encode(Samples.tetrahedron)
      let text = String(decoding: whole, as: Unicode.ASCII.self)
      #expect(text.contains(old))
      let parts = whole.split(separator: Data(old.utf8))
      let data = parts[0] + Data(new.utf8) + parts[1]
      let name = new.split(separator: " ")
      #expect(
        message(data)
          == "The header declares \(name[1]) elements `\(name[0])`, more than the file holds.")
    }
    let empty = "ply\nformat ascii 1.0\nelement thing 999999999999\nend_header\n"
    #expect(
      message(Data(empty.utf8))
        == "The header declares 999999999999 elements `thing`, more than the file holds.")
    for corners in ["1e300", "4294967296", "-1", "2.5", "nan"] {
      let text = Self.ascii.replacingOccurrences(of: "6 3 0 2 3", with: "6 \(corners) 0 2 3")
      #expect(
        message(Data(text.utf8)) == "A list in the PLY file has a length that makes no sense.")
    }
  }

  @Test func errorsSayWhatIsWrong() {
    func changed(_ old: String, _ new: String) -> String {
      message(Data(Self.ascii.replacingOccurrences(of: old, with: new).utf8))
    }
    #expect(message(Data("solid cube\n".utf8)) == "This is not a PLY file.")
    #expect(message(Data()) == "This is not a PLY file.")
    #expect(
      changed("format ascii", "format binary_big_endian")
        == "PLY files of format `binary_big_endian` are not read. Convert it to binary_little_endian or ascii."
    )
    #expect(changed("format ascii 1.0\n", "") == "The PLY header has no format line.")
    #expect(
      changed("property uchar flags", "property quux flags")
        == "The PLY header has a line that makes no sense: `property quux flags`.")
    #expect(changed("property double z", "property double w").contains("lack x, y or z"))
    #expect(changed("vertex_index", "corners") == "The PLY file's faces have no list of vertices.")
    #expect(changed("6 3 0 2 3", "6 3 0 2 4") == "A face refers to a vertex beyond the file's 4.")
    #expect(changed("6 3 0 2 3", "6 3 0 2 -1") == "A face has a corner that is no index.")
    #expect(changed("6 3 0 2 3", "6 2 0 2") == "A face has fewer than three corners.")
    #expect(changed("1 1 0 0.5", "1 one 0 0.5").contains("`one` where a number belongs"))
    #expect(changed("1 1 0 0.5", "1 inf 0 0.5") == "A vertex has a number that is not finite.")
  }

  @Test func aBrokenFileIsNamed() throws {
    try withFolder { folder in
      let url = folder.appendingPathComponent("a.ply")
      try Data("ply\n".utf8).write(to: url)
      let error = #expect(throws: CaptureError.self) { try PLYReader.read(url) }
      #expect(error?.description == "\(url.path): The PLY header does not end.")
    }
  }

  @Test func mutatedFilesGiveAMeshOrAnError() {
    var random = SeededGenerator(seed: 11)
    for whole in [PLYWriter().encode(Samples.tetrahedron), Data(Self.ascii.utf8)] {
      for _ in 0..<2_000 {
        var data = whole
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          data[Int.random(in: 0..<data.count, using: &random)] = .random(
            in: 0...255, using: &random)
        }
        if let mesh = try? PLYReader.decode(data) {
          #expect(mesh.triangles.allSatisfy { Int($0.max()) < mesh.positions.count })
        }
      }
    }
  }
}
