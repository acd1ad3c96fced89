internal import CaptureCore
internal import Foundation
internal import MeshExport

/// What one frame's mesh was made from, beside it: `OUT/mesh/frame_000012.json`.
///
/// A mesh counts as done when its record is there, names the same inputs, and the file has the size
/// that the record says. The record is written last.
struct MeshRecord: Codable, Sendable {
  /// Hash of everything the mesh depends on.
  var inputs: String
  /// Number of the frame set in the take.
  var number: Int
  /// The mesh; nil when the frame has none.
  var mesh: SequenceManifest.Frame?
  /// Size of the mesh's file.
  var bytes: Int?
  /// Why there is no mesh.
  var failure: String?
  /// What the user should know of the mesh; absent where that is nothing.
  var warnings: [String]?

  static func fileName(_ number: Int) -> String {
    SequenceManifest.meshName(frame: number, fileExtension: "json")
  }

  /// Where a frame's mesh and record stand.
  struct File {
    let folder: URL
    let number: Int
    let inputs: String

    private var record: URL { folder.appendingPathComponent(MeshRecord.fileName(number)) }
    private var meshName: String {
      SequenceManifest.meshName(frame: number, fileExtension: PLYWriter().fileExtension)
    }

    /// The record of an earlier run, if it is of these inputs and its mesh is whole.
    func standing() -> MeshRecord? {
      guard let known = try? readJSON(MeshRecord.self, from: record, remedy: ""),
        known.inputs == inputs
      else { return nil }
      if known.failure != nil { return known }
      guard let mesh = known.mesh, mesh.file == meshName,
        AtomicFile.size(of: folder.appendingPathComponent(meshName)) == known.bytes
      else { return nil }
      return known
    }

    func write(
      _ mesh: TriangleMesh, time: Double, warnings: [String]
    ) throws(CaptureError) -> MeshRecord {
      let url = folder.appendingPathComponent(meshName)
      let sha256 = try PLYWriter().write(mesh, to: url)
      let entry = SequenceManifest.Frame(
        index: number, time: time, file: meshName, mesh: mesh, sha256: sha256)
      let result = MeshRecord(
        inputs: inputs, number: number, mesh: entry, bytes: AtomicFile.size(of: url), failure: nil,
        warnings: warnings.isEmpty ? nil : warnings)
      try AtomicFile.writeJSON(result, to: record)
      return result
    }

    func write(failure: CaptureError) throws(CaptureError) -> MeshRecord {
      let result = MeshRecord(
        inputs: inputs, number: number, mesh: nil, bytes: nil, failure: failure.description)
      try AtomicFile.writeJSON(result, to: record)
      return result
    }
  }

  /// The records of all frames of a finished mesh stage.
  static func all(
    in output: OutputFolder, frames: [FrameList.Frame]
  ) throws(CaptureError) -> [MeshRecord] {
    let folder = output.folder(.mesh)
    return try frames.map { frame throws(CaptureError) in
      try readJSON(
        MeshRecord.self, from: folder.appendingPathComponent(fileName(frame.number)),
        remedy: "Run 'fieldmesh mesh' again.")
    }
  }
}
