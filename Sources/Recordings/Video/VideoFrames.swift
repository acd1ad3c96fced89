internal import CaptureCore
internal import Foundation
internal import Synchronization

/// The frames of a video that is coded as H.264 or H.265, decoded by the command `ffmpeg`.
///
/// Such recordings come from re-encoding. One process decodes forward and is read from as frames are
/// asked for; one that lies before, or far ahead, makes it begin again at that frame's time. The last
/// frames are kept for threads that ask out of order: at most ``budget`` bytes, or two.
///
/// Frames are counted, so none may get lost unseen: the command stops at the first that is damaged,
/// and images up to the next one that stands alone cannot be read.
final class VideoFrames: Sendable {
  static let budget = 48 << 20
  /// Frames that are decoded and left out rather than looked for.
  static let reach = 60

  private struct State {
    var output: CommandOutput?
    /// The frame that the process gives next.
    var next = 0
    var kept: [Int: [UInt8]] = [:]
  }

  private let url: URL
  private let track: Int
  private let width, height: Int
  /// Of each frame in the order of display: its time in the file, seconds.
  private let times: [Double]
  private let state = Mutex(State())

  /// Frames of a file's track, counted over all tracks from 0, of images of a known size.
  init(_ url: URL, track: Int, width: Int, height: Int, times: [Double]) {
    (self.url, self.track, self.width, self.height) = (url, track, width, height)
    self.times = times
  }

  /// Decodes a frame, in the order of display.
  /// - Throws: ``CaptureError`` `usage` without the command, `badInput` for a frame that is not
  ///   there or cannot be decoded.
  func frame(_ index: Int) throws(CaptureError) -> ColorImage {
    guard times.indices.contains(index) else {
      throw CaptureError(
        .badInput, "There is no such image; the video has \(times.count).", at: url.path)
    }
    let result = state.withLock { state -> Result<[UInt8], CaptureError> in
      Result { () throws(CaptureError) in try read(index, &state) }
    }
    return try ColorImage(width: width, height: height, pixels: try result.get())
  }

  private func read(_ index: Int, _ state: inout State) throws(CaptureError) -> [UInt8] {
    if let kept = state.kept[index] { return kept }
    if state.output == nil || !(state.next...state.next + Self.reach).contains(index) {
      try start(&state, at: index)
    }
    let bytes = 3 * width * height
    let most = max(2, VideoFrames.budget / bytes)
    while true {
      guard let frame = state.output?.read(bytes), frame.count == bytes else {
        state.output = nil
        throw CaptureError(
          .badInput, "ffmpeg cannot decode the image: the video is damaged or ends before it.",
          at: url.path, remedy: "Try 'ffmpeg -i FILE -f null -' to see what is wrong with it.")
      }
      let number = state.next
      state.next += 1
      state.kept[number] = frame
      state.kept[number - most] = nil
      if number == index { return frame }
    }
  }

  /// Begins to decode at a frame, or a little before where times do not tell it from another.
  private func start(_ state: inout State, at index: Int) throws(CaptureError) {
    (state.output, state.kept) = (nil, [:])
    var first = index
    // Times in a file may be rounded to milliseconds.
    while first > 0, times[first] - times[first - 1] < 0.002 { first -= 1 }
    // Halfway from the frame before, so that no rounding matters.
    let seek =
      first == 0
      ? []
      : ["-seek_timestamp", "1", "-ss", String(format: "%.6f", midpoint(first - 1, first))]
    state.output = try VideoCommand.ffmpeg.start(
      url, before: seek + ["-noautorotate", "-xerror", "-err_detect", "explode"],
      after: [
        "-map", "0:\(track)", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", "\(width)x\(height)", "pipe:1",
      ])
    state.next = first
  }

  private func midpoint(_ a: Int, _ b: Int) -> Double { (times[a] + times[b]) / 2 }
}
