public import CaptureCore
public import Foundation
internal import ImageFiles
internal import Matroska

/// Reads recordings of Azure Kinects, and of Orbbec's Femtos through their K4A wrapper: one `.mkv`
/// file a camera, alone or all in one folder.
///
/// What is taken from a file, and how:
/// - **Times** are device times: a block's time and `K4A_START_OFFSET_NS`, both in whole
///   microseconds. A recorder that was stopped leaves no offset; it is rebuilt from the motion
///   sensors, or the reader warns. `K4A_SUBORDINATE_DELAY_NS` and `K4A_DEPTH_DELAY_NS` become the
///   delays of ``SyncRole``; the times are not shifted by them.
/// - **Lenses** come from the factory's calibration in the file, for the sensor modes that the tags
///   name; the camera's own axes are OpenCV's, and the pixel centre moves to integers.
/// - **Depth** is z-depth in millimetres, big-endian (little-endian in early recordings).
/// - **Colour** is MJPG, NV12, YUY2 (BT.601, luma 16...235) or BGRA; or H.264 or H.265, as in
///   recordings that were re-encoded, which the command `ffmpeg` decodes: in the file, or in an
///   `.mp4` of its name beside it.
/// - **Cameras** are named after their files; the folder may hold our own `calibration.json`.
///
/// Source: the Azure Kinect Sensor SDK's description of its recordings and their calibration.
public struct AzureKinectRecording: RecordingReader {
  /// Name of the format.
  public static let name = "Azure Kinect recording"
  /// What a recording is made of.
  public static let signature = "<camera>.mkv"

  /// What was recorded, by which cameras.
  public let take: TakeDescription
  /// The folder's `calibration.json`.
  public let calibration: RigCalibration?
  /// What opening found that the user should read, and parts of the files that reading images has
  /// found to fail their checksums since.
  public var warnings: [String] { files.flatMap(\.warnings) + differences }
  private let differences: [String]
  private let files: [AzureKinectFile]

  /// Whether this is an `.mkv` file, or a folder with one.
  public static func recognizes(_ url: URL) -> Bool { !recordings(at: url).isEmpty }

