internal import CaptureCore
internal import Foundation

/// Reads the program's own format: `take.json`, lists of files, JPEG and PNG.
///
/// Opening reads `take.json`, `calibration.json` and the lists, and checks all of them: versions,
/// unknown keys, numbers, sizes, times that go backwards, paths that leave the folder. Memory is
/// that of the lists. Images are read, and their kind and size checked, one by one on demand.
struct NativeTakeReader: ImageFileRecording {
  static let name = "Fieldmesh take"
  static let signature = "take.json"
  /// Largest `take.json` that is read, bytes.
  static let fileLimit = 4 << 20

  let take: TakeDescription
  /// The take's own `calibration.json`.
  let calibration: RigCalibration?
  let streams: RecordedStreams

  /// Whether the folder holds a `take.json` that names no other recordings.
  static func recognizes(_ url: URL) -> Bool {
    !LinkedTakeReader.recognizes(url) && isThere(url)
  }

  private static func isThere(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent(signature).path)
  }

  /// Opens a take.
  /// - Throws: ``CaptureError`` that names the file, and the key or line in it.
  static func open(_ url: URL) throws(CaptureError) -> NativeTakeReader {
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
}
