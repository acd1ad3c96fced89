public import CaptureCore
public import Foundation

/// Wavefront OBJ as text, with colours behind the positions: `v x y z r g b`, each 0...1.
///
/// Numbers have as many digits as it takes to read the same float back.
public struct OBJWriter: MeshWriter {
  /// A writer; it has no settings.
  public init() {}

  /// `obj`.
  public var fileExtension: String { "obj" }

  /// The bytes of an OBJ file.
  public func encode(_ mesh: TriangleMesh) -> Data {
    var text = "# world metres, +y up\n"
    text.reserveCapacity(80 * mesh.positions.count + 40 * mesh.triangles.count)
    let levels = (0...255).map { " \(Float($0) / 255)" }
    for (i, p) in mesh.positions.enumerated() {
      text += "v \(p.x) \(p.y) \(p.z)"
      if !mesh.colors.isEmpty {
        let c = mesh.colors[i]
        text += levels[Int(c.x)] + levels[Int(c.y)] + levels[Int(c.z)]
      }
      text += "\n"
    }
    for n in mesh.normals { text += "vn \(n.x) \(n.y) \(n.z)\n" }
    for t in mesh.triangles {
      // OBJ counts from 1.
      let (a, b, c) = (t.x + 1, t.y + 1, t.z + 1)
      text += mesh.normals.isEmpty ? "f \(a) \(b) \(c)\n" : "f \(a)//\(a) \(b)//\(b) \(c)//\(c)\n"
    }
    return Data(text.utf8)
  }
}
