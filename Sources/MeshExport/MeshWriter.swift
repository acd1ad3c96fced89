public import CaptureCore
public import Foundation

/// A file format that meshes leave the program in.
public protocol MeshWriter: Sendable {
  /// What `--format` calls it, and the ending of its files, without the dot.
  var fileExtension: String { get }
  /// The bytes of a file with this mesh; normals, colours and confidence are written when the mesh has them and the format a
  /// place for them.
  ///
  /// The mesh has been checked: at least one face, counts that agree, indices in range, finite
  /// positions.
  func encode(_ mesh: TriangleMesh) -> Data
}

extension MeshWriter {
  /// Writes the mesh as a whole file, or leaves what was there.
  ///
  /// - Returns: The SHA-256 of the file, as manifests have it.
  /// - Throws: ``CaptureError`` `badInput` for an empty mesh and where the folder cannot be written,
  ///   `sizeMismatch` for one whose parts do not fit each other; `tryAgain` when the disk is full.
  @discardableResult
  public func write(_ mesh: TriangleMesh, to url: URL) throws(CaptureError) -> String {
    try Self.check(mesh, url)
    let data = encode(mesh)
    try AtomicFile.write(data, to: url)
    return SHA256.hexDigest(of: data)
  }

  private static func check(_ mesh: TriangleMesh, _ url: URL) throws(CaptureError) {
    let count = mesh.positions.count
    guard !mesh.triangles.isEmpty else {
      throw CaptureError(.badInput, "The mesh is empty.", at: url.path)
    }
    guard mesh.normals.isEmpty || mesh.normals.count == count,
      mesh.colors.isEmpty || mesh.colors.count == count,
      mesh.confidence.isEmpty || mesh.confidence.count == count
    else {
      throw CaptureError(
        .sizeMismatch,
        "A mesh of \(count) vertices has \(mesh.normals.count) normals, \(mesh.colors.count) colours "
          + "and \(mesh.confidence.count) confidences.", at: url.path)
    }
    guard count <= Int(Int32.max), mesh.triangles.allSatisfy({ Int($0.max()) < count }) else {
      throw CaptureError(
        .badInput, "A face refers to a vertex beyond the mesh's \(count).", at: url.path)
    }
    guard mesh.positions.allSatisfy({ $0.x.isFinite && $0.y.isFinite && $0.z.isFinite }) else {
      throw CaptureError(.badInput, "A vertex has a coordinate that is not finite.", at: url.path)
    }
  }
}

/// Every format that meshes can be written in; one line adds one.
public enum BuiltinMeshWriters {
  /// The formats, the default first.
  public static let all: [any MeshWriter] = [PLYWriter(), OBJWriter()]

  /// The format of a name.
  /// - Throws: ``CaptureError`` `usage`, listing the names there are.
  public static func named(_ name: String) throws(CaptureError) -> any MeshWriter {
    guard let writer = all.first(where: { $0.fileExtension == name.lowercased() }) else {
      let names = all.map(\.fileExtension).joined(separator: ", ")
      throw CaptureError(
        .usage, "There is no mesh format `\(name)`.", remedy: "Choose one of: \(names).")
    }
    return writer
  }
}
