internal import CBZip2
internal import CLZ4
public import CaptureCore
internal import Foundation

/// Writes ROS bags of version 2.0, with an index or as if cut off before it.
public struct BagWriter {
  /// How chunks are packed.
  public enum Compression: String, CaseIterable, Sendable {
    /// Not at all.
    case none
    /// By libbz2.
    case bz2
    /// By liblz4, in its frame format.
    case lz4
  }

  private let compression: Compression
  private let messagesAChunk: Int
  private var connections: [(topic: String, type: String)] = []
  private var written: Set<Int> = []
  private var chunk: [UInt8] = []
  private var entries: [(connection: Int, time: UInt64, offset: Int)] = []
  private var count = 0
  private var body: [UInt8] = []
  /// Of each chunk: where it begins in the body, its first and last time, its messages a connection.
  private var chunks: [(place: Int, times: ClosedRange<UInt64>, counts: [(Int, Int)])] = []

  /// A bag whose chunks hold the given number of messages.
  public init(_ compression: Compression = .none, messagesAChunk: Int = 3) {
    (self.compression, self.messagesAChunk) = (compression, messagesAChunk)
  }

  /// Adds a message; `time` is that of its recording, seconds.
  public mutating func add(_ topic: String, _ type: String, time: Double, _ message: [UInt8]) {
    let known = connections.firstIndex { $0.topic == topic }
    let id = known ?? connections.count
    if known == nil { connections.append((topic, type)) }
    if written.insert(id).inserted { chunk += connection(id) }
    let nanoseconds = UInt64((time * 1e9).rounded())
    entries.append((id, nanoseconds, chunk.count))
    chunk += Self.record(
      [("op", [2]), ("conn", Self.word(id)), ("time", Self.time(nanoseconds))], message)
    count += 1
    if count % messagesAChunk == 0 { closeChunk() }
  }

  private func connection(_ id: Int) -> [UInt8] {
    let data = Self.fields([
      ("topic", Array(connections[id].topic.utf8)), ("type", Array(connections[id].type.utf8)),
      ("md5sum", Array("0".utf8)), ("message_definition", []),
    ])
    return Self.record(
      [("op", [7]), ("conn", Self.word(id)), ("topic", Array(connections[id].topic.utf8))], data)
  }

  /// Ends the chunk, so that the next message begins another one.
  public mutating func closeChunk() {
    guard !chunk.isEmpty else { return }
    let place = body.count
    body += Self.record(
      [
        ("op", [5]), ("compression", Array(compression.rawValue.utf8)),
        ("size", Self.word(chunk.count)),
      ], packed(chunk))
    var counts: [(Int, Int)] = []
    for id in connections.indices {
      let own = entries.filter { $0.connection == id }
      guard !own.isEmpty else { continue }
      counts.append((id, own.count))
      body += Self.record(
        [
          ("op", [4]), ("ver", Self.word(1)), ("conn", Self.word(id)),
          ("count", Self.word(own.count)),
        ], own.flatMap { Self.time($0.time) + Self.word($0.offset) })
    }
    let times = entries.map(\.time)
    chunks.append((place, (times.min() ?? 0)...(times.max() ?? 0), counts))
    (chunk, entries, count) = ([], [], 0)
  }

  /// The bag's bytes; without an index, those of a recording that was cut off after its last chunk.
  public mutating func bytes(withIndex: Bool = true) -> [UInt8] {
    closeChunk()
    let magic = Array("#ROSBAG V2.0\n".utf8)
    // Header and padding have 4096 bytes together, so that the header can be written at the end.
    func header(_ place: Int) -> [UInt8] {
      let fields: [(String, [UInt8])] = [
        ("op", [3]), ("index_pos", Self.word(place) + Self.word(0)),
        ("conn_count", Self.word(connections.count)), ("chunk_count", Self.word(chunks.count)),
      ]
      let length = Self.record(fields, []).count
      return Self.record(fields, [UInt8](repeating: 0x20, count: 4096 - length))
    }
    guard withIndex else { return magic + header(0) + body }
    let start = magic.count + 4096
    var index = connections.indices.flatMap(connection)
    for chunk in chunks {
      index += Self.record(
        [
          ("op", [6]), ("ver", Self.word(1)),
          ("chunk_pos", Self.word(start + chunk.place) + Self.word(0)),
          ("start_time", Self.time(chunk.times.lowerBound)),
          ("end_time", Self.time(chunk.times.upperBound)), ("count", Self.word(chunk.counts.count)),
        ], chunk.counts.flatMap { Self.word($0.0) + Self.word($0.1) })
    }
    return magic + header(start + body.count) + body + index
  }

