internal import CaptureCore
internal import Synchronization

/// Fetches the messages that a bag's index lists; the chunks unpacked last are kept.
final class BagMessages: Sendable {
  /// Unpacked chunks that are kept: a frame's colour and depth, and those of a second thread.
  private static let kept = 4
  /// Largest message that is read, bytes.
  private static let limit = BagChunk.limit

  let file: RandomAccessFile
  let index: BagIndex
  private let cache = Mutex<[(number: Int, bytes: [UInt8])]>([])

  init(_ file: RandomAccessFile, _ index: BagIndex) { (self.file, self.index) = (file, index) }

  /// The messages of a topic, in the order of recording.
  func entries(_ topic: String) -> [BagIndex.Entry] { index.messages[topic] ?? [] }

  /// The first message of a topic that can be read; nil without any.
  /// - Throws: ``CaptureError`` of the first message when there are some and none can be read.
  func first<Message>(
    _ topic: String, _ decode: (ArraySlice<UInt8>) throws(CaptureError) -> Message
  ) throws(CaptureError) -> Message? {
    var failure: CaptureError?
    for entry in entries(topic).prefix(64) {
      do throws(CaptureError) { return try decode(try bytes(entry)) } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure.within(topic) }
    return nil
  }

  /// The serialized bytes of a message, or the first `count` of them.
  /// - Throws: ``CaptureError`` `badInput` when the index leads astray, `limitExceeded`.
  func bytes(
    _ entry: BagIndex.Entry, first count: Int = .max
  ) throws(CaptureError) -> ArraySlice<UInt8> {
    guard index.chunks.indices.contains(Int(entry.chunk)) else {
      throw CaptureError(.badInput, "The index names a chunk that is not there.")
    }
    let chunk = index.chunks[Int(entry.chunk)]
    let at = Int(entry.offset)
    guard at < chunk.size else {
      throw CaptureError(.badInput, "The index points behind the end of a chunk.")
    }
    if chunk.compression == .none {
      let header = try file.bytes(at: chunk.start + at, count: min(512, chunk.length - at))
      let record = try BagRecord(header[...], at: at)
      let length = try check(record, entry, chunk)
      return try file.bytes(at: chunk.start + record.dataStart, count: min(count, length))[...]
    }
    let bytes = try unpacked(Int(entry.chunk), chunk)
    let record = try BagRecord(bytes[at...], at: at)
    let length = try check(record, entry, chunk)
    return bytes[record.dataStart..<record.dataStart + min(count, length)]
  }

  private func check(
    _ record: BagRecord, _ entry: BagIndex.Entry, _ chunk: BagChunk
  ) throws(CaptureError) -> Int {
    guard record.kind == .message, try record.number("conn") == entry.connection,
      record.end <= chunk.size
    else { throw CaptureError(.badInput, "The index points at something else than its message.") }
    guard record.dataLength <= Self.limit else {
      throw CaptureError(
        .limitExceeded,
        "A message of \(record.dataLength) bytes; at most \(Self.limit) are read.")
    }
    return record.dataLength
  }

  private func unpacked(_ number: Int, _ chunk: BagChunk) throws(CaptureError) -> [UInt8] {
    let known = cache.withLock { cache -> [UInt8]? in
      guard let at = cache.firstIndex(where: { $0.number == number }) else { return nil }
      let entry = cache.remove(at: at)
      cache.append(entry)
      return entry.bytes
    }
    if let known { return known }
    let bytes = try chunk.unpack(try file.bytes(at: chunk.start, count: chunk.length))
    cache.withLock { cache in
      if cache.count >= Self.kept { cache.removeFirst() }
      cache.append((number, bytes))
    }
    return bytes
  }
}
