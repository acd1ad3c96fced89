public import CaptureCore
internal import Foundation

/// Which frame sets of a take are used, by their number in the take.
public struct FrameSelection: DocumentedConfiguration {
  /// First frame set used.
  public var first = 0
  /// Frame set before which to stop; nil for the take's end.
  public var end: Int?
  /// Distance between frame sets used.
  public var every = 1

  /// Every frame set.
  public init() {}

  /// One line a key.
  public static let documentation: [ConfigurationField] = [
    .init("first", "frames", "Number of the first frame set used."),
    .init("end", "frames", "Number of the frame set before which to stop; null for the end."),
    .init("every", "frames", "Uses only each n-th frame set of these."),
  ]

  /// Checks every range.
  public func validate() throws(CaptureError) {
    try require("frames.first", first, in: 0...1_000_000)
    try require("frames.every", every, in: 1...1_000_000)
    guard let end else { return }
    guard end > first else {
      throw CaptureError(
        .usage, "The selection \(first)..<\(end) is empty.", at: "frames.end",
        remedy: "Choose an end above the first frame.")
    }
  }

  /// Whether a frame set is used.
  public func contains(_ number: Int) -> Bool {
    number >= first && (end.map { number < $0 } ?? true) && (number - first) % every == 0
  }

  /// The half-open range of a text such as `10..<20`, `10..<` or `..<20`.
  /// - Throws: ``CaptureError`` `usage` for any other text.
  public static func range(_ text: String) throws(CaptureError) -> (first: Int, end: Int?) {
    let sides = text.components(separatedBy: "..<")
    guard sides.count == 2, let first = sides[0].isEmpty ? 0 : Int(sides[0]), first >= 0,
      sides[1].isEmpty || Int(sides[1]) != nil, sides != ["", ""]
    else {
      throw CaptureError(
        .usage, "'\(text)' is not a range of frames.", at: "--frames",
        remedy: "Write for example '10..<20', in quotes, the last one not included.")
    }
    return (first, Int(sides[1]))
  }
}
