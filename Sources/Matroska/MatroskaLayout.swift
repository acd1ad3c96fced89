public import Foundation

/// What a file says before its first cluster.
public struct MatroskaHead: Sendable {
  /// Title, and the program that writes.
  public var title, writingApp: String
  /// Nanoseconds of one tick of the file's times.
  public var timecodeScale: Int64
  /// Tracks, in order.
  public var tracks: [MatroskaTrack]
  /// Tags.
  public var tags: [MatroskaTag]
  /// Files to be put inside: name, media type, unique number, bytes.
  public var attachments: [(name: String, mediaType: String, uid: UInt64, data: Data)]

  /// A head of the given parts.
  public init(
    title: String = "", writingApp: String, timecodeScale: Int64 = 1000, tracks: [MatroskaTrack],
    tags: [MatroskaTag] = [],
    attachments: [(name: String, mediaType: String, uid: UInt64, data: Data)] = []
  ) {
    (self.title, self.writingApp, self.timecodeScale) = (title, writingApp, timecodeScale)
    (self.tracks, self.tags, self.attachments) = (tracks, tags, attachments)
  }
}

/// A block to be written.
public struct MatroskaSample: Sendable {
  /// Number of the track.
  public var track: Int
  /// Time, ticks from the file's beginning.
  public var ticks: Int64
  /// One frame, or several that share the block.
  public var frames: [Data]
  /// How long the block lasts, ticks; given, the block becomes a group.
  public var duration: Int64?

  /// A block.
  public init(track: Int, ticks: Int64, frames: [Data], duration: Int64? = nil) {
    (self.track, self.ticks, self.frames, self.duration) = (track, ticks, frames, duration)
  }
}

/// The bytes of the parts of a file, as depth cameras lay them out: heads with room that is filled
/// in at the end, clusters, cues.
public enum MatroskaLayout {
  /// Bytes kept for the seek head, for the description, and for tags that grow.
  static let (seekHeadRoom, infoRoom, tagsRoom) = (1024, 256, 1024)

  /// Everything before the first cluster, of a file that is not finished.
  public static func head(_ head: MatroskaHead) -> Data { parts(of: head).bytes }

  /// The head, with where its parts begin.
  static func parts(of head: MatroskaHead) -> (
    bytes: Data, segment: Int, tracks: Int, attachments: Int?, tags: Int
  ) {
    var bytes = EBMLEncoder.element(
      ElementID.ebml,
      [
        EBMLEncoder.element(ElementID.ebmlVersion, unsigned: 1),
        EBMLEncoder.element(ElementID.ebmlReadVersion, unsigned: 1),
        EBMLEncoder.element(ElementID.ebmlMaxIDLength, unsigned: 4),
        EBMLEncoder.element(ElementID.ebmlMaxSizeLength, unsigned: 8),
        EBMLEncoder.element(ElementID.docType, text: "matroska"),
        EBMLEncoder.element(ElementID.docTypeVersion, unsigned: 2),
        EBMLEncoder.element(ElementID.docTypeReadVersion, unsigned: 2),
      ])
    bytes += EBMLEncoder.openHead(ElementID.segment)
    let segment = bytes.count
    bytes += EBMLEncoder.void(seekHeadRoom)
    bytes += padded(info(head, duration: nil), to: infoRoom)
    let tracks = bytes.count
    bytes += EBMLEncoder.element(ElementID.tracks, head.tracks.map(track))
    var attachments: Int?
    if !head.attachments.isEmpty {
      attachments = bytes.count
      bytes += EBMLEncoder.element(ElementID.attachments, head.attachments.map(attachment))
    }
    let tags = bytes.count
    bytes += self.tags(head.tags)
    bytes += EBMLEncoder.void(tagsRoom)
    return (bytes, segment, tracks, attachments, tags)
  }

  /// An element and padding behind it; at least two bytes of it, or none.
  static func padded(_ element: Data, to count: Int) -> Data {
    element.count + 2 <= count ? element + EBMLEncoder.void(count - element.count) : element
  }

  static func info(_ head: MatroskaHead, duration: Int64?) -> Data {
    var parts = [
      EBMLEncoder.element(ElementID.timecodeScale, unsigned: UInt64(head.timecodeScale)),
      EBMLEncoder.element(ElementID.muxingApp, text: "fieldmesh"),
      EBMLEncoder.element(ElementID.writingApp, text: String(head.writingApp.prefix(64))),
    ]
    if !head.title.isEmpty {
      parts.append(EBMLEncoder.element(ElementID.title, text: String(head.title.prefix(64))))
    }
    if let duration {
      parts.append(EBMLEncoder.element(ElementID.duration, double: Double(duration)))
    }
    return EBMLEncoder.element(ElementID.info, parts)
  }

