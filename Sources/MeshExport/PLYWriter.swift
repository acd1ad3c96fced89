public import CaptureCore
public import Foundation

/// Binary little-endian PLY: float positions, normals and confidence, uchar colours, int indices.
public struct PLYWriter: MeshWriter {
  /// A writer; it has no settings.
  public init() {}

  /// `ply`.
  public var fileExtension: String { "ply" }

  /// The bytes of a PLY file.
  public func encode(_ mesh: TriangleMesh) -> Data {
    let (normals, colors) = (!mesh.normals.isEmpty, !mesh.colors.isEmpty)
    let confidence = !mesh.confidence.isEmpty
    let header = Data(Self.header(mesh).utf8)
    let stride = 12 + (normals ? 12 : 0) + (colors ? 3 : 0) + (confidence ? 4 : 0)
    var data = Data(
      count: header.count + stride * mesh.positions.count + 13 * mesh.triangles.count)
    data.withUnsafeMutableBytes { bytes in
      bytes.copyBytes(from: header)
      var at = header.count
      func put(_ value: Float) {
        bytes.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: at, as: UInt32.self)
        at += 4
      }
      func put(_ v: SIMD3<Float>) { for axis in 0..<3 { put(v[axis]) } }
      for i in mesh.positions.indices {
        put(mesh.positions[i])
        if normals { put(mesh.normals[i]) }
        if colors {
          for axis in 0..<3 { bytes[at + axis] = mesh.colors[i][axis] }
          at += 3
        }
        if confidence { put(mesh.confidence[i]) }
      }
      for triangle in mesh.triangles {
        bytes[at] = 3
        at += 1
        for corner in 0..<3 {
          bytes.storeBytes(of: triangle[corner].littleEndian, toByteOffset: at, as: UInt32.self)
          at += 4
        }
      }
    }
    return data
  }

  private static func header(_ mesh: TriangleMesh) -> String {
    var lines = ["ply", "format binary_little_endian 1.0", "comment world metres, +y up"]
    lines.append("element vertex \(mesh.positions.count)")
    lines += ["x", "y", "z"].map { "property float \($0)" }
    if !mesh.normals.isEmpty { lines += ["nx", "ny", "nz"].map { "property float \($0)" } }
    if !mesh.colors.isEmpty { lines += ["red", "green", "blue"].map { "property uchar \($0)" } }
    if !mesh.confidence.isEmpty { lines.append("property float confidence") }
    lines.append("element face \(mesh.triangles.count)")
    lines += ["property list uchar int vertex_indices", "end_header", ""]
    return lines.joined(separator: "\n")
  }
}
