internal import CZlib
internal import CaptureCore

/// Builds a zip archive of stored members, dated 1980-01-01 so that equal contents give equal bytes.
struct ZipWriter {
  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// Appends a member.
  /// - Throws: ``CaptureError`` `limitExceeded` beyond what the format holds without zip64.
  mutating func append(name: String, contents: [UInt8]) throws(CaptureError) {
    let nameBytes = Array(name.utf8)
    let total = bytes.count + directory.count + contents.count + 2 * nameBytes.count + 98
    guard total < 0xffff_ffff, count < 0xfffe, nameBytes.count <= 0xffff else {
      throw CaptureError(
        .limitExceeded, "The arrays do not fit into one file of 4 GiB and 65534 members.")
    }
    let checksum = contents.withUnsafeBufferPointer { Int(crc32_z(0, $0.baseAddress, $0.count)) }
    let offset = bytes.count
    // Version 2.0, UTF-8 names, stored, and the first date that the format knows.
    var common: [UInt8] = []
    for (value, length) in [
      (20, 2), (0x800, 2), (0, 2), (0, 2), (0x21, 2), (checksum, 4), (contents.count, 4),
      (contents.count, 4), (nameBytes.count, 2), (0, 2),
    ] {
      common.append(word: value, length)
    }
    bytes.append(word: 0x0403_4b50, 4)
    bytes += common + nameBytes + contents
    directory.append(word: 0x0201_4b50, 4)
    directory.append(word: 20, 2)
    directory += common
    for (value, length) in [(0, 2), (0, 2), (0, 2), (0, 4), (offset, 4)] {
      directory.append(word: value, length)
    }
    directory += nameBytes
    count += 1
  }

  /// The whole archive.
  func finished() -> [UInt8] {
    var end: [UInt8] = []
    for (value, length) in [
      (0x0605_4b50, 4), (0, 4), (count, 2), (count, 2), (directory.count, 4), (bytes.count, 4),
      (0, 2),
    ] {
      end.append(word: value, length)
    }
    return bytes + directory + end
  }
}

extension [UInt8] {
  fileprivate mutating func append(word value: Int, _ length: Int) {
    for byte in 0..<length { append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
  }
}
