internal import CaptureCore
internal import Foundation

/// What a bag holds: who wrote which messages, and where they are.
///
/// A finished bag has an index behind every chunk and the connections at its end, and nothing is
/// unpacked to list it. In one that was cut off every whole chunk is unpacked once, and searched.
struct BagIndex {
  struct Connection {
    let topic: String
    let type: String
  }

  /// Where a message is.
  struct Entry {
    /// Number of the chunk, and place of the message's record in the unpacked chunk.
    let chunk: Int32
    let offset: UInt32
    let connection: UInt32
    /// When it was recorded, nanoseconds.
    let time: Int64

    /// The order of recording.
    var key: (Int64, Int32, UInt32) { (time, chunk, offset) }
  }

  /// Most records of a bag, and most messages that are listed; bounds the memory to some 400 MB.
  static let limit = 16_000_000
  private static let magic = Array("#ROSBAG V2.0\n".utf8)
  /// Most bytes of a connection, which holds the text of a message's definition.
  private static let connectionLimit = 1 << 20

  private(set) var connections: [UInt32: Connection] = [:]
  private(set) var chunks: [BagChunk] = []
  /// By topic, in the order of recording.
  private(set) var messages: [String: [Entry]] = [:]
  private(set) var warnings: [String] = []

  private struct Note {
    let connection: UInt32
    let chunk: Int32
    let count: Int
    let start: Int
  }

  static func recognizes(_ url: URL) -> Bool {
    guard let file = try? RandomAccessFile(url),
      let start = try? file.bytes(at: 0, count: magic.count)
    else {
      return false
    }
    return start == magic
  }

  /// Lists the messages of each topic, up to as many as are wanted of it.
  /// - Throws: ``CaptureError`` `badInput` or `limitExceeded`.
  init(_ file: RandomAccessFile, keeping wanted: (Connection) -> Int) throws(CaptureError) {
    guard try file.bytes(at: 0, count: Self.magic.count) == Self.magic else {
      throw CaptureError(.badInput, "The file is no ROS bag of version 2.0.")
    }
    var notes: [Note] = []
    let isWhole = try walk(file, &notes)
    let known = Set(notes.map(\.connection))
    let indexed = Set(notes.map(\.chunk))
    if isWhole, known.isSubset(of: connections.keys), indexed.count == chunks.count {
      try readIndex(file, notes, wanted)
    } else {
      if warnings.isEmpty {
        warnings.append(
          "The bag has no index, as one that was cut off; what is whole of it is read.")
      }
      try search(file, wanted)
    }
    for topic in messages.keys { messages[topic]?.sort { $0.key < $1.key } }
  }

  /// Goes from record to record; false when the file ends within one, or one is damaged. After a
  /// damaged record the walk goes on at the next chunk, where the end of the bag says where that is.
  private mutating func walk(
    _ file: RandomAccessFile, _ notes: inout [Note]
  ) throws(CaptureError) -> Bool {
    var (at, count) = (Self.magic.count, 0)
    var (places, damage): ([Int]?, [CaptureError]) = (nil, [])
    defer {
      if let first = damage.first {
        warnings.append("The bag is damaged in \(damage.count) places, at first: \(first)")
      }
    }
    while at < file.size {
      count += 1
      guard count <= Self.limit else {
        throw CaptureError(.limitExceeded, "The bag has more than \(Self.limit) records.")
      }
      do throws(CaptureError) {
        let record = try Self.record(file, at)
        guard record.end <= file.size else { return false }
        try note(record, file, &notes)
        at = record.end
      } catch {
        // A header that the end of the file cuts in two is the end of a recording, not damage.
        if file.size - at < 4096, !chunks.isEmpty { return false }
        let known = places ?? chunkPlaces(file)
        places = known
        let next = known.first { $0 > at }
        guard next != nil || !chunks.isEmpty else { throw error.within("byte \(at)") }
        damage.append(error.within("byte \(at)"))
        guard let next, damage.count < 1000 else { return false }
        at = next
      }
    }
    return damage.isEmpty
  }

  /// Where chunks begin, by the records at the end of the bag; empty where these are not there.
  private func chunkPlaces(_ file: RandomAccessFile) -> [Int] {
    var places: [Int] = []
    guard let header = try? Self.record(file, Self.magic.count), header.kind == .bagHeader,
      var at = try? header.place("index_pos"), at > header.end
    else { return [] }
    while at < file.size, places.count < Self.limit, let record = try? Self.record(file, at) {
      if record.kind == .chunkInfo, let place = try? record.place("chunk_pos") {
        places.append(place)
      }
      at = record.end
    }
    return places.sorted()
  }

