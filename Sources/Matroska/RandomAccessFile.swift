internal import CaptureCore
internal import Foundation

/// A plain file that is read at any place by any thread.
///
/// Bytes are read, not mapped: a file that shrinks while it is open makes an error, not a signal.
final class RandomAccessFile: Sendable {
  let path: String
  let size: Int
  private let descriptor: Int32

  init(_ url: URL) throws(CaptureError) {
    path = url.path
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
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Bytes of the file; `range` lies in it, and the caller has checked its length.
  func read(_ range: Range<Int>) throws(CaptureError) -> Data {
    var data = Data(count: range.count)
    let failure = data.withUnsafeMutableBytes { fill($0, from: range.lowerBound) }
    if let failure { throw failure }
    return data
  }

  /// Fills a buffer with the bytes from a place on, or tells why not.
  func fill(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) -> CaptureError? {
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

/// Small reads that mostly go forward, out of a buffer of one thread.
struct BufferedBytes {
  let file: RandomAccessFile
  private var start = 0
  private var bytes: [UInt8] = []
  private let window: Int

  init(_ file: RandomAccessFile, window: Int = 4 << 10) {
    (self.file, self.window) = (file, window)
  }

  /// Up to `count` bytes from `offset`; fewer only at the end of the file.
  mutating func bytes(at offset: Int, count: Int) throws(CaptureError) -> ArraySlice<UInt8> {
    let end = min(offset + count, file.size)
    guard offset < end else { return [] }
    if offset < start || end > start + bytes.count {
      let length = min(max(window, count), file.size - offset)
      var fresh = [UInt8](repeating: 0, count: length)
      let failure = fresh.withUnsafeMutableBytes { file.fill($0, from: offset) }
      if let failure { throw failure }
      (start, bytes) = (offset, fresh)
    }
    return bytes[(offset - start)..<(end - start)]
  }
}
