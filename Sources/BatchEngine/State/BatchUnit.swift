public import CaptureCore
public import CapturePipeline

/// What one worker does: a stage of a take, or of the stage `mesh` a part of the frames, of the stage
/// `train` a part of the windows.
public struct BatchUnit: Hashable, Sendable {
  /// The stage.
  public let stage: StageName
  /// The part of the frames or windows; nil for all.
  public let part: FramePart?

  /// A unit.
  public init(_ stage: StageName, _ part: FramePart? = nil) {
    (self.stage, self.part) = (stage, part)
  }

  /// `train`, or `mesh-3-of-8`.
  public var name: String {
    part.map { "\(stage.rawValue)-\($0.index + 1)-of-\($0.count)" } ?? stage.rawValue
  }

  /// The unit of a name.
  /// - Throws: ``CaptureError`` `usage` for any other text.
  public init(named name: String) throws(CaptureError) {
    let pieces = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    let stage = StageName(rawValue: pieces[0])
    if let stage, pieces.count == 1 {
      self.init(stage)
    } else if let stage, Self.dividable.contains(stage), pieces.count == 4, pieces[2] == "of" {
      self.init(stage, try FramePart("\(pieces[1])/\(pieces[3])"))
    } else {
      throw CaptureError(
        .usage, "There is no unit '\(name)'.", remedy: "Name a stage, or such as mesh-3-of-8.")
    }
  }

  /// Stages that are cut into parts.
  private static let dividable: Set<StageName> = [.train, .mesh]

  /// The units of a take, in order: those of one stage stand together.
  ///
  /// - Parameter parts: Parts that stages are cut into; 1 for those left out.
  public static func all(
    stages: [StageName], parts: [StageName: Int]
  ) throws(CaptureError) -> [BatchUnit] {
    var units: [BatchUnit] = []
    for stage in stages {
      let count = dividable.contains(stage) ? parts[stage] ?? 1 : 1
      guard count > 1 else {
        units.append(BatchUnit(stage))
        continue
      }
      for i in 0..<count { units.append(BatchUnit(stage, try FramePart(index: i, of: count))) }
    }
    return units
  }
}
