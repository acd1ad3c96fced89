internal import CDeflate
public import CaptureCore
public import Foundation
internal import Synchronization

/// A Matroska file that is open for reading: descriptions and places of blocks in memory, payloads
/// read when they are asked for, by any thread.
///
/// Opening passes once over the heads of all elements. A file without an end, or with damage in it,
/// opens as far as whole clusters go; ``damage`` and ``isFinished`` tell. Every size is checked
/// against the file, and against the limits that the module's README lists.
public struct MatroskaFile: Sendable {
  /// Most blocks that are indexed.
  public static let blockLimit = 8 << 20
  /// Most clusters that are indexed.
  public static let clusterLimit = 4 << 20
  /// Largest frame, bytes.
  public static let frameLimit = 256 << 20
  /// Largest attachment that is read, bytes.
  public static let attachmentLimit = 16 << 20
  static let checkedClusterLimit = 512 << 20

  /// The file.
  public let url: URL
  /// Its tracks, in the order of the file.
  public let tracks: [MatroskaTrack]
  /// Its tags, in the order of the file: a later one counts more.
  public let tags: [MatroskaTag]
  /// The files inside of it.
  public let attachments: [MatroskaAttachment]
  /// Title and writing program; may be empty.
  public let title, writingApp: String
  /// Nanoseconds of one tick of the file's times.
  public let timecodeScale: Int64
  /// Whether the file was finished by its writer: its segment has a size, and it has cues or a
  /// duration.
  public let isFinished: Bool
  /// What was skipped because it could not be read.
  public let damage: [MatroskaDamage]
  /// Number of whole clusters.
  public var clusterCount: Int { clusters.count }

  let file: RandomAccessFile
  let clusters: [MatroskaCluster]
  private let blocksByTrack: [Int: [MatroskaBlock]]
  private let checks: ClusterChecks

  /// Opens a file.
  /// - Throws: ``CaptureError`` `badInput`, naming file and byte, for what is no Matroska file or
  ///   whose descriptions are damaged; `limitExceeded` beyond the limits.
  public init(_ url: URL) throws(CaptureError) {
    let file = try RandomAccessFile(url)
    let segment = try MatroskaFile.segment(of: file)
    let declared = segment.end.flatMap { $0 > segment.data && $0 <= file.size ? $0 : nil }
    var scanner = SegmentScanner(file, end: declared ?? file.size)
    var head = HeadReader(file)
    var index = BlockIndex()
    var hasCues = false
    try scanner.walk(from: segment.data) { finding throws(CaptureError) in
      switch finding {
      case .part(let element):
        hasCues = hasCues || element.id == ElementID.cues
        try head.add(element)
      case .cluster(let cluster, let timecode, let blocks):
        try index.add(cluster, timecode: timecode, blocks, of: file)
      }
    }
    (self.url, self.file) = (url, file)
    tracks = head.tracks
    tags = head.tags
    attachments = head.attachments
    (title, writingApp, timecodeScale) = (head.title, head.writingApp, head.timecodeScale)
    damage = scanner.damage
    isFinished = declared != nil && (hasCues || head.duration != nil) && scanner.tornAt == nil
    clusters = index.clusters
    blocksByTrack = try index.finished(scale: head.timecodeScale, path: url.path)
    checks = ClusterChecks(count: clusters.count)
  }

  /// Finds the segment behind the file's own head.
  private static func segment(of file: RandomAccessFile) throws(CaptureError) -> EBMLElement {
    var scanner = SegmentScanner(file, end: file.size)
    guard let ebml = try scanner.head(at: 0), ebml.id == ElementID.ebml, let size = ebml.size,
      size <= 4096, let end = ebml.end, end <= file.size
    else {
      throw CaptureError(.badInput, "This is not a Matroska file.", at: file.path)
    }
    var at = ebml.data
    while at < end {
      guard let child = try scanner.head(at: at), let next = child.end, next <= end else { break }
      if child.id == ElementID.docType {
        let type = try scanner.data(child, count: min(child.size ?? 0, 64)).text ?? ""
        guard type == "matroska" || type == "webm" else {
          throw CaptureError(
            .badInput, "The file is of the EBML type `\(type)`, not matroska.", at: file.path)
        }
      }
      if child.id == ElementID.docTypeReadVersion {
        let version = try scanner.unsigned(child) ?? .max
        guard version <= 2 else {
          throw CaptureError(
            .badInput, "The file needs a reader of Matroska version \(version); this one reads 2.",
            at: file.path)
        }
      }
      at = next
    }
    at = end
    // Only some padding may stand before the segment.
    for _ in 0..<16 {
      guard let element = try scanner.head(at: at) else { break }
      if element.id == ElementID.segment { return element }
      guard element.id == ElementID.void, let next = element.end, next < file.size else { break }
      at = next
    }
    throw CaptureError(.badInput, "The Matroska file has no segment.", at: file.path)
  }

