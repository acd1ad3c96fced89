public import Foundation

/// One process at a time works in a folder, or several at parts of one stage; the system
/// frees the lock however its holder ends.
public final class FolderLock: Sendable {
  private let file: Int32

  /// Name of a folder's lock, where nothing else is said.
  public static let defaultName = ".lock"

  /// Takes the lock of a folder, which must exist.
  ///
  /// - Parameters:
  ///   - name: Which lock of the folder.
  ///   - isShared: Whether others may hold it at the same time, who share it too.
  ///   - patience: How long to wait for another holder.
  /// - Throws: ``CaptureError`` `tryAgain`, naming the holder, or once asked to stop; `badInput` where
  ///   nothing can be written.
  public init(
    _ folder: URL, name: String = defaultName, isShared: Bool = false, patience: Duration = .zero,
    isCancelled: () -> Bool = { false }
  ) throws(CaptureError) {
    let path = folder.appendingPathComponent(name).path
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw CaptureError(
        .badInput, "The folder cannot be written: \(String(cString: strerror(errno))).",
        at: folder.path, remedy: "Choose an output folder that can be written.")
    }
    let clock = ContinuousClock()
    let end = clock.now + patience
    while flock(file, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
      guard clock.now < end, !isCancelled() else {
        // All is set by now, so that `deinit` runs and closes the file.
        throw Self.busy(file, folder)
      }
      usleep(100_000)
    }
    let holder = Array("process \(getpid()) on \(Host.name)".utf8)
    // A holder that cannot be named is no reason not to work.
    if ftruncate(file, 0) == 0 { _ = pwrite(file, holder, holder.count, 0) }
  }

  deinit { close(file) }

  /// Frees the lock now.
  public func release() { flock(file, LOCK_UN) }

  private static func busy(_ file: Int32, _ folder: URL) -> CaptureError {
    var text = [UInt8](repeating: 0, count: 200)
    let count = max(0, pread(file, &text, text.count, 0))
    let holder = String(decoding: text[..<count], as: UTF8.self)
    return CaptureError(
      .tryAgain,
      "Another fieldmesh works in this folder (\(holder.isEmpty ? "unknown" : holder)).",
      at: folder.path, remedy: "Wait until it ends, or choose another output folder.")
  }
}
