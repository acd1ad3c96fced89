public import CaptureCore
public import CapturePipeline

/// What one worker does: a stage of a take, or of the stage `mesh` a part of the frames.
public struct BatchUnit: Hashable, Sendable {
  /// The stage.
  public let stage: StageName
  /// The part of the frames; nil for all.
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
    } else if stage == .mesh, pieces.count == 4, pieces[2] == "of" {
      self.init(.mesh, try FramePart("\(pieces[1])/\(pieces[3])"))
    } else {
      throw CaptureError(
        .usage, "There is no unit '\(name)'.", remedy: "Name a stage, or such as mesh-3-of-8.")
    }
  }

  /// The units of a take, in order: those of one stage stand together.
  public static func all(stages: [StageName], parts: Int) throws(CaptureError) -> [BatchUnit] {
    var units: [BatchUnit] = []
    for stage in stages {
      if stage == .mesh, parts > 1 {
        for i in 0..<parts { units.append(BatchUnit(.mesh, try FramePart(index: i, of: parts))) }
      } else {
        units.append(BatchUnit(stage))
      }
    }
    return units
  }
}