  private func packed(_ bytes: [UInt8]) -> [UInt8] {
    switch compression {
    case .none: return bytes
    case .bz2:
      var (bytes, count) = (bytes, UInt32(bytes.count * 2 + 1024))
      var out = [CChar](repeating: 0, count: Int(count))
      let status = bytes.withUnsafeMutableBytes {
        BZ2_bzBuffToBuffCompress(
          &out, &count, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32($0.count), 9, 0,
          0)
      }
      precondition(status == 0, "bzip2 packs what fits")
      return out.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    case .lz4:
      // With the checksum of the contents, as ROS writes it.
      var preferences = LZ4F_preferences_t()
      preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
      var out = [UInt8](repeating: 0, count: LZ4F_compressFrameBound(bytes.count, &preferences))
      let count = LZ4F_compressFrame(&out, out.count, bytes, bytes.count, &preferences)
      precondition(LZ4F_isError(count) == 0, "lz4 packs what fits")
      return Array(out.prefix(count))
    }
  }

  private static func fields(_ fields: [(String, [UInt8])]) -> [UInt8] {
    fields.flatMap { name, value in
      let field = Array("\(name)=".utf8) + value
      return word(field.count) + field
    }
  }

  private static func record(_ header: [(String, [UInt8])], _ data: [UInt8]) -> [UInt8] {
    let header = fields(header)
    return word(header.count) + header + word(data.count) + data
  }

  /// 32 bits, little endian.
  public static func word(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func time(_ nanoseconds: UInt64) -> [UInt8] {
    word(Int(nanoseconds / 1_000_000_000)) + word(Int(nanoseconds % 1_000_000_000))
  }
}

/// Messages of ROS, serialized.
public enum ROSBytes {
  /// A string behind its length.
  public static func string(_ text: String) -> [UInt8] {
    BagWriter.word(text.utf8.count) + Array(text.utf8)
  }

  /// Numbers of 64 bits.
  public static func doubles(_ numbers: [Double]) -> [UInt8] {
    numbers.flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
    }
  }

  /// `std_msgs/Float32`.
  public static func float(_ number: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
  }

  /// `std_msgs/Header`.
  public static func header(_ sequence: Int, _ time: Double, frame: String = "0") -> [UInt8] {
    let nanoseconds = Int((time * 1e9).rounded())
    return BagWriter.word(sequence) + BagWriter.word(nanoseconds / 1_000_000_000)
      + BagWriter.word(nanoseconds % 1_000_000_000) + string(frame)
  }

  /// `sensor_msgs/Image`; with a depth unit as librealsense writes it.
  public static func image(
    _ sequence: Int, _ time: Double, _ size: (width: Int, height: Int), _ encoding: String,
    step: Int, _ data: [UInt8], depthUnit: Float? = nil
  ) -> [UInt8] {
    header(sequence, time, frame: depthUnit == nil ? "0" : "1") + BagWriter.word(size.height)
      + BagWriter.word(size.width) + string(encoding) + [0] + BagWriter.word(step)
      + BagWriter.word(data.count) + data + (depthUnit.map(float) ?? [])
  }

  /// `sensor_msgs/CameraInfo`.
  public static func cameraInfo(
    _ lens: CameraModel, _ model: String = "Brown Conrady",
    _ distortion: [Double] = [0, 0, 0, 0, 0]
  ) -> [UInt8] {
    let k = lens.intrinsics
    return header(0, 0) + BagWriter.word(lens.height) + BagWriter.word(lens.width) + string(model)
      + BagWriter.word(distortion.count) + doubles(distortion)
      + doubles([k.fx, 0, k.cx, 0, k.fy, k.cy, 0, 0, 1])
      + doubles([Double](repeating: 0, count: 21)) + [UInt8](repeating: 0, count: 25)
  }

  /// `geometry_msgs/Transform`.
  public static func transform(_ transform: RigidTransform) -> [UInt8] {
    let t = transform.translation
    return doubles([t.x, t.y, t.z] + RecordingFixture.quaternion(transform))
  }
}
