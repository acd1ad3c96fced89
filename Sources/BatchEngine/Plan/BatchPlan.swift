internal import CaptureCore
public import CapturePipeline
internal import Foundation

/// The takes of a batch under safe names, and what each has to pass: `OUT/plan.json`.
public struct BatchPlan: Codable, Equatable, Sendable {
  static let formatName = "fieldmesh-plan"

  /// One take.
  public struct Take: Codable, Equatable, Sendable {
    /// Letters, digits, `.`, `_` and `-` only: the name of its folder.
    public var id: String
    /// What people call it; any text.
    public var name: String
    /// How surfaces are made.
    public var method: JobConfiguration.Method
    /// Cameras, and frame sets that will be used, about; 0 where the recording cannot be opened.
    public var cameras, frames: Int
    /// Parts that meshing is cut into, and training where its windows stand side by side.
    public var parts, trainingParts: Int
    /// How much work the stages are.
    var work: Workload
    /// The recording's files, as in its job.
    var sources: [String]

    /// The units, in order.
    public var units: [BatchUnit] {
      let stages = StageName.allCases.filter { $0 != .train || method == .field }
      // The number of parts was checked when the plan was made or read.
      return
        (try? BatchUnit.all(stages: stages, parts: [.train: trainingParts, .mesh: parts])) ?? []
    }
  }

  /// Always `fieldmesh-plan`.
  public private(set) var format = BatchPlan.formatName
  /// Version of the program that made it.
  public private(set) var program = programVersion
  /// The engine that was asked for.
  public var engine: String
  /// Most frames that one unit of meshing does; 0 for all of a take.
  public var framesPerPart: Int
  /// The takes.
  public var takes: [Take]

  init(engine: String, framesPerPart: Int, takes: [Take]) {
    (self.engine, self.framesPerPart, self.takes) = (engine, framesPerPart, takes)
  }
}

/// All that the units of a take are told: `OUT/takes/<id>/job.json`.
struct TakeJob: Codable, Equatable {
  var sources: [String]
  var calibration: String?
  var configuration: JobConfiguration

  func source() throws(CaptureError) -> TakeSource {
    try TakeSource(
      takes: sources.map { URL(fileURLWithPath: $0) },
      calibration: calibration.map { URL(fileURLWithPath: $0) })
  }
}

extension BatchPlan {
  /// A safe name for a take: its own where that is safe and free, else one with a hash of its paths.
  static func safeName(_ name: String, sources: [String], taken: Set<String>) -> String {
    let isPlain = { (c: Unicode.Scalar) in
      ("a"..."z").contains(c) || ("A"..."Z").contains(c) || ("0"..."9").contains(c)
        || c == "_" || c == "-" || c == "."
    }
    var safe = String(
      String.UnicodeScalarView(name.unicodeScalars.map { isPlain($0) ? $0 : "_" }.prefix(60)))
    while let first = safe.first, first == "." || first == "-" { safe.removeFirst() }
    guard safe != name || safe.isEmpty || taken.contains(safe) else { return safe }
    let mark = SHA256.hexDigest(of: Data((sources + [name]).joined(separator: "\0").utf8))
    let stem = safe.isEmpty ? "take" : safe
    for length in [8, 16, 64] where !taken.contains("\(stem)-\(mark.prefix(length))") {
      return "\(stem)-\(mark.prefix(length))"
    }
    // The same recording under the same name once more.
    var number = 2
    while taken.contains("\(stem)-\(mark.prefix(8))-\(number)") { number += 1 }
    return "\(stem)-\(mark.prefix(8))-\(number)"
  }
}
