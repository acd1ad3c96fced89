internal import CaptureCore
internal import Foundation

/// The commands that read video, `ffmpeg` and `ffprobe`, where they are installed.
enum VideoCommand: String {
  case ffmpeg, ffprobe

  /// How long a command may give nothing before it is given up, milliseconds.
  static let patience: Int32 = 60_000

  /// Where the command is, by `PATH`.
  var url: URL? { Host.program(rawValue) }

  /// Starts the command on one local file, read as what its name says it is and as nothing else: a
  /// list of other files, say.
  /// - Throws: ``CaptureError`` `usage` where the command is missing.
  func start(
    _ file: URL, before: [String] = [], after: [String]
  ) throws(CaptureError) -> CommandOutput {
    guard let url else {
      throw CaptureError(
        .usage,
        "The colour is a video coded as H.264 or H.265, and the command \(rawValue) is missing.",
        at: file.path,
        remedy: "Install it, as with 'apt-get install ffmpeg', and run the same command again.")
    }
    let format = file.pathExtension.lowercased() == "mkv" ? "matroska" : "mov"
    let common = self == .ffmpeg ? ["-nostdin", "-loglevel", "quiet"] : ["-v", "quiet"]
    return try CommandOutput(
      url,
      common + before + ["-protocol_whitelist", "file,pipe", "-f", format]
        + ["-i", "file:\(file.path)"] + after)
  }
}

/// What another program writes, read as it comes. The program ends with this.
final class CommandOutput {
  private let process = Process()
  private let pipe = Pipe()

  /// Starts a program.
  /// - Throws: ``CaptureError`` where that fails.
  init(_ command: URL, _ arguments: [String]) throws(CaptureError) {
    process.executableURL = command
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw CaptureError(
        .badInput, "The command cannot be started: \(error.localizedDescription).",
        at: command.path)
    }
  }

  deinit {
    // It may wait for room in the pipe, and would not hear a polite request.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// The next bytes, fewer where the output ends before, or nothing came for a long time.
  func read(_ count: Int) -> [UInt8] {
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&wait, 1, VideoCommand.patience)
        if ready < 0, errno == EINTR { continue }
        guard ready > 0 else { return }
        let n = Foundation.read(descriptor, buffer.baseAddress! + filled, count - filled)
        if n < 0, errno == EINTR { continue }
        guard n > 0 else { return }
        filled += n
      }
    }
  }
}
