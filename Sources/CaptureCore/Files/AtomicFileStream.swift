public import Foundation

/// A file that grows piece by piece and is whole or absent: written beside its place, then synced
/// and renamed by ``commit()``. What is not committed is removed.
///
/// Of one thread at a time.
public final class AtomicFileStream {
  private let url: URL
  private let temporary: URL
  private var descriptor: Int32
  /// Bytes written so far.
  public private(set) var count = 0

  /// Begins a file; the folder must exist.
  /// - Throws: ``CaptureError`` as ``AtomicFile/write(_:to:)`` does.
  public init(_ url: URL) throws(CaptureError) {
    self.url = url
    temporary = AtomicFile.temporary(for: url)
    descriptor = open(temporary.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw AtomicFile.failure(errno, url) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary.path)
  }

  /// Adds bytes at the end.
  /// - Throws: ``CaptureError`` `tryAgain` when the disk is full, else `badInput`.
  public func append(_ data: Data) throws(CaptureError) {
    try put(data, at: count)
    count += data.count
  }

  /// Writes over bytes that were written before.
  /// - Throws: as for ``append(_:)``.
  public func overwrite(_ data: Data, at offset: Int) throws(CaptureError) {
    precondition(offset >= 0 && offset + data.count <= count, "only what was written")
    try put(data, at: offset)
  }

  /// Lets the file have the blocks of another one, where the file system can.
  func clone(_ source: Int32) -> Bool {
    // FICLONE of linux/fs.h, a macro that Swift does not see.
    ioctl(descriptor, 0x4004_9409, source) == 0
  }

  private func put(_ data: Data, at offset: Int) throws(CaptureError) {
    let descriptor = descriptor
    let status = data.withUnsafeBytes { bytes -> Int32 in
      var done = 0
      while done < bytes.count {
        let n = pwrite(
          descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { return errno == 0 ? EIO : errno }
        done += n
      }
      return 0
    }
    guard status == 0 else { throw AtomicFile.failure(status, url) }
  }

  /// Gives the file its name; nothing can be written afterwards.
  /// - Throws: as for ``append(_:)``.
  public func commit() throws(CaptureError) {
    let synced = fsync(descriptor) == 0 ? 0 : errno
    close(descriptor)
    descriptor = -1
    guard synced == 0, rename(temporary.path, url.path) == 0 else {
      let cause = synced == 0 ? errno : synced
      unlink(temporary.path)
      throw AtomicFile.failure(cause, url)
    }
  }
}