  /// The blocks of a track by time; those of one time in the order of the file.
  public func blocks(ofTrack number: Int) -> [MatroskaBlock] { blocksByTrack[number] ?? [] }

  /// The bytes of an attachment.
  /// - Throws: ``CaptureError`` `limitExceeded` for a large one.
  public func data(of attachment: MatroskaAttachment) throws(CaptureError) -> Data {
    guard attachment.range.count <= Self.attachmentLimit else {
      throw CaptureError(
        .limitExceeded,
        "The attachment `\(attachment.name)` has \(attachment.range.count) bytes; at most \(Self.attachmentLimit) are read.",
        at: url.path)
    }
    return try file.read(attachment.range)
  }

  /// The frames of a block: one, or several that share it.
  ///
  /// Frames of a cluster whose checksum is wrong are given as well, for one wrong bit seldom spoils
  /// them all; ``wrongChecksums`` tells from then on.
  /// - Throws: ``CaptureError`` `badInput` when the block's own sizes do not add up.
  public func frames(of block: MatroskaBlock) throws(CaptureError) -> [Data] {
    let place = "\(url.path), byte \(block.position)"
    if clusters.indices.contains(Int(block.cluster)) {
      let cluster = Int(block.cluster)
      try checks.look(at: cluster) { () throws(CaptureError) in
        try MatroskaFile.isWhole(clusters[cluster], in: file)
      }
    }
    var bytes = BufferedBytes(file)
    guard let head = try BlockHead(at: block.position, &bytes), head.payload.count > 0 else {
      throw CaptureError(.badInput, "The block is damaged.", at: place)
    }
    guard head.payload.count <= Self.frameLimit else {
      throw CaptureError(
        .limitExceeded,
        "The block has \(head.payload.count) bytes; at most \(Self.frameLimit) are read.",
        at: place)
    }
    let lace = try bytes.bytes(
      at: head.payload.lowerBound, count: min(head.payload.count, 8 * BlockLacing.frameLimit))
    guard
      let ranges = BlockLacing.frames(flags: head.flags, lace, count: head.payload.count)
    else {
      throw CaptureError(.badInput, "The sizes of the frames of a block are damaged.", at: place)
    }
    let start = head.payload.lowerBound
    return try ranges.map { range throws(CaptureError) in
      try file.read(start + range.lowerBound..<start + range.upperBound)
    }
  }

  /// Clusters that were found to fail their checksum, of those that frames were read from so far:
  /// how many, and where the first begins; nil where there is none.
  public var wrongChecksums: (count: Int, firstByte: Int)? {
    let damaged = checks.damaged
    return damaged.first.map { (damaged.count, clusters[$0].content.lowerBound) }
  }

  /// Whether the block is in one of these clusters.
  public func hasWrongChecksum(_ block: MatroskaBlock) -> Bool {
    checks.isDamaged(Int(block.cluster))
  }

  /// Whether a cluster's bytes fit its checksum, if it has one.
  static func isWhole(
    _ cluster: MatroskaCluster, in file: RandomAccessFile
  ) throws(CaptureError) -> Bool {
    guard let checksum = cluster.checksum else { return true }
    guard cluster.content.count <= checkedClusterLimit else { return true }
    var sum: UInt32 = 0
    var at = cluster.content.lowerBound
    while at < cluster.content.upperBound {
      let end = min(at + 1 << 20, cluster.content.upperBound)
      sum = try file.read(at..<end).withUnsafeBytes {
        libdeflate_crc32(sum, $0.baseAddress, $0.count)
      }
      at = end
    }
    return sum == checksum
  }
}

/// Which clusters were found whole or damaged; each is looked at once.
private final class ClusterChecks: Sendable {
  private enum State: UInt8 { case unknown, whole, damaged }
  private let states: Mutex<[State]>

  init(count: Int) { states = Mutex([State](repeating: .unknown, count: count)) }

  /// The damaged ones, in order.
  var damaged: [Int] {
    states.withLock { states in states.indices.filter { states[$0] == .damaged } }
  }

