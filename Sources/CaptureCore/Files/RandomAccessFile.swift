public import Foundation

/// A plain file that is read at any place by any thread.
///
/// Bytes are read, not mapped: a file that shrinks while it is open makes an error, not a signal.
public final class RandomAccessFile: Sendable {
  /// The file.
  public let url: URL
  /// Its path.
  public var path: String { url.path }
  /// Its size when it was opened, bytes.
  public let size: Int
  private let descriptor: Int32

  /// Opens a file.
  /// - Throws: ``CaptureError`` `badInput`, naming the file, for what cannot be opened or is no plain
  ///   file.
  public init(_ url: URL) throws(CaptureError) {
    // Without O_NONBLOCK, opening a named pipe waits for its writer.
    descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
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

  /// Bytes of the file; `range` lies in it, and the caller has checked its length.
  /// - Throws: ``CaptureError`` `badInput`, naming the file, also when it became shorter.
  public func read(_ range: Range<Int>) throws(CaptureError) -> Data {
    var data = Data(count: range.count)
    let failure = data.withUnsafeMutableBytes { fill($0, from: range.lowerBound) }
    if let failure { throw failure }
    return data
  }

  /// Up to `count` bytes from `offset` on; fewer only at the end of the file.
  /// - Throws: ``CaptureError`` `badInput`, naming the file, also when it became shorter.
  public func bytes(at offset: Int, count: Int) throws(CaptureError) -> [UInt8] {
    let count = max(0, min(count, size - offset))
    var failure: CaptureError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      failure = fill(
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]),
        from: offset)
      filled = failure == nil ? count : 0
    }
    if let failure { throw failure }
    return bytes
  }

  /// Fills a buffer with the bytes from a place on, or tells why not.
  private func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) -> CaptureError? {
    var done = 0
    while done < buffer.count {
      let n = pread(
        descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if n < 0, errno == EINTR { continue }
      guard n > 0 else {
        return CaptureError(
          .badInput,
          n == 0
            ? "The file ends too early: it became shorter while it was read."
            : "Reading failed: \(String(cString: strerror(errno))).", at: path)
      }
      done += n
    }
    return nil
  }
}
