public import CaptureCore
public import Foundation

/// A file format that meshes are read from.
public protocol MeshReader: Sendable {
  /// The extension of its files, in lower case.
  static var fileExtension: String { get }
  /// Reads the bytes of a file.
  /// - Throws: ``CaptureError`` `badInput` or `limitExceeded`, naming the place in the file.
  static func decode(_ data: Data) throws(CaptureError) -> TriangleMesh
}

extension MeshReader {
  /// Reads a file.
  /// - Throws: ``CaptureError`` `badInput` or `limitExceeded`, naming the file.
  public static func read(_ url: URL) throws(CaptureError) -> TriangleMesh {
    let data = try AtomicFile.read(url, limit: BuiltinMeshReaders.limit)
    do {
      return try decode(data)
    } catch {
      throw error.within(url.path)
    }
  }
}

/// Every format that meshes are read from: adding one is a line here.
public enum BuiltinMeshReaders {
  /// Largest file that is read, bytes.
  public static let limit = 1 << 31

  /// The readers; where a folder has a mesh in two formats, the earlier is taken.
  public static let all: [any MeshReader.Type] = [PLYReader.self, OBJReader.self]
}
