package import CaptureCore
public import Foundation

/// What a stage was given and what it left: `OUT/<stage>/manifest.json`.
///
/// A stage whose manifest has the inputs of today, and whose outputs are there in the sizes that the
/// manifest says, need not run again.
public struct StageManifest: Codable, Equatable, Sendable {
  /// One file that the stage wrote.
  public struct Output: Codable, Equatable, Sendable {
    /// Name in the stage's folder.
    public var file: String
    /// Size of the file.
    public var bytes: Int
  }

  /// Name of the file in the stage's folder.
  public static let fileName = "manifest.json"

  /// Always `fieldmesh-stage`.
  public private(set) var format = "fieldmesh-stage"
  /// Version of this layout.
  public private(set) var version = 1
  /// The stage.
  public var stage: StageName
  /// Version of the program.
  public var program = programVersion
  /// SHA-256 of everything that the result depends on, by what it is.
  public var inputs: [String: String]
  /// The files that the stage left.
  public var outputs: [Output]
  /// What was done, for the table at the end: `24 meshes, 1.2 M faces`.
  public var summary: String
  /// Sentences that the user should read.
  public var warnings: [String]
  /// Images and frames that could not be used, each with the reason.
  public var skipped: [String]
  /// How long the stage ran, the last time that it had to.
  public var seconds: Double
  /// Most memory that the process had held when the stage ended, bytes; absent where older versions ran it.
  public var peakMemory: Int?
  /// When the stage ended, ISO 8601.
  public var finished: String

  /// A hash of inputs and outputs without times: what later stages depend on.
  public var fingerprint: String {
    var hash = SHA256()
    hash.update(Data("\(format) \(version) \(stage.rawValue) \(program)\n".utf8))
    for (name, value) in inputs.sorted(by: { $0.key < $1.key }) {
      hash.update(Data("\(name) \(value)\n".utf8))
    }
    for output in outputs { hash.update(Data("\(output.file) \(output.bytes)\n".utf8)) }
    return hash.hexDigest()
  }

  /// The manifest in a stage's folder; nil when there is none or it is of another make.
  public static func find(in folder: URL) -> StageManifest? {
    guard let data = try? AtomicFile.read(folder.appendingPathComponent(fileName), limit: 64 << 20),
      let manifest = try? JSONDecoder().decode(StageManifest.self, from: data),
      manifest.format == "fieldmesh-stage", manifest.version == 1
    else { return nil }
    return manifest
  }

  /// Whether there is a manifest in a stage's folder, of any make: a look that costs next to nothing.
  package static func isThere(in folder: URL) -> Bool {
    AtomicFile.size(of: folder.appendingPathComponent(fileName)) != nil
  }

  /// Whether the stage's outputs are those of this program for these inputs.
  func isCurrent(for inputs: [String: String], in folder: URL) -> Bool {
    program == programVersion && self.inputs == inputs
      && outputs.allSatisfy {
        AtomicFile.size(of: folder.appendingPathComponent($0.file)) == $0.bytes
      }
  }
}

/// Version of the program, as `--version` prints it and manifests keep it.
public let programVersion = "0.5.7"

/// Reads a value that `AtomicFile.writeJSON` wrote.
/// - Throws: ``CaptureError`` `badInput` when the file is missing or malformed.
package func readJSON<Value: Decodable>(
  _ type: Value.Type, from url: URL, remedy: String
) throws(CaptureError) -> Value {
  let data = try AtomicFile.read(url, limit: 256 << 20)
  do {
    return try JSONDecoder().decode(Value.self, from: data)
  } catch {
    throw CaptureError(
      .badInput, "The file is not what this program wrote.", at: url.path, remedy: remedy)
  }
}
