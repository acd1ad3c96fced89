public import CaptureCore
public import Foundation

/// The table of contents of a folder of meshes, `sequence.json`.
public struct SequenceManifest: Codable, Equatable, Sendable {
  /// One mesh.
  public struct Frame: Codable, Equatable, Sendable {
    /// Number of the frame set in the take.
    public var index: Int
    /// Time of the frame, seconds on the rig's clock.
    public var time: Double
    /// Name of the file, in the manifest's folder.
    public var file: String
    /// Number of vertices and faces.
    public var vertices, faces: Int
    /// Share of the vertices that no camera saw; nil where that is not known.
    public var unseen: Double?
    /// Smallest box around the mesh, metres.
    public var bounds: BoundingBox
    /// SHA-256 of the file, 64 hexadecimal digits.
    public var sha256: String

    /// The entry of a mesh that was written.
    public init(index: Int, time: Double, file: String, mesh: TriangleMesh, sha256: String) {
      (self.index, self.time, self.file, self.sha256) = (index, time, file, sha256)
      (vertices, faces) = (mesh.positions.count, mesh.triangles.count)
      bounds = mesh.bounds
      if !mesh.confidence.isEmpty {
        unseen = Double(mesh.confidence.count { $0 == 0 }) / Double(mesh.confidence.count)
      }
    }
  }

  /// Name of the file in the folder of the meshes.
  public static let fileName = "sequence.json"

  /// Always `fieldmesh-sequence`.
  public private(set) var format = "fieldmesh-sequence"
  /// Version of this layout.
  public private(set) var version = 1
  /// Frames a second.
  public var framesPerSecond: Double
  /// Unit of all lengths.
  public private(set) var unit = "metre"
  /// Axes of the world.
  public private(set) var axes = "+y up, right-handed"
  /// Smallest box around all meshes; nil without any.
  public private(set) var bounds: BoundingBox?
  /// The meshes, by frame.
  public private(set) var frames: [Frame]
  /// Numbers of frames that have no mesh, ascending; nil where none is missing.
  public private(set) var missing: [Int]?

  /// The contents of a folder; the frames are put in order.
  public init(framesPerSecond: Double, frames: [Frame], missing: [Int] = []) {
    self.framesPerSecond = framesPerSecond
    self.missing = missing.isEmpty ? nil : missing.sorted()
    self.frames = frames.sorted { $0.index < $1.index }
    var all = BoundingBox.empty
    for frame in frames {
      all.include(frame.bounds.lower)
      all.include(frame.bounds.upper)
    }
    bounds = all.isEmpty ? nil : all
  }

  /// `frame_000012.ply` for frame 12: names that sort by frame.
  public static func meshName(frame: Int, fileExtension: String) -> String {
    "frame_\(frame.padded(to: 6)).\(fileExtension)"
  }

  /// Writes `sequence.json` into the folder.
  /// - Throws: ``CaptureError`` where it cannot be written.
  public func write(toFolder folder: URL) throws(CaptureError) {
    try AtomicFile.writeJSON(self, to: folder.appendingPathComponent(Self.fileName))
  }

  /// Reads `sequence.json` from the folder.
  /// - Throws: ``CaptureError`` `badInput` when it is missing, malformed, of another version, or
  ///   names a file outside the folder.
  public static func read(fromFolder folder: URL) throws(CaptureError) -> SequenceManifest {
    let url = folder.appendingPathComponent(fileName)
    let data = try AtomicFile.read(url, limit: 64 << 20)
    let manifest: SequenceManifest
    do {
      manifest = try JSONDecoder().decode(SequenceManifest.self, from: data)
    } catch {
      throw CaptureError(.badInput, "This is not a sequence manifest.", at: url.path)
    }
    guard manifest.format == "fieldmesh-sequence", manifest.version == 1 else {
      throw CaptureError(
        .badInput,
        "The manifest is `\(manifest.format)` version \(manifest.version); only "
          + "`fieldmesh-sequence` version 1 is read.", at: url.path)
    }
    for frame in manifest.frames where frame.file.contains("/") || frame.file.hasPrefix(".") {
      throw CaptureError(
        .badInput, "The manifest names `\(frame.file)`, which is not in its folder.", at: url.path)
    }
    return manifest
  }
}
