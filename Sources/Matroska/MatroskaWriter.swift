public import CaptureCore
public import Foundation

/// Writes a Matroska file cluster by cluster; memory is that of one cluster and the cues.
///
/// The file has its name once ``finish(tags:)`` has made it whole; until then there is none.
/// Of one thread at a time.
public final class MatroskaWriter {
  private let stream: AtomicFileStream
  private let head: MatroskaHead
  private let places: (bytes: Data, segment: Int, tracks: Int, attachments: Int?, tags: Int)
  private var cues: [(ticks: Int64, track: Int, position: Int)] = []
  private var lastTicks: Int64 = 0

  /// Begins a file with its head; one tag more fits at the end, see ``finish(tags:)``.
  /// - Throws: ``CaptureError`` when the file cannot be written.
  public init(_ url: URL, head: MatroskaHead) throws(CaptureError) {
    self.head = head
    stream = try AtomicFileStream(url)
    places = MatroskaLayout.parts(of: head)
    try stream.append(places.bytes)
  }

  /// Adds a cluster of blocks that lie within 32,767 ticks of its time.
  /// - Throws: ``CaptureError`` when writing fails.
  public func write(clusterAt ticks: Int64, _ samples: [MatroskaSample]) throws(CaptureError) {
    note(ticks, samples.map { ($0.track, $0.ticks + ($0.duration ?? 0)) })
    try stream.append(MatroskaLayout.cluster(at: ticks, samples))
  }

  /// Copies a cluster of another file as it is, checksum and all.
  ///
  /// - Parameters:
  ///   - cluster: Number of the cluster.
  ///   - file: A file of the same tracks and ticks.
  /// - Returns: Whether the cluster fits its checksum.
  /// - Throws: ``CaptureError`` when reading or writing fails.
  public func copy(cluster: Int, of file: MatroskaFile) throws(CaptureError) -> Bool {
    let cluster = file.clusters[cluster]
    let isWhole = try MatroskaFile.isWhole(cluster, in: file.file)
    var blocks: [(Int, Int64)] = []
    var bytes = BufferedBytes(file.file)
    var (at, time): (Int, Int64) = (cluster.content.lowerBound, 0)
    while at < cluster.content.upperBound {
      let head = EBMLElement(
        try bytes.bytes(at: at, count: EBMLElement.longestHead), at: at)
      guard let head, let next = head.end, next <= cluster.content.upperBound else {
        throw CaptureError(
          .badInput, "The cluster changed while it was read.", at: "\(file.url.path), byte \(at)")
      }
      if head.id == ElementID.timecode, let size = head.size, size <= 8 {
        time = Int64(
          clamping: try bytes.bytes(at: head.data, count: size).unsigned ?? 0)
      } else if [ElementID.simpleBlock, ElementID.blockGroup].contains(head.id),
        let block = try BlockHead(at: at, &bytes)
      {
        blocks.append((block.track, time + Int64(block.ticks)))
      }
      at = next
    }
    note(time, blocks)
    let checksum = cluster.checksum.map {
      EBMLEncoder.element(ElementID.crc32, withUnsafeBytes(of: $0.littleEndian) { Data($0) })
    }
    try stream.append(
      EBMLEncoder.head(
        ElementID.cluster, size: cluster.content.count + (checksum?.count ?? 0))
        + (checksum ?? Data()))
    at = cluster.content.lowerBound
    while at < cluster.content.upperBound {
      let end = min(at + 1 << 20, cluster.content.upperBound)
      try stream.append(try file.file.read(at..<end))
      at = end
    }
    return isWhole
  }

  /// A cue a second, for the first track.
  private func note(_ ticks: Int64, _ blocks: [(track: Int, end: Int64)]) {
    for block in blocks { lastTicks = max(lastTicks, block.end) }
    guard let track = head.tracks.first?.number, blocks.contains(where: { $0.track == track }),
      cues.last.map({ (ticks - $0.ticks) * head.timecodeScale >= 1_000_000_000 }) ?? true
    else { return }
    cues.append((ticks, track, stream.count - places.segment))
  }

  /// Gives the file its name as a recorder leaves it that was stopped: no cues, no duration, no
  /// size of the segment. For recordings that readers of damaged files are tested with.
  /// - Throws: ``CaptureError`` when writing fails.
  package func leaveUnfinished() throws(CaptureError) { try stream.commit() }

  /// Makes the file whole: cues, duration, seek head, tags, sizes; then gives it its name.
  ///
  /// - Parameter tags: Tags that came to be known since; the room for them is 1 KiB.
  /// - Throws: ``CaptureError`` when writing fails or the tags have no room.
  public func finish(tags more: [MatroskaTag] = []) throws(CaptureError) {
    let cuesPosition = stream.count - places.segment
    if !cues.isEmpty { try stream.append(MatroskaLayout.cues(cues)) }
    if !more.isEmpty {
      let room = MatroskaLayout.tags(head.tags).count + MatroskaLayout.tagsRoom
      let tags = MatroskaLayout.padded(MatroskaLayout.tags(head.tags + more), to: room)
      guard tags.count == room else {
        throw CaptureError(.limitExceeded, "There is no room for more tags.")
      }
      try stream.overwrite(tags, at: places.tags)
    }
    var seeks: [(id: UInt32, position: Int)] = [
      (ElementID.info, MatroskaLayout.seekHeadRoom),
      (ElementID.tracks, places.tracks - places.segment),
      (ElementID.tags, places.tags - places.segment),
    ]
    if let attachments = places.attachments {
      seeks.append((ElementID.attachments, attachments - places.segment))
    }
    if !cues.isEmpty { seeks.append((ElementID.cues, cuesPosition)) }
    try stream.overwrite(
      MatroskaLayout.padded(MatroskaLayout.seekHead(seeks), to: MatroskaLayout.seekHeadRoom),
      at: places.segment)
    try stream.overwrite(
      MatroskaLayout.padded(
        MatroskaLayout.info(head, duration: lastTicks), to: MatroskaLayout.infoRoom),
      at: places.segment + MatroskaLayout.seekHeadRoom)
    let size = stream.count - places.segment
    try stream.overwrite(
      EBMLEncoder.bigEndian(UInt64(size) | 1 << 56), at: places.segment - 8)
    try stream.commit()
  }
}
