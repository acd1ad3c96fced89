internal import CaptureCore
internal import Foundation
internal import MeshExport

/// A mesh of a folder that holds one a frame.
struct MeshFile: Sendable {
  var url: URL
  var reader: any MeshReader.Type

  func read() throws(CaptureError) -> TriangleMesh { try reader.read(url) }

  /// The meshes of a folder by the last number in their names.
  static func files(in folder: URL) throws(CaptureError) -> [Int: MeshFile] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw CaptureError(
        .badInput, "The folder cannot be read.", at: folder.path,
        remedy: "Give a folder with one mesh a frame.")
    }
    var files: [Int: MeshFile] = [:]
    for reader in BuiltinMeshReaders.all {
      var found: [Int: MeshFile] = [:]
      for name in names where name.lowercased().hasSuffix("." + reader.fileExtension) {
        guard let number = number(in: name) else { continue }
        let file = MeshFile(url: folder.appendingPathComponent(name), reader: reader)
        if let other = found.updateValue(file, forKey: number) {
          throw CaptureError(
            .badInput,
            "Frame \(number) is there twice: \(other.url.lastPathComponent) and \(name).",
            at: folder.path)
        }
      }
      files.merge(found) { earlier, _ in earlier }
    }
    return files
  }

  /// The last run of digits in a name.
  private static func number(in name: String) -> Int? {
    let digits = name.utf8.reversed().drop { !(0x30...0x39).contains($0) }
      .prefix { (0x30...0x39).contains($0) }
    return Int(String(decoding: digits.reversed(), as: UTF8.self))
  }
}
