internal import CaptureCore

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
      (start, bytes) = (offset, try file.bytes(at: offset, count: max(window, count)))
    }
    return bytes[(offset - start)..<(end - start)]
  }
}