  private static func recordings(at url: URL) -> [URL] {
    guard NumberedImages.isFolder(url) else {
      let isThere = FileManager.default.fileExists(atPath: url.path)
      return isThere && url.pathExtension.lowercased() == "mkv" ? [url] : []
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    // The files may belong to a folder that says more of them.
    let others =
      [NativeTakeReader.signature, CwipcReader.signature, CameraFolder.camerasFile] + LensFile.names
    guard !names.contains(where: others.contains) else { return [] }
    return names.filter { $0.lowercased().hasSuffix(".mkv") && !$0.hasPrefix(".") }.sorted()
      .map { url.appendingPathComponent($0) }
  }

  /// The video that a recording's colour may be in: of its name, beside it, if it is there.
  public static func video(beside url: URL) -> URL? {
    guard url.pathExtension.lowercased() == "mkv" else { return nil }
    let video = url.deletingPathExtension().appendingPathExtension("mp4")
    return FileManager.default.fileExists(atPath: video.path) ? video : nil
  }

  /// Opens a file, or all files of a folder.
  /// - Throws: ``CaptureError`` that names the file.
  public static func open(_ url: URL) throws(CaptureError) -> AzureKinectRecording {
    let urls = recordings(at: url)
    try CameraDescription.check(count: urls.count, of: ".mkv files", at: url, code: .badInput)
    var files: [AzureKinectFile] = []
    for file in urls {
      let id = CameraDescription.usableID(file.deletingPathExtension().lastPathComponent)
      guard !files.contains(where: { $0.camera.id == id }) else {
        throw CaptureError(
          .badInput, "Two files would be the camera `\(id)`.", at: file.path,
          remedy: "Rename one of them.")
      }
      files.append(try AzureKinectFile(file, id: id))
    }
    return AzureKinectRecording(
      name: url.deletingPathExtension().lastPathComponent, files: files,
      calibration: try RigCalibration.find(in: url))
  }

  private init(name: String, files: [AzureKinectFile], calibration: RigCalibration?) {
    let rates = files.map(\.framesPerSecond)
    take = TakeDescription(
      name: name, framesPerSecond: rates[0], cameras: files.map(\.camera))
    self.calibration = calibration
    self.files = files
    differences =
      Set(rates).count > 1
      ? ["The cameras run at different rates: \(rates.map { "\($0)" }) Hz."] : []
  }

  /// The images of a stream, by device time.
  public func samples(camera: Int, kind: StreamKind) -> [StreamSample] {
    guard files.indices.contains(camera), let stream = stream(camera, kind) else { return [] }
    return files[camera].samples(stream, kind.rawValue)
  }

  /// Decodes a depth image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try image(camera, .depth, index) { frame, stream throws(CaptureError) in
      try KinectPixels.depth(frame, stream.coding, width: stream.width, height: stream.height)
    }
  }

  /// Decodes a colour image.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    if files.indices.contains(camera), let video = files[camera].color?.video {
      return try located(camera, .color, index) { _ throws(CaptureError) in
        try video.frame(index)
      }
    }
    return try image(camera, .color, index) { frame, stream throws(CaptureError) in
      try KinectPixels.color(frame, stream.coding, width: stream.width, height: stream.height)
    }
  }

  /// There are no masks in such recordings.
  /// - Throws: ``CaptureError`` that names camera and frame.
  public func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    _ = try stream(camera, .mask, index)
    throw CaptureError(.badInput, "An Azure Kinect recording has no masks.")
  }

  /// The JPEG of a colour image that was recorded as one.
  /// - Throws: ``CaptureError`` that names file, camera and frame.
  public func encoded(
    camera: Int, kind: StreamKind, index: Int
  ) throws(CaptureError) -> Data? {
    guard kind == .color, files.indices.contains(camera), files[camera].color?.coding == .jpeg
    else { return nil }
    return try image(camera, .color, index) { frame, _ throws(CaptureError) in frame }
  }

  private func stream(_ camera: Int, _ kind: StreamKind) -> AzureKinectFile.Stream? {
    switch kind {
    case .color: files[camera].color
    case .depth: files[camera].depth
    case .mask: nil
    }
  }

  /// The stream, when it has the image.
  private func stream(
    _ camera: Int, _ kind: StreamKind, _ index: Int
  ) throws(CaptureError) -> AzureKinectFile.Stream {
    guard files.indices.contains(camera) else {
      throw CaptureError(
        .badInput, "There is no camera number \(camera); the recording has \(files.count).")
    }
    let stream = stream(camera, kind)
    guard let stream, (0..<stream.count).contains(index) else {
      throw CaptureError(
        .badInput, "There is no such image; the stream has \(stream?.count ?? 0).",
        at: "camera \(files[camera].camera.id), \(kind.rawValue) frame \(index)")
    }
    return stream
  }

  private func image<Image>(
    _ camera: Int, _ kind: StreamKind, _ index: Int,
    _ decode: (Data, AzureKinectFile.Stream) throws(CaptureError) -> Image
  ) throws(CaptureError) -> Image {
    try located(camera, kind, index) { stream throws(CaptureError) in
      try decode(try files[camera].frame(stream.blocks[index]), stream)
    }
  }

  /// Reads an image that is there; errors say where.
  private func located<Image>(
    _ camera: Int, _ kind: StreamKind, _ index: Int,
    _ read: (AzureKinectFile.Stream) throws(CaptureError) -> Image
  ) throws(CaptureError) -> Image {
    let stream = try stream(camera, kind, index)
    do {
      return try read(stream)
    } catch {
      let path = (stream.beside?.file.url ?? files[camera].file.url).path
      let named = error.place.hasPrefix(path) ? error : error.within(path)
      throw named.within("camera \(files[camera].camera.id), \(kind.rawValue) frame \(index)")
    }
  }
}
