internal import CaptureCore

/// Walks over the elements of a segment once, and goes on behind what is damaged.
struct SegmentScanner {
  /// What a walk tells of.
  enum Finding {
    /// An element of the segment other than a cluster, with its whole data in the file.
    case part(EBMLElement)
    /// A whole cluster: its timecode, and its blocks in the order of the file.
    case cluster(MatroskaCluster, timecode: UInt64, blocks: [EBMLElement])
  }

  /// Most elements that are looked at in clusters that turn out to be damaged.
  static let wastedLimit = 4 << 20
  /// Largest part other than clusters, bytes, but for attachments.
  static let partLimit = 1 << 20
  /// Most parts other than clusters, padding included.
  static let partCountLimit = 1 << 20
  /// Most blocks of one cluster.
  static let clusterBlockLimit = 1 << 20

  private var bytes: BufferedBytes
  private let file: RandomAccessFile
  private let end: Int
  private var wasted = 0
  private var parts = 0
  /// Where clusters are looked for behind damage: a piece of the file, read once.
  private var searched: (start: Int, bytes: [UInt8]) = (0, [])
  private(set) var damage: [MatroskaDamage] = []
  /// Where the file ends inside of an element; nil where it ends between two.
  private(set) var tornAt: Int?

  init(_ file: RandomAccessFile, end: Int) {
    (self.file, self.end) = (file, end)
    bytes = BufferedBytes(file)
  }

  /// Reads the head at a place.
  mutating func head(at offset: Int) throws(CaptureError) -> EBMLElement? {
    EBMLElement(try bytes.bytes(at: offset, count: EBMLElement.longestHead), at: offset)
  }

  /// Calls `found` for everything from `start` to the segment's end.
  mutating func walk(
    from start: Int, _ found: (Finding) throws(CaptureError) -> Void
  ) throws(CaptureError) {
    var at = start
    while at < end {
      if let next = try step(at, found) {
        at = next
        continue
      }
      let next = try resynchronized(after: at, found)
      damage.append(MatroskaDamage(bytes: at..<(next.start ?? end)))
      at = next.end
    }
  }

  /// Reads one element of the segment; nil where it is damaged.
  private mutating func step(
    _ at: Int, _ found: (Finding) throws(CaptureError) -> Void
  ) throws(CaptureError) -> Int? {
    guard let element = try head(at: at), ElementID.topLevel.contains(element.id) else {
      return nil
    }
    if element.id == ElementID.cluster {
      guard let (finding, next) = try cluster(element) else { return nil }
      try found(finding)
      return next
    }
    guard let next = element.end, next <= end else { return nil }
    parts += 1
    guard parts <= Self.partCountLimit else {
      throw CaptureError(
        .limitExceeded, "The file has more than \(Self.partCountLimit) parts besides its clusters.",
        at: file.path)
    }
    try found(.part(element))
    return next
  }

  /// Goes on at the next whole cluster, or at the end.
  private mutating func resynchronized(
    after start: Int, _ found: (Finding) throws(CaptureError) -> Void
  ) throws(CaptureError) -> (start: Int?, end: Int) {
    var at = start + 1
    while let candidate = try nextClusterID(from: at) {
      if let element = try head(at: candidate), let (finding, next) = try cluster(element) {
        try found(finding)
        return (candidate, next)
      }
      at = candidate + 1
    }
    tornAt = tornAt ?? start
    return (nil, end)
  }

  private mutating func nextClusterID(from start: Int) throws(CaptureError) -> Int? {
    let chunk = 1 << 20
    var at = start
    while at + 4 <= end {
      let known = searched.start..<searched.start + searched.bytes.count
      if !(known.contains(at) && at + 4 <= known.upperBound) {
        searched = (at, [UInt8](try file.read(at..<min(at + chunk, end))))
      }
      let first = at - searched.start
      let hit = searched.bytes.withUnsafeBufferPointer { bytes -> Int? in
        for i in first..<max(first, bytes.count - 3)
        where bytes[i] == 0x1F && bytes[i + 1] == 0x43 && bytes[i + 2] == 0xB6
          && bytes[i + 3] == 0x75
        {
          return i
        }
        return nil
      }
      if let hit { return searched.start + hit }
      at = searched.start + searched.bytes.count - 3
    }
    return nil
  }

  /// A whole cluster and what follows it; nil where it is cut off or damaged.
  private mutating func cluster(
    _ element: EBMLElement
  ) throws(CaptureError) -> (Finding, Int)? {
    let limit = element.size == nil ? end : element.end ?? Int.max
    wasted += 1
    guard limit <= end else {
      if limit != Int.max { tornAt = element.start }
      return nil
    }
    var at = element.data
    var (timecode, checksum): (UInt64?, UInt32?) = (nil, nil)
    var content = element.data
    var blocks: [EBMLElement] = []
    while at < limit {
      wasted += 1
      guard wasted <= Self.wastedLimit else {
        throw CaptureError(
          .limitExceeded, "The file is too damaged to be read.", at: "\(file.path), byte \(at)")
      }
      guard let child = try head(at: at) else { return nil }
      if element.size == nil, ElementID.topLevel.contains(child.id),
        child.id != ElementID.void, child.id != ElementID.crc32
      {
        break
      }
      guard ElementID.inCluster.contains(child.id), let next = child.end, next <= limit else {
        return nil
      }
      switch child.id {
      case ElementID.timecode:
        guard let value = try unsigned(child) else { return nil }
        timecode = value
      case ElementID.crc32 where at == element.data && child.size == 4:
        let bytes = try bytes.bytes(at: child.data, count: 4)
        checksum = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        content = next
      case ElementID.simpleBlock, ElementID.blockGroup:
        guard blocks.count < Self.clusterBlockLimit else { return nil }
        blocks.append(child)
      default: break
      }
      at = next
    }
    guard let timecode else { return nil }
    // What was looked at was of use after all.
    wasted -= min(wasted, blocks.count + 4)
    // The last cluster of unknown size may be cut between two blocks; nobody can tell.
    return (
      .cluster(
        MatroskaCluster(content: content..<at, checksum: element.size == nil ? nil : checksum),
        timecode: timecode, blocks: blocks), at
    )
  }

  /// An unsigned number that an element holds; nil where it has no such shape.
  mutating func unsigned(_ element: EBMLElement) throws(CaptureError) -> UInt64? {
    guard let size = element.size, size <= 8 else { return nil }
    return try bytes.bytes(at: element.data, count: size).unsigned
  }

  /// The whole data of a small element.
  mutating func data(_ element: EBMLElement, count: Int) throws(CaptureError) -> ArraySlice<UInt8> {
    try bytes.bytes(at: element.data, count: count)
  }
}
