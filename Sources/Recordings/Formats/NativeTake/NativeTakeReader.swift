public import CaptureCore
public import Foundation

/// Reads the program's own format: `take.json`, lists of files, JPEG and PNG.
///
/// Opening reads `take.json`, `calibration.json` and the lists, and checks all of them: versions,
/// unknown keys, numbers, sizes, times that go backwards, paths that leave the folder. Memory is
/// that of the lists. Images are read, and their kind and size checked, one by one on demand.
public struct NativeTakeReader: RecordingReader {
  /// Name of the format.
  public static let name = "Fieldmesh take"
  /// What a take must hold.
  public static let signature = "take.json"
  /// Largest `take.json` that is read, bytes.
  static let fileLimit = 4 << 20

  /// What was recorded, by which cameras.
  public let take: TakeDescription
  /// The take's own `calibration.json`.
  public let calibration: RigCalibration?
  private let streams: RecordedStreams

  /// Whether the folder holds a `take.json` that names no other recordings.
  public static func recognizes(_ url: URL) -> Bool {
    !LinkedTakeReader.recognizes(url) && isThere(url)
  }

  private static func isThere(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(signature).path)
  }

  /// Opens a take.
  /// - Throws: ``CaptureError`` that names the file, and the key or line in it.
  public static func open(_ url: URL) throws(CaptureError) -> NativeTakeReader {
    let file = url.appendingPathComponent(signature)
    let data = try AtomicFile.read(file, limit: fileLimit)
    let take: TakeDescription
    do {
      take = try TakeDescription(JSONNode(JSONValue(parsing: data)))
    } catch {
      throw error.within(file.path)
    }
    return NativeTakeReader(
      take: take, calibration: try RigCalibration.find(in: url),
      streams: try readStreams(of: take, in: url))
  }

  private static func readStreams(
    of take: TakeDescription, in url: URL
  ) throws(CaptureError) -> RecordedStreams {
    var folder = TakeFolder(url)
    var streams: [[StreamKind: RecordedStream]] = []
    for camera in take.cameras {
      var own: [StreamKind: RecordedStream] = [:]
      for kind in StreamKind.allCases {
        own[kind] = try readStream(kind, of: camera, in: &folder)
      }
      streams.append(own)
    }
    guard streams.contains(where: { $0.values.contains { !$0.samples.isEmpty } }) else {
      throw CaptureError(
        .badInput, "The take has no frames: all its lists are empty.", at: url.path)
    }
    return RecordedStreams(cameras: take.cameras, streams: streams)
  }

  private static func readStream(
    _ kind: StreamKind, of camera: CameraDescription, in folder: inout TakeFolder
  ) throws(CaptureError) -> RecordedStream {
    let path = "\(camera.id)/\(kind.rawValue).txt"
    guard let url = folder.file(path) else {
      throw CaptureError(
        .badInput, "The list lies outside the take's folder.",
        at: folder.root.appendingPathComponent(path).path)
    }
    let model = kind == .depth ? camera.depth : camera.color
    let isThere = FileManager.default.fileExists(atPath: url.path)
    guard model != nil else {
      if !isThere { return .none }
      throw CaptureError(
        .badInput, "There is a list, but take.json describes no such lens of `\(camera.id)`.",
        at: url.path)
    }
    // Masks may be absent as a whole; the other lists belong to the lens that is described.
    if kind == .mask, !isThere { return .none }
    return try StreamList.read(url, in: &folder)
  }

  /// The images of a stream, by device time.
  public func samples(camera: Int, kind: StreamKind) -> [StreamSample] {
    streams.samples(camera, kind)
  }

  /// Decodes a depth image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try streams.depth(camera, index)
  }

  /// Decodes a colour image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    try streams.color(camera, index)
  }

  /// Decodes a mask.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    try streams.mask(camera, index)
  }

  /// The image's file.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func encoded(
    camera: Int, kind: StreamKind, index: Int
  ) throws(CaptureError) -> Data? {
    try streams.encoded(camera, kind, index)
  }
}
