public import CaptureCore
public import Foundation

/// Reads meshes from Wavefront OBJ files: positions, vertex colours and faces.
///
/// Polygons become fans of triangles; texture coordinates, normals, materials and groups are
/// skipped. Vertex colours follow the position as three numbers 0...1, as many programs write them.
public enum OBJReader: MeshReader {
  /// The extension of its files.
  public static let fileExtension = "obj"

  /// Reads the bytes of a file.
  /// - Throws: ``CaptureError`` `badInput`, naming the line.
  public static func decode(_ data: Data) throws(CaptureError) -> TriangleMesh {
    var (mesh, line, rest) = (TriangleMesh(), 0, data[...])
    while !rest.isEmpty {
      let text = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest.dropFirst(text.count + 1)
      line += 1
      let first = text.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      guard first == UInt8(ascii: "v") || first == UInt8(ascii: "f") else { continue }
      do {
        try read(text, into: &mesh)
      } catch {
        throw error.within("line \(line)")
      }
    }
    guard mesh.colors.isEmpty || mesh.colors.count == mesh.positions.count else {
      throw CaptureError(.badInput, "Some vertices have a colour and others have none.")
    }
    return mesh
  }

  /// Longest line that is read, bytes.
  private static let lineLimit = 1 << 16

  private static func read(_ line: Data, into mesh: inout TriangleMesh) throws(CaptureError) {
    guard line.count <= lineLimit else {
      throw CaptureError(.limitExceeded, "The line is longer than \(lineLimit) bytes.")
    }
    let words = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
    guard let keyword = words.first, keyword.count == 1 else { return }
    if keyword.first == UInt8(ascii: "v") {
      try readVertex(words.dropFirst(), into: &mesh)
    } else {
      try readFace(words.dropFirst(), into: &mesh)
    }
  }

  private static func readVertex(
    _ words: ArraySlice<Data>, into mesh: inout TriangleMesh
  ) throws(CaptureError) {
    var values: [Float] = []
    for word in words {
      guard let value = Float(String(decoding: word, as: UTF8.self)), value.isFinite else {
        throw CaptureError(.badInput, "A vertex has a number that is not finite.")
      }
      values.append(value)
    }
    guard values.count >= 3 else {
      throw CaptureError(.badInput, "A vertex has fewer than three numbers.")
    }
    mesh.positions.append(SIMD3(values[0], values[1], values[2]))
    guard values.count >= 6 else { return }
    let color = SIMD3(values[3], values[4], values[5])
    guard color.min() >= 0, color.max() <= 1 else {
      throw CaptureError(.badInput, "A vertex has a colour beyond 0...1.")
    }
    mesh.colors.append(SIMD3<UInt8>(color * 255, rounding: .toNearestOrAwayFromZero))
  }

  private static func readFace(
    _ words: ArraySlice<Data>, into mesh: inout TriangleMesh
  ) throws(CaptureError) {
    var corners: [UInt32] = []
    for word in words {
      // A corner is v, v/vt, v//vn or v/vt/vn; negative numbers count back from the last vertex.
      let text = String(decoding: word.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
      guard let number = Int(text) else {
        throw CaptureError(.badInput, "A face has a corner that is no index.")
      }
      let count = mesh.positions.count
      guard number != 0, number >= -count, number <= count else {
        throw CaptureError(.badInput, "A face refers to a vertex that is not above it.")
      }
      corners.append(UInt32(number > 0 ? number - 1 : count + number))
    }
    guard corners.count >= 3 else {
      throw CaptureError(.badInput, "A face has fewer than three corners.")
    }
    for i in 2..<corners.count {
      mesh.triangles.append(SIMD3(corners[0], corners[i - 1], corners[i]))
    }
  }
}
