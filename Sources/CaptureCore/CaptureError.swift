/// What went wrong, where, and what to do about it: the only error that leaves a stage.
///
/// The text reads `<place>: <what> <remedy>`; commands map ``code`` to their exit status.
public struct CaptureError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of failure; decides the exit status.
  public enum Code: String, Sendable, CaseIterable {
    /// The command line or a configuration value is wrong (exit 2).
    case usage
    /// A recording, calibration or mesh is missing, malformed or inconsistent (exit 3).
    case badInput
    /// Two things that must have one size or shape do not (exit 3).
    case sizeMismatch
    /// A limit stated by the program is exceeded (exit 3).
    case limitExceeded
    /// Some frames could not be used; the rest is written (exit 4).
    case partialResult
    /// Disk full, interrupted, or another passing condition (exit 75).
    case tryAgain

    /// The process exit status that stands for this code.
    public var exitStatus: Int32 {
      switch self {
      case .usage: 2
      case .badInput, .sizeMismatch, .limitExceeded: 3
      case .partialResult: 4
      case .tryAgain: 75
      }
    }
  }

  /// The kind of failure.
  public var code: Code
  /// What is wrong, as a sentence.
  public var what: String
  /// File, camera and frame, as far as known; empty where there is no place.
  public var place: String
  /// What the user can do, as a sentence; may be empty.
  public var remedy: String

  /// Describes one failure; `what` and `remedy` are whole sentences.
  public init(_ code: Code, _ what: String, at place: String = "", remedy: String = "") {
    (self.code, self.what, self.place, self.remedy) = (code, what, place, remedy)
  }

  /// `<place>: <what> <remedy>`.
  public var description: String {
    (place.isEmpty ? "" : place + ": ") + what + (remedy.isEmpty ? "" : " " + remedy)
  }

  /// The same error, with a place put in front of the known one.
  public func within(_ outer: String) -> CaptureError {
    var copy = self
    copy.place = place.isEmpty ? outer : outer + ", " + place
    return copy
  }
}
