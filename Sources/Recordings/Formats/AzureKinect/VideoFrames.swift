internal import CaptureCore
internal import Foundation
internal import Synchronization

/// The frames of a video track that is coded as H.264 or H.265, decoded by the command `ffmpeg`.
///
/// Such recordings come from re-encoding. One process decodes forward and is read from as frames are
/// asked for; asking for an earlier frame begins again, so that reading in order is what is fast.
/// The last frames are kept for threads that ask out of order: at most ``budget`` bytes, or two.
final class VideoFrames: Sendable {
  static let budget = 48 << 20
  /// How long the command may give nothing before it is given up, milliseconds.
  static let patience: Int32 = 60_000

  private struct State {
    var process: Process?
    var pipe: FileHandle?
    /// The frame that the process gives next.
    var next = 0
    var kept: [Int: [UInt8]] = [:]
  }

  private let url: URL
  private let track: Int
  private let width, height: Int
  private let state: Mutex<State>

  /// Frames of a file's track, counted over all tracks from 0, of images of a known size.
  init(_ url: URL, track: Int, width: Int, height: Int) {
    (self.url, self.track, self.width, self.height) = (url, track, width, height)
    state = Mutex(State())
  }

  deinit { state.withLock { VideoFrames.stop(&$0) } }

  /// Decodes a frame, in the order of display.
  /// - Throws: ``CaptureError`` `usage` without the command, `badInput` when the track ends before
  ///   the frame or cannot be decoded.
  func frame(_ index: Int) throws(CaptureError) -> ColorImage {
    let result = state.withLock { state -> Result<[UInt8], CaptureError> in
      Result { () throws(CaptureError) in try read(index, &state) }
    }
    return try ColorImage(width: width, height: height, pixels: try result.get())
  }

  private func read(_ index: Int, _ state: inout State) throws(CaptureError) -> [UInt8] {
    if let kept = state.kept[index] { return kept }
    if state.pipe == nil || index < state.next { try start(&state, at: index) }
    let bytes = 3 * width * height
    let most = max(2, VideoFrames.budget / bytes)
    while true {
      guard let pipe = state.pipe, let frame = VideoFrames.read(bytes, from: pipe) else {
        VideoFrames.stop(&state)
        throw CaptureError(
          .badInput, "ffmpeg gives only \(state.next) images of the video track.",
          remedy: "Try 'ffmpeg -i FILE -f null -' to see what is wrong with it.")
      }
      let number = state.next
      state.next += 1
      state.kept[number] = frame
      state.kept[number - most] = nil
      if number == index { return frame }
    }
  }

  /// Begins to decode such that `first` is the first frame that is given out.
  private func start(_ state: inout State, at first: Int) throws(CaptureError) {
    VideoFrames.stop(&state)
    state.kept = [:]
    guard let command = VideoFrames.command() else {
      throw CaptureError(
        .usage, "The colour track is coded as H.264 or H.265, and the command ffmpeg is missing.",
        remedy: "Install it, as with 'apt-get install ffmpeg', and run the same command again.")
    }
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = command
    process.arguments = [
      "-nostdin", "-loglevel", "quiet", "-protocol_whitelist", "file,pipe",
      "-i", "file:\(url.path)", "-map", "0:\(track)", "-vf", "select=gte(n\\,\(first))",
      "-vsync", "0", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "\(width)x\(height)", "pipe:1",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw CaptureError(
        .badInput, "ffmpeg cannot be started: \(error.localizedDescription).", at: command.path)
    }
    (state.process, state.pipe, state.next) = (process, pipe.fileHandleForReading, first)
  }

  private static func stop(_ state: inout State) {
    // It may wait for room in the pipe, and would not hear a polite request.
    if let process = state.process, process.isRunning {
      kill(process.processIdentifier, SIGKILL)
    }
    (state.process, state.pipe) = (nil, nil)
  }

  /// The next bytes of the pipe; nil where it ends before.
  private static func read(_ count: Int, from pipe: FileHandle) -> [UInt8]? {
    let descriptor = pipe.fileDescriptor
    var isWhole = true
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&wait, 1, patience) == 0 {
          isWhole = false
          break
        }
        let n = Foundation.read(descriptor, buffer.baseAddress! + filled, count - filled)
        if n < 0, errno == EINTR { continue }
        guard n > 0 else {
          isWhole = false
          break
        }
        filled += n
      }
    }
    return isWhole ? bytes : nil
  }

  /// Where the command is, by `PATH`.
  static func command() -> URL? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { URL(fileURLWithPath: String($0)).appendingPathComponent("ffmpeg") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
