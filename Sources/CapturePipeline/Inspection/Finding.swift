public import CaptureCore
internal import Foundation

extension Inspection {
  /// What a recording is good for.
  public enum Verdict: String, Codable, CaseIterable, Comparable, Sendable {
    /// Nothing was found.
    case good
    /// It can be used, with losses that the findings name.
    case usable
    /// A run would fail or yield nothing to be trusted.
    case broken

    /// The worse is the greater.
    public static func < (a: Verdict, b: Verdict) -> Bool {
      let order = allCases
      return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
  }

  /// What is wrong with a recording, and what to do.
  public struct Finding: Codable, Equatable, Sendable {
    /// What it makes of the recording.
    public var verdict: Verdict
    /// Name of the camera; nil where it is about the whole recording.
    public var camera: String?
    /// What is wrong, as a sentence.
    public var what: String
    /// What to do, as a sentence.
    public var remedy: String

    /// The finding as one line.
    public var text: String { "\(verdict.rawValue): \(sentences)" }
    /// What is wrong and what to do.
    var sentences: String { "\(what) \(remedy)" }
  }
}

/// A recording that cannot even be opened: a list that goes back in time, a description that does not
/// hold, a calibration of another rig.
public struct RefusedTake: Codable, Equatable, Sendable {
  /// Always broken.
  public private(set) var verdict = Inspection.Verdict.broken
  /// Why, and what to do.
  public var findings: [Inspection.Finding]

  /// A recording that `error` was thrown for.
  public init(_ error: CaptureError) {
    let place = error.place.isEmpty ? "" : error.place + ": "
    findings = [
      Inspection.Finding(
        verdict: .broken, what: place + error.what,
        remedy: error.remedy.isEmpty
          ? "Check the path; repair the file, or record again, where it is damaged." : error.remedy)
    ]
  }

  /// The verdict as text to read.
  public var text: String {
    (["Verdict: \(verdict.rawValue)"] + findings.map { "- " + $0.text }).joined(separator: "\n")
  }

  /// The verdict as JSON, keys sorted, as in an inspection.
  public var json: String {
    // Texts alone always encode.
    (try? jsonText(self)) ?? ""
  }
}
