internal import CaptureCore
internal import Foundation

/// The windows of frames that a take is trained in, with a field for each: one window where the take
/// is no longer than `training.window`, else as few as that lets, of about one length.
///
/// Neighbours share `training.overlap` frames, over which one field gives way to the next; no frame is
/// in three windows.
public struct TrainingWindows: Equatable, Sendable {
  /// Positions among the frames, ascending.
  public let ranges: [Range<Int>]

  /// The windows of so many frames under a configuration that is valid.
  public init(frames: Int, _ configuration: TrainingConfiguration) {
    let (window, overlap) = (configuration.window, configuration.overlap)
    guard window > 0, frames > window else {
      ranges = [0..<frames]
      return
    }
    let step = window - overlap
    let count = (frames - overlap + step - 1) / step
    let starts = (0...count).map { $0 * (frames - overlap) / count }
    ranges = (0..<count).map { starts[$0]..<starts[$0 + 1] + overlap }
  }
}

/// Which of so many windows a file belongs to.
struct WindowPlace: Codable, Equatable, Sendable {
  /// From 0.
  var index: Int
  var count: Int

  /// Most windows of a take.
  static let limit = 100_000

  /// Stands in the names of files where there are several windows: `_0003`.
  private var mark: String { count > 1 ? "_" + (index + 1).padded(to: 4) : "" }

  /// Name of the field's file: `field.fmf`, or such as `field_0003.fmf`.
  var fieldName: String { "field\(mark).fmf" }

  /// What the names of its checkpoints begin with.
  var checkpointPrefix: String { "checkpoint\(mark)_" }
}
