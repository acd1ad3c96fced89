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

  /// Names of what a stage has left in its folder, finished or not.
  func results(of stage: StageName) -> [String] {
    names(in: folder(stage)).filter(stage.makes)
  }

  /// Whether `config.json` is there and nothing that a run has left: a configuration names the stages.
  var hasForeignConfiguration: Bool {
    guard access(configuration.path, F_OK) == 0 else { return false }
    let known = (try? AtomicFile.read(configuration, limit: 1 << 20)).flatMap {
      try? JSONValue(parsing: $0)
    }
    return !["method", "observations", "training", "meshing", "export"].allSatisfy {
      known?[[$0]] != nil
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
  static let formatName = "fieldmesh-claim"

  var format = Self.formatName
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

  /// Refuses a stage's folder that holds files of another program.
  /// - Throws: ``CaptureError`` `badInput`.
  func check(_ stage: StageName) throws(CaptureError) {
    guard claim(on: stage)?.format != StageClaim.formatName else { return }
    let folder = folder(stage)
    guard names(in: folder).isEmpty else {
      throw CaptureError(
        .badInput, "The folder holds files that fieldmesh did not write.", at: folder.path,
        remedy: "Choose another output folder.")
    }
  }

  /// Makes a stage's folder ready to work for the given inputs.
  ///
  /// What the stage has left for other inputs goes, by the names that it gives; whatever else is in the
  /// folder stays. A finished training steps aside instead, see ``restore(_:for:)``.
  /// - Throws: ``CaptureError`` `badInput` when the folder holds files of another program.
  func claim(_ stage: StageName, for inputs: [String: String]) throws(CaptureError) {
    try check(stage)
    let folder = folder(stage)
    try AtomicFile.makeFolder(folder)
    let isKnown = isClaimed(stage, for: inputs)
    if stage == .train, !isKnown { try setAsideTraining() }
    // The manifest goes first: what it vouches for is about to change.
    unlink(folder.appendingPathComponent(StageManifest.fileName).path)
    // So does the picture of meshes that are to change.
    if stage == .mesh { unlink(preview.path) }
    guard !isKnown else { return }
    removeResults(of: stage)
    try write(StageClaim(inputs: inputs), of: stage)
  }

  private func write(_ claim: StageClaim, of stage: StageName) throws(CaptureError) {
    try AtomicFile.writeJSON(
      claim, to: folder(stage).appendingPathComponent(StageClaim.fileName))
  }

  private func removeResults(of stage: StageName) {
    for name in results(of: stage) { unlink(folder(stage).appendingPathComponent(name).path) }
  }
}

/// A training takes hours, its fields little room: what it has left goes only once other settings have
/// left something in its place. Until then it stands in `OUT/train/earlier`.
extension OutputFolder {
  private var earlier: URL { folder(.train).appendingPathComponent("earlier") }

  /// Puts a finished training aside, the one before it goes.
  private func setAsideTraining() throws(CaptureError) {
    let folder = folder(.train)
    guard let manifest = StageManifest.find(in: folder),
      manifest.isCurrent(for: manifest.inputs, in: folder)
    else { return }
    removeEarlierTraining()
    try AtomicFile.makeFolder(earlier)
    // First the manifest: until the rest has followed, the stage goes on with what is left as its own.
    for name in [StageManifest.fileName] + manifest.outputs.map(\.file) {
      try move(name, from: folder, to: earlier)
    }
  }

  /// Puts back a training that stepped aside for one that did not end, if it is of these inputs.
  /// - Returns: Its manifest; nil where there is none, and for other stages.
  func restore(
    _ stage: StageName, for inputs: [String: String]
  ) throws(CaptureError) -> StageManifest? {
    guard stage == .train, let manifest = StageManifest.find(in: earlier),
      manifest.isCurrent(for: inputs, in: earlier)
    else { return nil }
    let folder = folder(stage)
    unlink(folder.appendingPathComponent(StageManifest.fileName).path)
    removeResults(of: stage)
    try write(StageClaim(inputs: inputs), of: stage)
    for name in manifest.outputs.map(\.file) + [StageManifest.fileName] {
      try move(name, from: earlier, to: folder)
    }
    rmdir(earlier.path)
    return manifest
  }

  /// Removes what stepped aside, once there is something in its place.
  func removeEarlierTraining() {
    guard StageManifest.isThere(in: earlier) else { return }
    for name in names(in: earlier).filter(StageName.train.makes) + [StageManifest.fileName] {
      unlink(earlier.appendingPathComponent(name).path)
    }
    rmdir(earlier.path)
  }

  private func move(_ name: String, from old: URL, to new: URL) throws(CaptureError) {
    let target = new.appendingPathComponent(name)
    guard rename(old.appendingPathComponent(name).path, target.path) == 0 else {
      throw CaptureError(
        .badInput, "Moving failed: \(String(cString: strerror(errno))).", at: target.path)
    }
  }
}

extension StageName {
  /// Names that the stage gives to files in its folder; `#` stands for the digits of a number.
  private var names: Set<String> {
    switch self {
    case .pair: ["frames.json", "sync.json", "calibration.json"]
    case .observe: ["observations.json", "frame_#.obs"]
    case .train:
      [
        "field.fmf", "field_#.fmf", "checkpoint_#.fmc", "checkpoint_#_#.fmc", "poses.json",
        "calibration.json",
      ]
    case .mesh: ["frame_#.ply", "frame_#.json"]
    case .export: ["sequence.json", "frame_#.ply", "frame_#.obj"]
    }
  }

  /// Whether the stage gives such a name to a file in its folder.
  func makes(_ name: String) -> Bool {
    // The shortest of the numbers are those of windows, of four digits.
    names.contains(name.replacing(/[0-9]{4,}/, with: "#"))
  }
}