  func isDamaged(_ cluster: Int) -> Bool {
    states.withLock { $0.indices.contains(cluster) && $0[cluster] == .damaged }
  }

  func look(
    at cluster: Int, _ isWhole: () throws(CaptureError) -> Bool
  ) throws(CaptureError) {
    guard states.withLock({ $0[cluster] }) == .unknown else { return }
    // Two threads may look at once; they find the same.
    let isWhole = try isWhole()
    states.withLock { $0[cluster] = isWhole ? .whole : .damaged }
  }
}

/// The head of a block: track, time, flags, and where its payload lies.
struct BlockHead {
  var track: Int
  var ticks: Int16
  var flags: UInt8
  var payload: Range<Int>
  /// How long the block lasts, ticks; only groups say so.
  var duration: UInt64?

  /// Reads the block or group of blocks at a place; nil where it is damaged.
  init?(at position: Int, _ bytes: inout BufferedBytes) throws(CaptureError) {
    func head(_ at: Int) throws(CaptureError) -> EBMLElement? {
      EBMLElement(try bytes.bytes(at: at, count: EBMLElement.longestHead), at: at)
    }
    guard var element = try head(position), let end = element.end else { return nil }
    if element.id == ElementID.blockGroup {
      var (at, inner): (Int, EBMLElement?) = (element.data, nil)
      var left = 16
      while at < end, left > 0, let child = try head(at), let next = child.end, next <= end {
        if child.id == ElementID.block { inner = inner ?? child }
        if child.id == ElementID.blockDuration, let size = child.size, size <= 8 {
          duration = try bytes.bytes(at: child.data, count: size).unsigned
        }
        (at, left) = (next, left - 1)
      }
      guard let inner else { return nil }
      element = inner
    }
    guard let blockEnd = element.end,
      let number = VariableInteger(try bytes.bytes(at: element.data, count: 8)),
      number.value < 1 << 40
    else { return nil }
    let fields = try bytes.bytes(at: element.data + number.length, count: 3)
    let start = element.data + number.length + 3
    guard fields.count == 3, start <= blockEnd else { return nil }
    track = Int(number.value)
    ticks = Int16(
      bitPattern: UInt16(fields[fields.startIndex]) << 8 | UInt16(fields[fields.startIndex + 1]))
    flags = fields[fields.startIndex + 2]
    payload = start..<blockEnd
  }
}

/// Gathers where blocks are.
private struct BlockIndex {
  private(set) var clusters: [MatroskaCluster] = []
  private var blocks: [Int: [MatroskaBlock]] = [:]
  private var count = 0

  /// Takes in a cluster; times are kept in ticks until the scale is known. Blocks whose heads are
  /// damaged are left out.
  mutating func add(
    _ cluster: MatroskaCluster, timecode: UInt64, _ elements: [EBMLElement],
    of file: RandomAccessFile
  ) throws(CaptureError) {
    count += elements.count
    guard count <= MatroskaFile.blockLimit, clusters.count < MatroskaFile.clusterLimit else {
      throw CaptureError(
        .limitExceeded,
        "The file has more than \(MatroskaFile.blockLimit) blocks or \(MatroskaFile.clusterLimit) clusters.",
        at: file.path)
    }
    guard let base = Int64(exactly: timecode), base < 1 << 53 else {
      throw CaptureError(
        .badInput, "The time \(timecode) of a cluster is out of range.",
        at: "\(file.path), byte \(cluster.content.lowerBound)")
    }
    let number = UInt32(clusters.count)
    clusters.append(cluster)
    var bytes = BufferedBytes(file, window: 256)
    for element in elements {
      guard let head = try BlockHead(at: element.start, &bytes) else { continue }
      blocks[head.track, default: []].append(
        MatroskaBlock(time: base + Int64(head.ticks), position: element.start, cluster: number))
    }
  }

  /// The blocks by track and time.
  func finished(scale: Int64, path: String) throws(CaptureError) -> [Int: [MatroskaBlock]] {
    var result: [Int: [MatroskaBlock]] = [:]
    for (track, var list) in blocks {
      for i in list.indices {
        let (time, overflow) = list[i].time.multipliedReportingOverflow(by: scale)
        guard !overflow else {
          throw CaptureError(.badInput, "A time of the file is out of range.", at: path)
        }
        list[i].time = time
      }
      let isSorted = zip(list, list.dropFirst()).allSatisfy { $0.time <= $1.time }
      result[track] =
        isSorted ? list : list.sorted { ($0.time, $0.position) < ($1.time, $1.position) }
    }
    return result
  }
}
