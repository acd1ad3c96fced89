internal import CBZip2
internal import CLZ4
internal import CaptureCore

/// A run of records in a bag, packed or not.
struct BagChunk {
  enum Compression: String {
    case none, bz2, lz4
  }

  /// Largest chunk that is unpacked, bytes: an image of 16 megapixels in four bytes each.
  static let limit = 64 << 20

  let compression: Compression
  /// Bytes once unpacked.
  let size: Int
  /// Where the packed bytes lie in the file.
  let start: Int
  let length: Int

  init(_ record: BagRecord) throws(CaptureError) {
    let name = try record.text("compression")
    guard let compression = Compression(rawValue: name) else {
      throw CaptureError(
        .badInput, "A chunk is packed with `\(name.prefix(20))`; none, bz2 and lz4 are read.")
    }
    size = Int(try record.number("size"))
    (self.compression, start, length) = (compression, record.dataStart, record.dataLength)
    // What is not packed is read message by message, whatever the chunk's size.
    guard compression == .none ? size == length : size <= BagChunk.limit && length <= BagChunk.limit
    else {
      throw CaptureError(
        compression == .none ? .badInput : .limitExceeded,
        "A chunk of \(length) bytes says that it unpacks to \(size); at most \(BagChunk.limit) are unpacked."
      )
    }
  }

  /// The unpacked bytes.
  /// - Throws: ``CaptureError`` `badInput` when they are not what the chunk promised.
  func unpack(_ packed: [UInt8]) throws(CaptureError) -> [UInt8] {
    let bytes: [UInt8]?
    switch compression {
    case .none: bytes = packed
    case .bz2: bytes = unpackBZip2(packed)
    case .lz4: bytes = unpackLZ4(packed)
    }
    guard let bytes, bytes.count == size else {
      throw CaptureError(
        .badInput,
        "A chunk cannot be unpacked: it is no \(compression.rawValue) stream of \(size) bytes.")
    }
    return bytes
  }

  private func unpackBZip2(_ packed: [UInt8]) -> [UInt8]? {
    var packed = packed
    var status: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { out, filled in
      var count = UInt32(size)
      status = packed.withUnsafeMutableBytes { from in
        BZ2_bzBuffToBuffDecompress(
          UnsafeMutableRawPointer(out.baseAddress)?.assumingMemoryBound(to: CChar.self), &count,
          from.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(from.count), 0, 0)
      }
      filled = status == 0 ? Int(count) : 0
    }
    return status == 0 ? bytes : nil
  }

  /// ROS packs with LZ4's frame format.
  private func unpackLZ4(_ packed: [UInt8]) -> [UInt8]? {
    var context: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&context, 100)) == 0 else { return nil }
    defer { LZ4F_freeDecompressionContext(context) }
    var complete = false
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { out, filled in
      packed.withUnsafeBytes { from in
        var (read, wrote) = (0, 0)
        while true {
          var (input, output) = (from.count - read, size - wrote)
          // A hint of 0 says that the frame has ended; nothing consumed and nothing made, that it never will.
          let hint = LZ4F_decompress(
            context, out.baseAddress.map { $0 + wrote }, &output,
            from.baseAddress.map { $0 + read }, &input, nil)
          if LZ4F_isError(hint) != 0 { break }
          (read, wrote) = (read + input, wrote + output)
          complete = hint == 0 && read == from.count
          if hint == 0 || (input == 0 && output == 0) { break }
        }
        filled = wrote
      }
    }
    return complete ? bytes : nil
  }
}
