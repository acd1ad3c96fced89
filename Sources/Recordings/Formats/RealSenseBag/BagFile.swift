internal import CaptureCore
internal import Foundation

/// A bag on disk, read piece by piece.
final class BagFile: Sendable {
  let url: URL
  let size: Int
  private let descriptor: Int32

  init(_ url: URL) throws(CaptureError) {
    // Without O_NONBLOCK, opening a named pipe waits for its writer.
    descriptor = Foundation.open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw CaptureError(
        .badInput, "Reading failed: \(String(cString: strerror(errno))).", at: url.path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw CaptureError(.badInput, "This is not a plain file.", at: url.path)
    }
    (self.url, size) = (url, Int(status.st_size))
  }

  deinit { close(descriptor) }

  /// At most `count` bytes from `offset` on; fewer only at the end of the file.
  func read(_ offset: Int, _ count: Int) throws(CaptureError) -> [UInt8] {
    let count = max(0, min(count, size - offset))
    var at = 0
    var cause: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while at < count {
        let n = pread(descriptor, buffer.baseAddress! + at, count - at, off_t(offset + at))
        if n < 0 && errno == EINTR { continue }
        if n <= 0 {
          cause = n < 0 ? errno : EIO
          break
        }
        at += n
      }
      filled = at
    }
    guard at == count else {
      throw CaptureError(
        .badInput, "Reading failed: \(String(cString: strerror(cause))).", at: url.path)
    }
    return bytes
  }
}
