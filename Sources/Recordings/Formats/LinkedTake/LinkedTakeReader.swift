public import CaptureCore
public import Foundation

/// Reads a take that holds no images but names the recordings that do.
///
/// Its `take.json`:
///
///     {"format": "fieldmesh-linked-take", "version": 1, "name": "walk-01",
///      "sources": [{"path": "/recordings/cam0.mkv", "bytes": 1234567}, {"path": "../other-take"}]}
///
/// Paths are absolute or relative to the take's folder, and **may lead out of it**: that is what the
/// user asked for by linking, and the one exception to the rule that paths of a take stay inside.
/// What is opened there must be a recording of its own; a linked take in a linked take is refused.
/// `bytes` tells whether a file is still the one that was linked. A `calibration.json` beside
/// `take.json` counts more than one in the sources.
public struct LinkedTakeReader: RecordingReader {
  /// Name of the format.
  public static let name = "linked take"
  /// What such a take must hold.
  public static let signature = "take.json that names sources"
  static let format = "fieldmesh-linked-take"

  /// What was recorded, by which cameras, under the take's own name.
  public let take: TakeDescription
  /// The take's own calibration, else that of its source.
  public let calibration: RigCalibration?
  /// What opening the sources found.
  public var warnings: [String] { recording.warnings }
  private let recording: any Recording

  /// Whether the folder's `take.json` is of this format.
  public static func recognizes(_ url: URL) -> Bool { document(in: url) != nil }

  /// The document, if there is one and it is of this format; else nil, whatever it is.
  private static func document(in url: URL) -> JSONNode? {
    let file = url.appendingPathComponent(NativeTakeReader.signature)
    guard FileManager.default.fileExists(atPath: file.path),
      let data = try? AtomicFile.read(file, limit: 1 << 20),
      let node = (try? JSONValue(parsing: data)).map({ JSONNode($0) }),
      (try? node.member("format").string()) == format
    else { return nil }
    return node
  }

  /// The recordings that a linked take names, with those that are no linked take left as they are:
  /// all files that decide what a recording holds.
  /// - Throws: ``CaptureError``, naming the file, for a document that cannot be read.
  public static func sources(of url: URL) throws(CaptureError) -> [URL] {
    guard let node = document(in: url) else { return [url] }
    return [url] + (try link(node, in: url).sources)
  }

  /// Opens the take and its sources.
  /// - Throws: ``CaptureError``, naming the file, also for sources that are gone or have changed.
  public static func open(_ url: URL) throws(CaptureError) -> LinkedTakeReader {
    guard let node = document(in: url) else {
      throw CaptureError(.badInput, "This is no linked take.", at: url.path)
    }
    let link = try link(node, in: url)
    if let inner = link.sources.first(where: { recognizes($0) }) {
      throw CaptureError(
        .badInput, "A source of the linked take is a linked take itself.", at: inner.path,
        remedy: "Link the recordings.")
    }
    let recording = try RecordingFormats.open(link.sources)
    let own = try RigCalibration.find(in: url)
    var take = recording.take
    take.name = link.name
    return LinkedTakeReader(
      take: take, calibration: own ?? recording.calibration,
      recording: recording)
  }

  private static func link(
    _ node: JSONNode, in url: URL
  ) throws(CaptureError) -> (name: String, sources: [URL]) {
    let file = url.appendingPathComponent(NativeTakeReader.signature)
    do throws(CaptureError) {
      try node.expectKeys(["format", "version", "name", "sources"])
      try node.expectFormat(format, version: 1)
      var sources: [URL] = []
      for entry in try node.member("sources").elements(count: 1...CameraDescription.limit) {
        try entry.expectKeys(["path", "bytes"])
        let path = try entry.member("path").string(limit: 4096)
        guard !path.isEmpty, !path.contains("\0") else {
          throw try entry.member("path").failure("is no path.")
        }
        let place =
          path.hasPrefix("/") ? URL(fileURLWithPath: path) : url.appendingPathComponent(path)
        let source = place.standardizedFileURL
        if let bytes = try entry.optionalMember("bytes")?.integer(in: 0...1 << 50) {
          try check(source, bytes)
        }
        sources.append(source)
      }
      return (try node.member("name").string(), sources)
    } catch {
      throw error.place.isEmpty ? error.within(file.path) : error
    }
  }

  private static func check(_ source: URL, _ bytes: Int) throws(CaptureError) {
    guard let found = AtomicFile.size(of: source) else {
      throw CaptureError(
        .badInput, "The linked recording is not there.", at: source.path,
        remedy: "Bring it back, or link it again where it is now.")
    }
    guard found == bytes else {
      throw CaptureError(
        .badInput, "The linked recording has \(found) bytes, but had \(bytes) when it was linked.",
        at: source.path, remedy: "Link it again if that is right.")
    }
  }

  /// Writes a linked take of the given recordings, which have been opened before.
  ///
  /// - Parameters:
  ///   - folder: The take's folder, which must hold no take; it is made.
  ///   - sources: The recordings; their paths are written as absolute ones.
  ///   - name: Name of the take.
  ///   - calibration: Calibration to put beside; nil for the one in the sources.
  /// - Throws: ``CaptureError`` `badInput` when there is a take already or writing fails.
  public static func write(
    _ folder: URL, sources: [URL], name: String, calibration: RigCalibration?
  ) throws(CaptureError) {
    let file = folder.appendingPathComponent(NativeTakeReader.signature)
    guard !FileManager.default.fileExists(atPath: file.path) else {
      throw CaptureError(
        .badInput, "There is a take already.", at: folder.path,
        remedy: "Choose another folder, or remove this one.")
    }
    try AtomicFile.makeFolder(folder)
    let entries = sources.map { source -> JSONValue in
      var members: [JSONValue.Member] = [
        .init("path", .string(source.standardizedFileURL.path))
      ]
      if let bytes = AtomicFile.size(of: source) {
        members.append(.init("bytes", .number(Double(bytes))))
      }
      return .object(members)
    }
    let document = JSONValue.object([
      .init("format", .string(format)), .init("version", .number(1)), .init("name", .string(name)),
      .init("sources", .array(entries)),
    ])
    if let calibration {
      try AtomicFile.write(
        Data(calibration.json.text.utf8), to: folder.appendingPathComponent(RigCalibration.fileName)
      )
    }
    try AtomicFile.write(Data(document.text.utf8), to: file)
  }

  /// The images of a stream, by device time.
  public func samples(camera: Int, kind: StreamKind) -> [StreamSample] {
    recording.samples(camera: camera, kind: kind)
  }

  /// Decodes a depth image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try recording.depth(camera: camera, index: index)
  }

  /// Decodes a colour image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    try recording.color(camera: camera, index: index)
  }

  /// Decodes a mask.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    try recording.mask(camera: camera, index: index)
  }

  /// The image as it was recorded, where a take may hold it so.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func encoded(
    camera: Int, kind: StreamKind, index: Int
  ) throws(CaptureError) -> Data? {
    try recording.encoded(camera: camera, kind: kind, index: index)
  }
}
