internal import CZlib
internal import CaptureCore

/// What of a zip archive `.npz` files need: the members of its central directory, stored or deflated.
///
/// Source: PKWARE, *APPNOTE.TXT: .ZIP File Format Specification*, sections 4.3 and 4.4.
enum ZipReader {
  /// One member, as the central directory describes it.
  struct Member {
    var name: String
    var deflated: Bool
    var checksum: UInt32
    /// Bytes in the archive, and bytes once inflated.
    var packed, size: Int
    /// Where its local header starts.
    var offset: Int
  }

  private static let endLength = 22
  private static let entryLength = 46
  private static let localLength = 30
  /// Deflate cannot do better than 1032:1; a higher claim is a lie about the size.
  private static let bestRatio = 1032

  /// Every member; their inflated sizes sum to at most `limit`.
  /// - Throws: ``CaptureError`` `badInput` or `limitExceeded`.
  static func members(of bytes: [UInt8], limit: Int) throws(CaptureError) -> [Member] {
    let end = try endOfDirectory(bytes)
    let (count, length, start) = (
      bytes.word(end + 10, 2), bytes.word(end + 12, 4), bytes.word(end + 16, 4)
    )
    guard bytes.word(end + 4, 4) == 0, bytes.word(end + 8, 2) == count, count < 0xffff,
      start < 0xffff_ffff
    else { throw unsupported("spans several files or is in zip64 form") }
    guard start + length == end, count * entryLength <= length else {
      throw malformed("its directory is not where it should be")
    }
    var (members, at, total): ([Member], Int, Int) = ([], start, 0)
    for _ in 0..<count {
      let (member, next) = try member(bytes, at: at, end: end)
      total += member.size
      guard total <= limit else {
        throw CaptureError(
          .limitExceeded, "The archive inflates to more than \(limit) bytes, the most that is read."
        )
      }
      members.append(member)
      at = next
    }
    guard at == end else { throw malformed("its directory has another length than it says") }
    return members
  }

  /// The inflated bytes of a member, checked against its checksum.
  /// - Throws: ``CaptureError`` `badInput`.
  static func contents(of member: Member, in bytes: [UInt8]) throws(CaptureError) -> [UInt8] {
    let header = member.offset
    guard header + localLength <= bytes.count, bytes.word(header, 4) == 0x0403_4b50 else {
      throw malformed("a member is not where the directory says")
    }
    let start =
      header + localLength + bytes.word(header + 26, 2) + bytes.word(header + 28, 2)
    guard start + member.packed <= bytes.count else { throw malformed("a member is cut off") }
    let packed = bytes[start..<start + member.packed]
    let contents = member.deflated ? try inflated(packed, size: member.size) : Array(packed)
    let checksum = contents.withUnsafeBufferPointer {
      crc32_z(0, $0.baseAddress, $0.count)
    }
    guard UInt32(truncatingIfNeeded: checksum) == member.checksum else {
      throw malformed("a member does not have its checksum")
    }
    return contents
  }

  /// Offset of the record that ends every archive; a comment may follow it.
  private static func endOfDirectory(_ bytes: [UInt8]) throws(CaptureError) -> Int {
    let last = bytes.count - endLength
    for at in stride(from: last, through: max(0, last - 0xffff), by: -1)
    where bytes.word(at, 4) == 0x0605_4b50 && at + endLength + bytes.word(at + 20, 2) == bytes.count
    {
      return at
    }
    throw malformed("its end is missing")
  }

  private static func member(
    _ bytes: [UInt8], at: Int, end: Int
  ) throws(CaptureError) -> (Member, next: Int) {
    guard at + entryLength <= end, bytes.word(at, 4) == 0x0201_4b50 else {
      throw malformed("its directory is cut off")
    }
    let (flags, method) = (bytes.word(at + 8, 2), bytes.word(at + 10, 2))
    let (packed, size, offset) = (
      bytes.word(at + 20, 4), bytes.word(at + 24, 4), bytes.word(at + 42, 4)
    )
    let nameEnd = at + entryLength + bytes.word(at + 28, 2)
    let next = nameEnd + bytes.word(at + 30, 2) + bytes.word(at + 32, 2)
    guard next <= end else { throw malformed("its directory is cut off") }
    guard flags & 1 == 0 else { throw unsupported("is encrypted") }
    guard method == 0 || method == 8 else { throw unsupported("uses compression \(method)") }
    guard packed < 0xffff_ffff, size < 0xffff_ffff, offset < 0xffff_ffff else {
      throw unsupported("spans several files or is in zip64 form")
    }
    guard packed <= bytes.count, method == 8 ? size <= packed * bestRatio : size == packed else {
      throw malformed("a member's sizes cannot be true")
    }
    let member = Member(
      name: String(decoding: bytes[at + entryLength..<nameEnd], as: UTF8.self),
      deflated: method == 8, checksum: UInt32(bytes.word(at + 16, 4)), packed: packed, size: size,
      offset: offset)
    return (member, next)
  }

  private static func inflated(
    _ packed: ArraySlice<UInt8>, size: Int
  ) throws(CaptureError) -> [UInt8] {
    var stream = z_stream()
    // Negative window bits: a raw stream, without zlib's own header.
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw CaptureError(.tryAgain, "There is no memory left to inflate an array.") }
    defer { inflateEnd(&stream) }
    var complete = false
    // One byte more than promised, so that a longer stream is noticed.
    let contents = [UInt8](unsafeUninitializedCapacity: size + 1) { out, filled in
      packed.withUnsafeBufferPointer { from in
        stream.next_in = UnsafeMutablePointer(mutating: from.baseAddress)
        stream.avail_in = UInt32(from.count)
        stream.next_out = out.baseAddress
        stream.avail_out = UInt32(size + 1)
        let status = inflate(&stream, Z_FINISH)
        complete = status == Z_STREAM_END && stream.avail_out == 1 && stream.avail_in == 0
      }
      filled = size + 1 - Int(stream.avail_out)
    }
    guard complete else { throw malformed("a member cannot be inflated") }
    return contents
  }

  private static func malformed(_ why: String) -> CaptureError {
    CaptureError(.badInput, "The zip archive is damaged: \(why).")
  }

  private static func unsupported(_ why: String) -> CaptureError {
    CaptureError(
      .badInput, "The zip archive \(why), which is not read.",
      remedy: "Save it again with numpy.savez or numpy.savez_compressed.")
  }
}

extension [UInt8] {
  /// A little-endian number of `length` bytes; the caller has checked the range.
  fileprivate func word(_ at: Int, _ length: Int) -> Int {
    (0..<length).reduce(0) { $0 | Int(self[at + $1]) << (8 * $1) }
  }
}
