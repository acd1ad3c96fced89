internal import CaptureCore
internal import Foundation

/// What the first stage found: which images belong together. `OUT/pair/frames.json`.
struct FrameList: Codable, Equatable, Sendable {
  static let fileName = "frames.json"

  /// One frame set that later stages use.
  struct Frame: Codable, Equatable, Sendable {
    /// Number of the set in the take, which names its mesh.
    var number: Int
    /// Time, seconds on the rig's clock.
    var time: Double
    /// By camera: indices into the streams, null where the set has no image that can be read.
    var depth, color, mask: [Int?]
    /// By camera: time of the depth image minus the set's, and of the colour image, seconds.
    var error, colorError: [Double]
  }

  /// Absolute paths of the recording's folders or files.
  var takes: [String]
  /// Name of the given calibration's copy beside this list; nil for the one in the recording.
  var calibration: String?
  /// Name of the recording.
  var name: String
  /// Names of the cameras, in the take's order.
  var cameras: [String]
  /// Frame sets a second, as measured.
  var framesPerSecond: Double
  /// The frame sets, in ascending order of time.
  var frames: [Frame]

  /// The list that the first stage left in an output folder.
  static func read(_ output: OutputFolder) throws(CaptureError) -> FrameList {
    try readJSON(
      FrameList.self, from: output.folder(.pair).appendingPathComponent(fileName),
      remedy: "Run 'fieldmesh pair' again.")
  }

  /// The recording that the list was made from; `output` is where the list stands.
  /// - Throws: ``CaptureError`` `usage` when the list names none.
  func source(_ output: OutputFolder) throws(CaptureError) -> TakeSource {
    try TakeSource(
      takes: takes.map { URL(fileURLWithPath: $0) },
      calibration: calibration.map { output.folder(.pair).appendingPathComponent($0) })
  }

  /// The frame sets, numbered from 0 whatever their numbers in the take.
  var sets: [FrameSet] {
    frames.enumerated().map { index, frame in
      FrameSet(
        index: index, time: frame.time,
        entries: cameras.indices.map {
          FrameSet.Entry(
            depth: frame.depth[$0], color: frame.color[$0], mask: frame.mask[$0],
            error: frame.error[$0], colorError: frame.colorError[$0])
        })
    }
  }
}

extension FrameList.Frame {
  init(_ set: FrameSet) {
    (number, time) = (set.index, set.time)
    depth = set.entries.map(\.depth)
    color = set.entries.map(\.color)
    mask = set.entries.map(\.mask)
    error = set.entries.map(\.error)
    colorError = set.entries.map(\.colorError)
  }
}
