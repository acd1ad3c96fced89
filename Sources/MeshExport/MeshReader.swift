public import CaptureCore
public import Foundation

/// A file format that meshes are read from.
public struct MeshReader: Sendable {
  /// The extension of its files, in lower case.
  public var fileExtension: String
  /// Reads one file.
  public var read: @Sendable (URL) throws(CaptureError) -> TriangleMesh

  /// A reader of the files with the extension.
  public init(
    _ fileExtension: String, _ read: @escaping @Sendable (URL) throws(CaptureError) -> TriangleMesh
  ) {
    (self.fileExtension, self.read) = (fileExtension, read)
  }
}

/// Every format that meshes are read from: adding one is a line here.
public enum BuiltinMeshReaders {
  /// The readers; where a folder has a mesh in two formats, the earlier is taken.
  public static let all: [MeshReader] = [
    MeshReader("ply", { url throws(CaptureError) in try PLYReader.read(url) }),
    MeshReader("obj", { url throws(CaptureError) in try OBJReader.read(url) }),
  ]
}
