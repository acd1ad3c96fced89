internal import CaptureCore
internal import Foundation

/// One process at a time works in an output folder; the system frees the lock however it ends.
final class OutputLock: Sendable {
  private let file: Int32

  /// Takes the lock of a folder, which must exist.
  /// - Throws: ``CaptureError`` `tryAgain`, naming the holder; `badInput` where nothing can be written.
  init(_ folder: URL) throws(CaptureError) {
    let path = folder.appendingPathComponent(".lock").path
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw CaptureError(
        .badInput, "The folder cannot be written: \(String(cString: strerror(errno))).",
        at: folder.path, remedy: "Choose an output folder that can be written.")
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 200)
      let count = max(0, read(file, &text, text.count))
      close(file)
      let holder = String(decoding: text[..<count], as: UTF8.self)
      throw CaptureError(
        .tryAgain,
        "Another fieldmesh works in this folder (\(holder.isEmpty ? "unknown" : holder)).",
        at: folder.path, remedy: "Wait until it ends, or choose another output folder.")
    }
    let holder = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName)".utf8)
    // A holder that cannot be named is no reason not to work.
    if ftruncate(file, 0) == 0 { _ = write(file, holder, holder.count) }
  }

  deinit { close(file) }
}
