public import CaptureCore
public import Foundation
internal import Matroska

/// Makes a well-formed `.mkv` out of one that a full disk, a crash or a bad copy left damaged:
/// `fieldmesh salvage`.
///
/// Every cluster whose blocks can be told apart is copied as it is, a recorder's are a thirtieth of a second.
/// One that fails its checksum keeps it, so that readers go on telling. What the end of the file would have told is made anew: sizes, cues,
/// duration, and, for recordings of Azure Kinects, the start offset, from the motion sensors' times.
public struct RecordingSalvage: Equatable, Sendable {
  /// What is known of the device's clock at the file's beginning.
  public enum StartOffset: Equatable, Sendable {
    /// The file tells it.
    case kept
    /// It was rebuilt from the motion sensors, microseconds.
    case rebuilt(microseconds: Int64)
    /// It is lost: the times of the recording begin at 0.
    case lost
    /// The file is not of a device that has one.
    case none
  }

  /// Clusters that were copied, and those among them that fail their checksums.
  public var clusters, damagedClusters: Int
  /// Bytes of the file that belong to no whole cluster.
  public var skippedBytes: Int
  /// Number of blocks in each track of the new file, by the track's name or codec.
  public var blocks: [(track: String, count: Int)]
  /// Start of the device's clock.
  public var startOffset: StartOffset

  /// Equality of all figures.
  public static func == (a: Self, b: Self) -> Bool {
    (a.clusters, a.damagedClusters, a.skippedBytes, a.startOffset)
      == (b.clusters, b.damagedClusters, b.skippedBytes, b.startOffset)
      && a.blocks.elementsEqual(b.blocks) { $0 == $1 }
  }

  /// Recovers what can be.
  ///
  /// - Parameters:
  ///   - source: The damaged file; it is not changed.
  ///   - output: The new file, which must not exist.
  /// - Throws: ``CaptureError`` `badInput` when there is nothing to recover or the new file is there
  ///   already, `tryAgain` when the disk is full or on request to stop.
  public static func salvage(
    _ source: URL, to output: URL, monitor: StageMonitor = .silent
  ) throws(CaptureError) -> RecordingSalvage {
    guard !FileManager.default.fileExists(atPath: output.path) else {
      throw CaptureError(
        .badInput, "The file is there already.", at: output.path,
        remedy: "Choose another name; nothing is overwritten.")
    }
    let file = try MatroskaFile(source)
    guard !file.tracks.isEmpty, file.clusterCount > 0 else {
      throw CaptureError(
        .badInput,
        "There is nothing to recover: no \(file.tracks.isEmpty ? "track" : "whole cluster").",
        at: source.path)
    }
    try AtomicFile.makeFolder(output.deletingLastPathComponent())
    let writer = try MatroskaWriter(output, head: try head(of: file))
    var damaged = 0
    for cluster in 0..<file.clusterCount {
      try monitor.checkCancelled()
      if try !writer.copy(cluster: cluster, of: file) { damaged += 1 }
      monitor.report(cluster + 1, file.clusterCount, "")
    }
    let offset = try startOffset(of: file)
    var tags: [MatroskaTag] = []
    if case .rebuilt(let microseconds) = offset {
      tags.append(MatroskaTag("K4A_START_OFFSET_NS", "\(microseconds * 1000)"))
    }
    try writer.finish(tags: tags)
    let whole = try MatroskaFile(output)
    return RecordingSalvage(
      clusters: file.clusterCount, damagedClusters: damaged,
      skippedBytes: file.damage.reduce(0) { $0 + $1.bytes.count },
      blocks: whole.tracks.map {
        ($0.name.isEmpty ? $0.codec : $0.name, whole.blocks(ofTrack: $0.number).count)
      }, startOffset: offset)
  }

  private static func head(of file: MatroskaFile) throws(CaptureError) -> MatroskaHead {
    guard !file.tracks.contains(where: \.isEncoded) else {
      throw CaptureError(
        .badInput, "A track is compressed once more, which is not kept.", at: file.url.path,
        remedy: "Remux the file without compression of tracks.")
    }
    var attachments: [(name: String, mediaType: String, uid: UInt64, data: Data)] = []
    for attachment in file.attachments {
      attachments.append(
        (attachment.name, attachment.mediaType, attachment.uid, try file.data(of: attachment)))
    }
    return MatroskaHead(
      title: file.title, writingApp: file.writingApp, timecodeScale: file.timecodeScale,
      tracks: file.tracks, tags: file.tags, attachments: attachments)
  }

  private static func startOffset(of file: MatroskaFile) throws(CaptureError) -> StartOffset {
    let tags = AzureKinectTags(file)
    if try tags.startOffset() != nil { return .kept }
    let tracks = KinectTracks(file, tags)
    guard tracks.color != nil || tracks.depth != nil else { return .none }
    let motion = tracks.motion.map { file.blocks(ofTrack: $0.number) } ?? []
    return KinectMotion.startOffset(motion, of: file).map { .rebuilt(microseconds: $0) } ?? .lost
  }
}

extension RecordingSalvage: CustomStringConvertible {
  /// The figures as text to read.
  public var description: String {
    var lines = [
      "\(clusters) clusters recovered, \(damagedClusters) of them with wrong checksums, \(skippedBytes) bytes in no whole cluster",
      blocks.map { "\($0.track): \($0.count)" }.joined(separator: ", "),
    ]
    switch startOffset {
    case .kept: lines.append("start offset: in the file")
    case .rebuilt(let microseconds):
      lines.append("start offset: rebuilt from the motion sensors, \(microseconds) us")
    case .lost:
      lines.append(
        "start offset: LOST, for the file tells none and has no motion samples. Times begin at 0; align this camera with the others by hand."
      )
    case .none: break
    }
    return lines.joined(separator: "\n")
  }

  /// - Throws: ``CaptureError`` `partialResult` when something that the recording held is missing or
  ///   may be wrong.
  public func checkComplete() throws(CaptureError) {
    guard damagedClusters > 0 || startOffset == .lost else { return }
    let what =
      damagedClusters > 0
      ? "Wrong checksums: \(damagedClusters) of \(clusters) clusters; pixels there may be wrong."
      : "The start offset is lost."
    throw CaptureError(.partialResult, what)
  }
}
