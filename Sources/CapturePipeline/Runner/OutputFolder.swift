internal import CaptureCore
public import Foundation

/// Where a run's files stand.
public struct OutputFolder: Sendable {
  /// The folder that `-o` names.
  public let url: URL

  /// A folder that may not exist yet.
  public init(_ url: URL) { self.url = url.standardizedFileURL }

  /// The effective configuration.
  public var configuration: URL { url.appendingPathComponent("config.json") }
  /// Input and result side by side.
  public var preview: URL { url.appendingPathComponent("preview.png") }
  /// Times and counts of the last run.
  public var report: URL { url.appendingPathComponent("report.json") }
  /// Folder of meshes between frames.
  var between: URL { url.appendingPathComponent("between") }
  /// Folder of a stage.
  public func folder(_ stage: StageName) -> URL { url.appendingPathComponent(stage.rawValue) }

  /// Removes what killed runs left half-written. Call with the lock held: then no writer is alive.
  func sweep() {
    for folder in [url, between] + StageName.allCases.map(folder) { Self.sweep(folder) }
  }

  /// Removes what killed writers left half-written in one folder.
  package static func sweep(_ folder: URL) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    where isTemporary(name) {
      unlink(folder.appendingPathComponent(name).path)
    }
  }

  /// `.<name>.<process>.tmp`, as ``AtomicFile`` makes them.
  private static func isTemporary(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return name.hasPrefix(".") && parts.count > 3 && parts.last == "tmp"
      && Int(parts[parts.count - 2]) != nil
  }

  /// Names of what a stage has left in its folder, besides the runner's own files.
  func results(of stage: StageName) -> [String] {
    names(in: folder(stage)).filter {
      !$0.hasPrefix(".") && $0 != StageManifest.fileName && $0 != StageClaim.fileName
    }
  }

  /// Names of everything in a folder, sorted; none where there is no folder.
  func names(in folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }
}

/// The inputs that a stage's unfinished files belong to: `OUT/<stage>/inputs.json`.
///
/// Written before a stage begins. A stage that finds its own inputs here goes on with what it finds;
/// any other leftovers are removed first.
struct StageClaim: Codable, Equatable {
  static let fileName = "inputs.json"

  var format = "fieldmesh-claim"
  var program = programVersion
  var inputs: [String: String]
}

extension OutputFolder {
  private func claim(on stage: StageName) -> StageClaim? {
    let url = folder(stage).appendingPathComponent(StageClaim.fileName)
    return (try? AtomicFile.read(url, limit: 64 << 20)).flatMap {
      try? JSONDecoder().decode(StageClaim.self, from: $0)
    }
  }

  /// Whether a stage's unfinished files belong to the given inputs.
  func isClaimed(_ stage: StageName, for inputs: [String: String]) -> Bool {
    claim(on: stage) == StageClaim(inputs: inputs)
  }

  /// Makes a stage's folder ready to work for the given inputs.
  /// - Throws: ``CaptureError`` `badInput` when the folder holds files of another program.
  func claim(_ stage: StageName, for inputs: [String: String]) throws(CaptureError) {
    let folder = folder(stage)
    try AtomicFile.makeFolder(folder)
    let url = folder.appendingPathComponent(StageClaim.fileName)
    let claim = StageClaim(inputs: inputs)
    let known = self.claim(on: stage)
    // The manifest goes first: what it vouches for is about to change.
    unlink(folder.appendingPathComponent(StageManifest.fileName).path)
    // So does the picture of meshes that are to change.
    if stage == .mesh { unlink(preview.path) }
    guard known != claim else { return }
    let names = names(in: folder)
    guard known?.format == claim.format || names.isEmpty else {
      throw CaptureError(
        .badInput, "The folder holds files that fieldmesh did not write.", at: folder.path,
        remedy: "Choose another output folder.")
    }
    for name in names where name != StageClaim.fileName {
      unlink(folder.appendingPathComponent(name).path)
    }
    try AtomicFile.writeJSON(claim, to: url)
  }
}