  private static func record(_ file: RandomAccessFile, _ at: Int) throws(CaptureError) -> BagRecord
  {
    let bytes = try file.bytes(at: at, count: 4096)
    var cursor = ByteCursor(bytes[...])
    let length = Int(try cursor.uint32())
    if length + 8 <= bytes.count || length > BagRecord.headerLimit {
      return try BagRecord(bytes[...], at: at)
    }
    return try BagRecord(try file.bytes(at: at, count: length + 8)[...], at: at)
  }

  private mutating func note(
    _ record: BagRecord, _ file: RandomAccessFile, _ notes: inout [Note]
  ) throws(CaptureError) {
    switch record.kind {
    case .bagHeader, .chunkInfo: break
    case .chunk: chunks.append(try BagChunk(record))
    case .connection:
      try add(record, try data(of: record, file))
    case .index:
      guard !chunks.isEmpty, try record.number("ver") == 1 else {
        throw CaptureError(.badInput, "An index stands before any chunk, or has another version.")
      }
      let count = Int(try record.number("count"))
      guard record.dataLength == 12 * count else {
        throw CaptureError(
          .badInput, "An index of \(count) messages has \(record.dataLength) bytes.")
      }
      notes.append(
        Note(
          connection: try record.number("conn"), chunk: Int32(chunks.count - 1), count: count,
          start: record.dataStart))
    case .message:
      throw CaptureError(.badInput, "A message stands outside of any chunk.")
    }
  }

  private func data(of record: BagRecord, _ file: RandomAccessFile) throws(CaptureError) -> [UInt8]
  {
    guard record.dataLength <= Self.connectionLimit else {
      throw CaptureError(
        .limitExceeded,
        "A connection of \(record.dataLength) bytes; at most \(Self.connectionLimit) are read.")
    }
    return try file.bytes(at: record.dataStart, count: record.dataLength)
  }

  private mutating func add(
    _ record: BagRecord, _ data: [UInt8]
  ) throws(CaptureError) {
    let fields = try BagRecord.fields(data[...])
    let type = BagRecord.value("type", in: fields).map { String(decoding: $0, as: UTF8.self) }
    connections[try record.number("conn")] = Connection(
      topic: try record.text("topic"), type: type ?? "")
  }

  private mutating func readIndex(
    _ file: RandomAccessFile, _ notes: [Note], _ wanted: (Connection) -> Int
  ) throws(CaptureError) {
    var total = 0
    for note in notes {
      guard let connection = connections[note.connection] else { continue }
      var left = wanted(connection) - (messages[connection.topic]?.count ?? 0)
      guard left > 0 else { continue }
      left = min(left, note.count)
      try count(left, &total)
      var cursor = ByteCursor(try file.bytes(at: note.start, count: 12 * left)[...])
      for _ in 0..<left {
        let time = Int64(try cursor.uint32()) * 1_000_000_000 + Int64(try cursor.uint32())
        let offset = try cursor.uint32()
        messages[connection.topic, default: []].append(
          Entry(chunk: note.chunk, offset: offset, connection: note.connection, time: time))
      }
    }
  }

  private func count(_ more: Int, _ total: inout Int) throws(CaptureError) {
    total += more
    guard total <= Self.limit else {
      throw CaptureError(.limitExceeded, "The bag lists more than \(Self.limit) messages.")
    }
  }

  /// Unpacks every chunk and lists what is in it; chunks that cannot be unpacked are counted.
  private mutating func search(
    _ file: RandomAccessFile, _ wanted: (Connection) -> Int
  ) throws(CaptureError) {
    var (lost, total) = (0, 0)
    for number in chunks.indices {
      let chunk = chunks[number]
      do throws(CaptureError) {
        guard chunk.length <= BagChunk.limit else {
          throw CaptureError(
            .limitExceeded,
            "A chunk of \(chunk.length) bytes; at most \(BagChunk.limit) are searched.")
        }
        let bytes = try chunk.unpack(try file.bytes(at: chunk.start, count: chunk.length))
        var at = 0
        while at < bytes.count {
          let record = try BagRecord(bytes[at...], at: at)
          guard record.end <= bytes.count else {
            throw CaptureError(.badInput, "A record does not end within its chunk.")
          }
          if record.kind == .connection {
            try add(record, Array(bytes[record.dataStart..<record.end]))
          } else if record.kind == .message {
            let id = try record.number("conn")
            if let connection = connections[id],
              wanted(connection) > messages[connection.topic]?.count ?? 0
            {
              try count(1, &total)
              messages[connection.topic, default: []].append(
                Entry(
                  chunk: Int32(number), offset: UInt32(at), connection: id,
                  time: try record.time("time")))
            }
          }
          at = record.end
        }
      } catch {
        guard error.code == .badInput else { throw error }
        lost += 1
      }
    }
    if lost > 0 { warnings.append("\(lost) of the bag's \(chunks.count) chunks are damaged.") }
  }
}
