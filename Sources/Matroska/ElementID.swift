/// The elements of EBML and Matroska that depth cameras write.
///
/// Source: RFC 8794, RFC 9559 section 5.
enum ElementID {
  static let ebml: UInt32 = 0x1A45_DFA3
  static let docType: UInt32 = 0x4282
  static let docTypeVersion: UInt32 = 0x4287
  static let docTypeReadVersion: UInt32 = 0x4285
  static let ebmlVersion: UInt32 = 0x4286
  static let ebmlReadVersion: UInt32 = 0x42F7
  static let ebmlMaxIDLength: UInt32 = 0x42F2
  static let ebmlMaxSizeLength: UInt32 = 0x42F3
  static let void: UInt32 = 0xEC
  static let crc32: UInt32 = 0xBF

  static let segment: UInt32 = 0x1853_8067
  static let seekHead: UInt32 = 0x114D_9B74
  static let seek: UInt32 = 0x4DBB
  static let seekID: UInt32 = 0x53AB
  static let seekPosition: UInt32 = 0x53AC

  static let info: UInt32 = 0x1549_A966
  static let timecodeScale: UInt32 = 0x2A_D7B1
  static let duration: UInt32 = 0x4489
  static let title: UInt32 = 0x7BA9
  static let muxingApp: UInt32 = 0x4D80
  static let writingApp: UInt32 = 0x5741

  static let tracks: UInt32 = 0x1654_AE6B
  static let trackEntry: UInt32 = 0xAE
  static let trackNumber: UInt32 = 0xD7
  static let trackUID: UInt32 = 0x73C5
  static let trackType: UInt32 = 0x83
  static let trackName: UInt32 = 0x536E
  static let codecID: UInt32 = 0x86
  static let codecPrivate: UInt32 = 0x63A2
  static let defaultDuration: UInt32 = 0x23_E383
  static let contentEncodings: UInt32 = 0x6D80
  static let video: UInt32 = 0xE0
  static let pixelWidth: UInt32 = 0xB0
  static let pixelHeight: UInt32 = 0xBA

  static let attachments: UInt32 = 0x1941_A469
  static let attachedFile: UInt32 = 0x61A7
  static let fileName: UInt32 = 0x466E
  static let fileMediaType: UInt32 = 0x4660
  static let fileData: UInt32 = 0x465C
  static let fileUID: UInt32 = 0x46AE

  static let tags: UInt32 = 0x1254_C367
  static let tag: UInt32 = 0x7373
  static let targets: UInt32 = 0x63C0
  static let targetType: UInt32 = 0x63CA
  static let tagTrackUID: UInt32 = 0x63C5
  static let tagAttachmentUID: UInt32 = 0x63C6
  static let simpleTag: UInt32 = 0x67C8
  static let tagName: UInt32 = 0x45A3
  static let tagString: UInt32 = 0x4487

  static let cluster: UInt32 = 0x1F43_B675
  static let timecode: UInt32 = 0xE7
  static let simpleBlock: UInt32 = 0xA3
  static let blockGroup: UInt32 = 0xA0
  static let block: UInt32 = 0xA1
  static let blockDuration: UInt32 = 0x9B

  static let cues: UInt32 = 0x1C53_BB6B
  static let cuePoint: UInt32 = 0xBB
  static let cueTime: UInt32 = 0xB3
  static let cueTrackPositions: UInt32 = 0xB7
  static let cueTrack: UInt32 = 0xF7
  static let cueClusterPosition: UInt32 = 0xF1

  static let chapters: UInt32 = 0x1043_A770

  /// What may stand in a segment; any other id there is damage.
  static let topLevel: Set<UInt32> = [
    seekHead, info, tracks, attachments, tags, cluster, cues, chapters, void, crc32,
  ]

  /// What may stand in a cluster; the last four are its position, the size of the one before it,
  /// silent tracks, and encrypted blocks of early versions.
  static let inCluster: Set<UInt32> = [
    timecode, simpleBlock, blockGroup, void, crc32, 0xA7, 0xAB, 0x5854, 0xAF,
  ]
}