  private static func track(_ track: MatroskaTrack) -> Data {
    var parts = [
      EBMLEncoder.element(ElementID.trackNumber, unsigned: UInt64(track.number)),
      EBMLEncoder.element(ElementID.trackUID, unsigned: track.uid),
      EBMLEncoder.element(ElementID.trackType, unsigned: UInt64(track.kind)),
      EBMLEncoder.element(ElementID.codecID, text: track.codec),
      EBMLEncoder.element(ElementID.trackName, text: track.name),
    ]
    if !track.codecPrivate.isEmpty {
      parts.append(EBMLEncoder.element(ElementID.codecPrivate, track.codecPrivate))
    }
    if track.defaultDuration > 0 {
      parts.append(
        EBMLEncoder.element(ElementID.defaultDuration, unsigned: UInt64(track.defaultDuration)))
    }
    if track.width > 0 {
      parts.append(
        EBMLEncoder.element(
          ElementID.video,
          [
            EBMLEncoder.element(ElementID.pixelWidth, unsigned: UInt64(track.width)),
            EBMLEncoder.element(ElementID.pixelHeight, unsigned: UInt64(track.height)),
          ]))
    }
    return EBMLEncoder.element(ElementID.trackEntry, parts)
  }

  private static func attachment(
    _ file: (name: String, mediaType: String, uid: UInt64, data: Data)
  ) -> Data {
    EBMLEncoder.element(
      ElementID.attachedFile,
      [
        EBMLEncoder.element(ElementID.fileName, text: file.name),
        EBMLEncoder.element(ElementID.fileMediaType, text: file.mediaType),
        EBMLEncoder.element(ElementID.fileData, file.data),
        EBMLEncoder.element(ElementID.fileUID, unsigned: file.uid),
      ])
  }

  static func tags(_ tags: [MatroskaTag]) -> Data {
    let entries = tags.map { tag -> Data in
      var target = Data()
      if tag.track != 0 {
        target =
          EBMLEncoder.element(ElementID.targetType, text: "TRACK")
          + EBMLEncoder.element(ElementID.tagTrackUID, unsigned: tag.track)
      } else if tag.attachment != 0 {
        target =
          EBMLEncoder.element(ElementID.targetType, text: "ATTACHMENT")
          + EBMLEncoder.element(ElementID.tagAttachmentUID, unsigned: tag.attachment)
      }
      return EBMLEncoder.element(
        ElementID.tag,
        [
          EBMLEncoder.element(ElementID.targets, target),
          EBMLEncoder.element(
            ElementID.simpleTag,
            [
              EBMLEncoder.element(ElementID.tagName, text: tag.name),
              EBMLEncoder.element(ElementID.tagString, text: tag.value),
            ]),
        ])
    }
    return EBMLEncoder.element(
      ElementID.tags, EBMLEncoder.checked(entries.reduce(into: Data()) { $0.append($1) }))
  }

  /// A cluster with its checksum; the samples lie within 32,767 ticks of `ticks`.
  public static func cluster(at ticks: Int64, _ samples: [MatroskaSample]) -> Data {
    var content = EBMLEncoder.element(ElementID.timecode, unsigned: UInt64(max(0, ticks)))
    for sample in samples { content.append(block(sample, in: ticks)) }
    return EBMLEncoder.element(ElementID.cluster, EBMLEncoder.checked(content))
  }

  private static func block(_ sample: MatroskaSample, in ticks: Int64) -> Data {
    let offset = Int16(clamping: sample.ticks - ticks)
    var data = Data([UInt8(truncatingIfNeeded: 0x80 | sample.track)])
    data += EBMLEncoder.bigEndian(offset)
    let isLaced = sample.frames.count > 1
    // Key frame, in simple blocks; fixed or Xiph lacing.
    let isFixed = Set(sample.frames.map(\.count)).count == 1
    let lacing: UInt8 = isLaced ? (isFixed ? 0x04 : 0x02) : 0
    data.append(lacing | (sample.duration == nil ? 0x80 : 0))
    if isLaced {
      data.append(UInt8(sample.frames.count - 1))
      if !isFixed {
        for frame in sample.frames.dropLast() {
          data += [UInt8](repeating: 255, count: frame.count / 255) + [UInt8(frame.count % 255)]
        }
      }
    }
    for frame in sample.frames { data.append(frame) }
    guard let duration = sample.duration else {
      return EBMLEncoder.element(ElementID.simpleBlock, data)
    }
    return EBMLEncoder.element(
      ElementID.blockGroup,
      [
        EBMLEncoder.element(ElementID.block, data),
        EBMLEncoder.element(ElementID.blockDuration, unsigned: UInt64(max(0, duration))),
      ])
  }

  static func cues(_ points: [(ticks: Int64, track: Int, position: Int)]) -> Data {
    EBMLEncoder.element(
      ElementID.cues,
      points.map { point in
        EBMLEncoder.element(
          ElementID.cuePoint,
          [
            EBMLEncoder.element(ElementID.cueTime, unsigned: UInt64(max(0, point.ticks))),
            EBMLEncoder.element(
              ElementID.cueTrackPositions,
              [
                EBMLEncoder.element(ElementID.cueTrack, unsigned: UInt64(point.track)),
                EBMLEncoder.element(
                  ElementID.cueClusterPosition, unsigned: UInt64(point.position)),
              ]),
          ])
      })
  }

  static func seekHead(_ places: [(id: UInt32, position: Int)]) -> Data {
    EBMLEncoder.element(
      ElementID.seekHead,
      places.map {
        EBMLEncoder.element(
          ElementID.seek,
          [
            EBMLEncoder.element(ElementID.seekID, EBMLEncoder.id($0.id)),
            EBMLEncoder.element(ElementID.seekPosition, unsigned: UInt64($0.position)),
          ])
      })
  }
}
