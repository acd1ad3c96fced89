internal import CaptureCore
internal import Foundation

/// Reads plain folders of images: `color/` (or `rgb/`, `image/`), `depth/` and perhaps `mask/`, with
/// the lenses in ``LensFile`` beside them; one such folder, or one for each camera.
///
/// - **Times.** Frames are numbered by the last number in the file's name; the time is number / rate.
/// - **Colour** may be a video instead: `color.mp4`, `color.mkv`, or the same called `rgb` or `image`,
///   as ``VideoFile`` reads it.
/// - **Depth** is a 16-bit PNG of z-depth; without a lens of its own it is registered to colour.
/// - **Places** of the cameras: a `calibration.json` in the outer folder, as a take has it.
struct PlainFoldersReader: ImageFileRecording {
  static let name = "colour and depth folders"
  static let signature = "<camera>/intrinsics.json beside color/ and depth/"
  private static let colorFolders = ["color", "rgb", "image"]

  let take: TakeDescription
  let calibration: RigCalibration?
  let streams: RecordedStreams
  let warnings: [String]

  static func recognizes(_ url: URL) -> Bool { !cameraFolders(url).isEmpty }

  private static func cameraFolders(_ url: URL) -> [URL] {
    NumberedImages.cameraFolders(at: url, where: isCamera)
  }

  private static func isCamera(_ url: URL) -> Bool {
    LensFile.find(in: url) != nil && !TUMFoldersReader.isCamera(url) && hasImages(url)
  }

  private static func hasImages(_ url: URL) -> Bool {
    (colorFolders + ["depth"]).contains {
      NumberedImages.isFolder(url.appendingPathComponent($0))
    } || VideoFile.find(colorFolders, in: url) != nil
  }

  /// What looks like a camera beside those that are.
  private static func warnings(_ url: URL, _ cameras: [URL]) -> [String] {
    guard !cameras.contains(url) else { return [] }
    return NumberedImages.subfolders(of: url) { LensFile.find(in: $0) == nil && hasImages($0) }.map
    {
      "The folder \($0.lastPathComponent) holds images, but no file of intrinsics: it is not used."
    }
  }

  static func open(_ url: URL) throws(CaptureError) -> PlainFoldersReader {
    let folders = cameraFolders(url)
    try CameraDescription.check(count: folders.count, of: "camera folders", at: url)
    var cameras: [CameraDescription] = []
    var streams: [[StreamKind: RecordedStream]] = []
    var rates: [Double] = []
    for folder in folders {
      let lenses = try lenses(of: folder)
      let images = try images(of: folder, lenses)
      cameras.append(try describe(lenses, images, folder))
      streams.append(images)
      rates.append(lenses.framesPerSecond)
    }
    for index in cameras.indices.dropFirst() { cameras[index].sync.mode = .subordinate }
    guard rates.allSatisfy({ $0 == rates[0] }) else {
      throw CaptureError(
        .badInput,
        "The cameras' rates differ: \(rates.map { "\($0)" }.joined(separator: ", ")) Hz.",
        at: url.path, remedy: "Frame numbers are times only when all cameras run at one rate.")
    }
    return PlainFoldersReader(
      take: TakeDescription(
        name: url.lastPathComponent, framesPerSecond: rates[0], cameras: cameras),
      calibration: try RigCalibration.find(in: url),
      streams: RecordedStreams(cameras: cameras, streams: streams, masksAreGrey: false),
      warnings: warnings(url, folders))
  }

  private static func lenses(of folder: URL) throws(CaptureError) -> LensFile {
    guard let file = LensFile.find(in: folder) else {
      throw CaptureError(
        .badInput, "There is no file of intrinsics.", at: folder.path,
        remedy: "Write intrinsics.json beside the images.")
    }
    return try LensFile(file, id: CameraDescription.usableID(folder.lastPathComponent))
  }

  private static func images(
    of folder: URL, _ lenses: LensFile
  ) throws(CaptureError) -> [StreamKind: RecordedStream] {
    func stream(_ names: [String]) throws(CaptureError) -> RecordedStream {
      try NumberedImages.stream(names, in: folder, framesPerSecond: lenses.framesPerSecond)
    }
    let (color, depth) = (try stream(colorFolders), try stream(["depth"]))
    return [
      .color: color.samples.isEmpty ? try video(in: folder, lenses, depth) : color,
      .depth: depth, .mask: try stream(["mask"]),
    ]
  }

  private static func video(
    in folder: URL, _ lenses: LensFile, _ depth: RecordedStream
  ) throws(CaptureError) -> RecordedStream {
    guard let url = VideoFile.find(colorFolders, in: folder) else { return .none }
    let video = try VideoFile(url)
    if let lens = lenses.camera.color { try video.check(lens) }
    return try video.stream(
      beside: depth, framesPerSecond: lenses.framesPerSecond, declared: lenses.video,
      remedy:
        "Declare `colorVideo` in the file of intrinsics: `framesPerSecond`, and `start` if the first image was not taken with the first of depth."
    )
  }

  /// The camera, without the lens of a stream that is not there.
  private static func describe(
    _ lenses: LensFile, _ images: [StreamKind: RecordedStream], _ folder: URL
  ) throws(CaptureError) -> CameraDescription {
    var camera = lenses.camera
    let (color, depth) = (
      images[.color]?.samples.isEmpty == false, images[.depth]?.samples.isEmpty == false
    )
    guard color || depth else {
      throw CaptureError(.badInput, "There are no images in `color` and `depth`.", at: folder.path)
    }
    guard color ? camera.color != nil : images[.mask]?.files.isEmpty != false else {
      throw CaptureError(
        .badInput,
        color
          ? "There are colour images, but no lens `color` in the file of intrinsics."
          : "There are masks, but no colour images that they belong to.", at: folder.path)
    }
    if !color { camera.color = nil }
    if !depth { camera.depth = nil }
    return camera
  }
}
