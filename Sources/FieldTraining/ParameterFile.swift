internal import CaptureCore
internal import Foundation

/// A file of named float arrays behind a JSON header, whole or refused: checkpoints and fields.
///
///     0   magic (8 bytes)        16  size of the header (u64)
///     8   checksum of the rest   24  header (JSON), then the arrays, float32 little endian
enum ParameterFile {
  struct Contents<Header> {
    var header: Header
    var arrays: [[Float]]
  }

  static func write(
    magic: String, header: some Encodable, arrays: [[Float]], to url: URL
  ) throws(CaptureError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json: Data
    do { json = try encoder.encode(header) } catch {
      throw CaptureError(.badInput, "The header cannot be encoded: \(error).", at: url.path)
    }
    var body = Data()
    body.reserveCapacity(8 + json.count + arrays.reduce(0) { $0 + 4 * $1.count })
    withUnsafeBytes(of: UInt64(json.count).littleEndian) { body.append(contentsOf: $0) }
    body.append(json)
    for a in arrays { a.withUnsafeBytes { body.append(contentsOf: $0) } }
    var data = Data(magic.utf8.prefix(8))
    withUnsafeBytes(of: body.withUnsafeBytes(Checksum.of).littleEndian) {
      data.append(contentsOf: $0)
    }
    data.append(body)
    try AtomicFile.write(data, to: url)
  }

  /// All bytes of a file.
  /// - Throws: ``CaptureError`` as `AtomicFile.read` does.
  static func data(at url: URL) throws(CaptureError) -> Data {
    try AtomicFile.read(url, limit: 16 << 30)
  }

  /// What a file of `arrays` arrays of equal length holds.
  /// - Throws: ``CaptureError`` `badInput` unless the bytes are whole and of this kind.
  static func decode<Header: Decodable>(
    _ data: Data, _ type: Header.Type, magic: String, arrays count: Int, at url: URL
  ) throws(CaptureError) -> Contents<Header> {
    func damaged(_ what: String) -> CaptureError {
      CaptureError(
        .badInput, "The file \(what).", at: url.path,
        remedy: "Remove it and run the same command again.")
    }
    guard data.count >= 24, data.prefix(8).elementsEqual(Data(magic.utf8.prefix(8))) else {
      throw damaged("is not a \(magic) file")
    }
    func word(_ at: Int) -> UInt64 {
      data.withUnsafeBytes {
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      }
    }
    guard data.dropFirst(16).withUnsafeBytes(Checksum.of) == word(8) else {
      throw damaged("is damaged: its checksum is wrong")
    }
    let size = word(16)
    guard size <= UInt64(data.count - 24), (data.count - 24 - Int(size)) % (4 * count) == 0 else {
      throw damaged("is damaged: its parts do not add up")
    }
    let header: Header
    do {
      header = try JSONDecoder().decode(
        Header.self, from: data.subdata(in: 24..<24 + Int(size)))
    } catch { throw damaged("has a header of another version") }
    let length = (data.count - 24 - Int(size)) / (4 * count)
    let all = (0..<count).map { index -> [Float] in
      let start = 24 + Int(size) + index * 4 * length
      return [Float](unsafeUninitializedCapacity: length) { buffer, filled in
        data.copyBytes(to: buffer, from: start..<start + 4 * length)
        filled = length
      }
    }
    return Contents(header: header, arrays: all)
  }
}
