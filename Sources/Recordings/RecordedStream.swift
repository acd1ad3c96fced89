internal import CaptureCore
internal import Foundation
internal import ImageFiles

/// The images of one stream of one camera: a list, and where the files are.
struct RecordedStream: Sendable {
  let samples: [StreamSample]
  let files: [URL]
  /// Colour images that are frames of a video; then there are no files.
  var video: VideoFile?

  static let none = RecordedStream(samples: [], files: [])
}

/// What the folder formats share: streams of image files, decoded and checked when asked for.
struct RecordedStreams: Sendable {
  let cameras: [CameraDescription]
  /// By camera, then by kind.
  let streams: [[StreamKind: RecordedStream]]
  /// Whether masks must be 8-bit grey PNGs; else the first channel of any image is one.
  var masksAreGrey = true

  func samples(_ camera: Int, _ kind: StreamKind) -> [StreamSample] {
    guard streams.indices.contains(camera) else { return [] }
    return streams[camera][kind]?.samples ?? []
  }

  func depth(_ camera: Int, _ index: Int) throws(CaptureError) -> DepthImage {
    try image(camera, index, .depth) { url throws(CaptureError) in
      let image = try ImageFile.depth(at: url, unit: Float(cameras[camera].depthUnit))
      try check(image.width, image.height, cameras[camera].depth, "depth image", url)
      return image
    }
  }

  func color(_ camera: Int, _ index: Int) throws(CaptureError) -> ColorImage {
    if let video = video(camera) {
      return try image(camera, index, .color) { _ throws(CaptureError) in
        try video.frames.frame(index)
      }
    }
    return try image(camera, index, .color) { url throws(CaptureError) in
      let image = try ImageFile.color(at: url)
      try check(image.width, image.height, cameras[camera].color, "colour image", url)
      return image
    }
  }

  func mask(_ camera: Int, _ index: Int) throws(CaptureError) -> MaskImage {
    try image(camera, index, .mask) { url throws(CaptureError) in
      var image = try masksAreGrey ? ImageFile.mask(at: url) : firstChannel(of: url)
      try check(image.width, image.height, cameras[camera].color, "mask", url)
      // Some programs write 1 for the subject.
      if image.samples.allSatisfy({ $0 <= 1 }) { image.samples = image.samples.map { 255 * $0 } }
      return image
    }
  }

  /// The file of an image that a take may hold as it is; for masks only where they are grey.
  func encoded(
    _ camera: Int, _ kind: StreamKind, _ index: Int
  ) throws(CaptureError) -> Data? {
    if kind == .mask && !masksAreGrey || kind == .color && video(camera) != nil { return nil }
    return try image(camera, index, kind) { url throws(CaptureError) in
      try AtomicFile.read(url, limit: ImageFile.limit)
    }
  }

  private func video(_ camera: Int) -> VideoFile? {
    streams.indices.contains(camera) ? streams[camera][.color]?.video : nil
  }

  private func firstChannel(of url: URL) throws(CaptureError) -> MaskImage {
    let image = try ImageFile.color(at: url)
    return try MaskImage(
      width: image.width, height: image.height,
      samples: stride(from: 0, to: image.pixels.count, by: 3).map { image.pixels[$0] })
  }

  private func image<Image>(
    _ camera: Int, _ index: Int, _ kind: StreamKind,
    _ decode: (URL) throws(CaptureError) -> Image
  ) throws(CaptureError) -> Image {
    guard cameras.indices.contains(camera) else {
      throw CaptureError(
        .badInput, "There is no camera number \(camera); the recording has \(cameras.count).")
    }
    let place = "camera \(cameras[camera].id), \(kind.rawValue) frame \(index)"
    let stream = streams[camera][kind] ?? .none
    guard stream.samples.indices.contains(index) else {
      throw CaptureError(
        .badInput, "There is no such image; the stream has \(stream.samples.count).", at: place)
    }
    do {
      return try decode(stream.video?.url ?? stream.files[index])
    } catch {
      throw error.within(place)
    }
  }

  private func check(
    _ width: Int, _ height: Int, _ model: CameraModel?, _ what: String, _ url: URL
  ) throws(CaptureError) {
    guard let model else { return }
    guard width == model.width, height == model.height else {
      throw CaptureError(
        .sizeMismatch,
        "The \(what) is \(width)x\(height), but the camera is described as \(model.width)x\(model.height).",
        at: url.path)
    }
  }
}
