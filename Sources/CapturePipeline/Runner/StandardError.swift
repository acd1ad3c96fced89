internal import Foundation

/// What people read of a run, apart from results.
public enum StandardError {
  /// Writes a text. On a disk that is full, and to a reader that is gone, it is lost: no reason to stop
  /// the work, as Foundation's `FileHandle` would.
  public static func write(_ text: String) {
    let bytes = Array(text.utf8)
    var at = 0
    while at < bytes.count {
      let n = bytes.withUnsafeBytes {
        Foundation.write(STDERR_FILENO, $0.baseAddress! + at, $0.count - at)
      }
      if n < 0, errno == EINTR || errno == EAGAIN { continue }
      guard n > 0 else { return }
      at += n
    }
  }
}
