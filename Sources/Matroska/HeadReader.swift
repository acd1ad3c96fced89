internal import CaptureCore
internal import Foundation

/// Reads the parts of a segment that describe its tracks, attachments and tags.
struct HeadReader {
  static let (trackLimit, attachmentLimit, tagLimit, textLimit) = (64, 64, 1024, 4 << 10)

  private(set) var tracks: [MatroskaTrack] = []
  private(set) var attachments: [MatroskaAttachment] = []
  private(set) var tags: [MatroskaTag] = []
  /// Nanoseconds of one tick.
  private(set) var timecodeScale: Int64 = 1_000_000
  private(set) var duration: Double?
  private(set) var title = ""
  private(set) var writingApp = ""

  private let file: RandomAccessFile

  init(_ file: RandomAccessFile) { self.file = file }

  /// Takes in a part; parts of other kinds are passed over.
  mutating func add(_ element: EBMLElement) throws(CaptureError) {
    switch element.id {
    case ElementID.info: try addInfo(element)
    case ElementID.tracks: try addTracks(element)
    case ElementID.tags: try addTags(element)
    case ElementID.attachments: try addAttachments(element)
    default: break
    }
  }

  private mutating func addInfo(_ element: EBMLElement) throws(CaptureError) {
    for child in try children(of: element) {
      switch child.id {
      case ElementID.timecodeScale:
        let scale = try unsigned(child)
        guard (1...1_000_000_000).contains(scale) else {
          throw failure("The time scale \(scale) is out of range.", child)
        }
        timecodeScale = Int64(scale)
      case ElementID.duration:
        let bits = try unsigned(child)
        duration =
          child.bytes.count == 4
          ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) : Double(bitPattern: bits)
      case ElementID.title: title = try text(child)
      case ElementID.writingApp: writingApp = try text(child)
      default: break
      }
    }
  }

  private mutating func addTracks(_ element: EBMLElement) throws(CaptureError) {
    for entry in try children(of: element) where entry.id == ElementID.trackEntry {
      guard tracks.count < Self.trackLimit else {
        throw failure("There are more than \(Self.trackLimit) tracks.", entry)
      }
      var track = MatroskaTrack()
      for child in try children(of: entry) {
        switch child.id {
        case ElementID.trackNumber: track.number = try small(child)
        case ElementID.trackUID: track.uid = try unsigned(child)
        case ElementID.trackType: track.kind = UInt8(truncatingIfNeeded: try unsigned(child))
        case ElementID.trackName: track.name = try text(child)
        case ElementID.codecID: track.codec = try text(child)
        case ElementID.codecPrivate: track.codecPrivate = Data(child.bytes)
        case ElementID.defaultDuration: track.defaultDuration = try small(child)
        case ElementID.contentEncodings: track.isEncoded = true
        case ElementID.video:
          for part in try children(of: child) {
            if part.id == ElementID.pixelWidth { track.width = try small(part) }
            if part.id == ElementID.pixelHeight { track.height = try small(part) }
          }
        default: break
        }
      }
      guard !tracks.contains(where: { $0.number == track.number }) else {
        throw failure("There are two tracks with the number \(track.number).", entry)
      }
      tracks.append(track)
    }
  }

  private mutating func addTags(_ element: EBMLElement) throws(CaptureError) {
    for entry in try children(of: element) where entry.id == ElementID.tag {
      var (track, attachment): (UInt64, UInt64) = (0, 0)
      var found: [MatroskaTag] = []
      for child in try children(of: entry) {
        if child.id == ElementID.targets {
          for target in try children(of: child) {
            if target.id == ElementID.tagTrackUID { track = try unsigned(target) }
            if target.id == ElementID.tagAttachmentUID { attachment = try unsigned(target) }
          }
        } else if child.id == ElementID.simpleTag {
          var tag = MatroskaTag("", "")
          for part in try children(of: child) {
            if part.id == ElementID.tagName { tag.name = try text(part) }
            if part.id == ElementID.tagString { tag.value = try text(part) }
          }
          found.append(tag)
        }
      }
      guard tags.count + found.count <= Self.tagLimit else {
        throw failure("There are more than \(Self.tagLimit) tags.", entry)
      }
      for tag in found {
        tags.append(MatroskaTag(tag.name, tag.value, track: track, attachment: attachment))
      }
    }
  }

  /// Attachments may be large: only their heads are read.
  private mutating func addAttachments(_ element: EBMLElement) throws(CaptureError) {
    var scanner = SegmentScanner(file, end: element.end ?? element.data)
    func walk(
      _ outer: EBMLElement, _ body: (EBMLElement) throws(CaptureError) -> Void
    ) throws(CaptureError) {
      var at = outer.data
      let end = outer.end ?? at
      while at < end {
        guard let child = try scanner.head(at: at), let next = child.end, next <= end else {
          throw failure("The attachments are damaged.", at: at)
        }
        try body(child)
        at = next
      }
    }
    var entries: [EBMLElement] = []
    try walk(element) { child throws(CaptureError) in
      if child.id == ElementID.attachedFile { entries.append(child) }
    }
    guard attachments.count + entries.count <= Self.attachmentLimit else {
      throw failure("There are more than \(Self.attachmentLimit) attachments.", at: element.start)
    }
    for entry in entries {
      var attachment = MatroskaAttachment(name: "", mediaType: "", uid: 0, range: 0..<0)
      var parts: [EBMLElement] = []
      try walk(entry) { child throws(CaptureError) in
        if child.id == ElementID.fileData, let end = child.end {
          attachment.range = child.data..<end
        } else if [ElementID.fileName, ElementID.fileMediaType, ElementID.fileUID]
          .contains(child.id)
        {
          parts.append(child)
        }
      }
      for part in parts.prefix(8) {
        let child = Child(
          id: part.id, start: part.start,
          bytes: try scanner.data(part, count: min(part.size ?? 0, Self.textLimit + 1)))
        switch part.id {
        case ElementID.fileName: attachment.name = try text(child)
        case ElementID.fileMediaType: attachment.mediaType = try text(child)
        default: attachment.uid = try unsigned(child)
        }
      }
      attachments.append(attachment)
    }
  }

  // MARK: Elements in memory

  /// An element whose data is in memory.
  private struct Child {
    var id: UInt32
    var start: Int
    var bytes: ArraySlice<UInt8>
  }

  private func children(of element: EBMLElement) throws(CaptureError) -> [Child] {
    guard let size = element.size, size <= SegmentScanner.partLimit else {
      throw CaptureError(
        .limitExceeded,
        "An element of the file's head has more than \(SegmentScanner.partLimit) bytes.",
        at: "\(file.path), byte \(element.start)")
    }
    let data = [UInt8](try file.read(element.data..<element.data + size))
    return try children(of: data[...], at: element.data)
  }

  private func children(of parent: Child) throws(CaptureError) -> [Child] {
    // Data of an inner element: its place in the file only serves messages.
    try children(of: parent.bytes, at: parent.start)
  }

  private func children(
    of bytes: ArraySlice<UInt8>, at place: Int
  ) throws(CaptureError) -> [Child] {
    var children: [Child] = []
    var rest = bytes
    while !rest.isEmpty {
      let at = place + (rest.startIndex - bytes.startIndex)
      guard let head = EBMLElement(rest.prefix(EBMLElement.longestHead), at: 0),
        let end = head.end, end <= rest.count
      else {
        throw failure("The file's head is damaged.", at: at)
      }
      let start = rest.startIndex
      children.append(
        Child(id: head.id, start: at, bytes: rest[(start + head.data)..<(start + end)]))
      rest = rest[(start + end)...]
    }
    return children
  }

  private func unsigned(_ child: Child) throws(CaptureError) -> UInt64 {
    guard let value = child.bytes.unsigned else {
      throw failure("A number has \(child.bytes.count) bytes; at most 8 can be.", child)
    }
    return value
  }

  /// A number that fits where pixels, track numbers and nanoseconds are counted.
  private func small(_ child: Child) throws(CaptureError) -> Int {
    let value = try unsigned(child)
    guard value < 1 << 40 else { throw failure("The number \(value) is out of range.", child) }
    return Int(value)
  }

  private func text(_ child: Child) throws(CaptureError) -> String {
    guard child.bytes.count <= Self.textLimit, let text = child.bytes.text else {
      throw failure("A text is longer than \(Self.textLimit) bytes or not UTF-8.", child)
    }
    return text
  }

  private func failure(_ what: String, _ child: Child) -> CaptureError {
    failure(what, at: child.start)
  }

  private func failure(_ what: String, at offset: Int) -> CaptureError {
    CaptureError(.badInput, what, at: "\(file.path), byte \(offset)")
  }
}
