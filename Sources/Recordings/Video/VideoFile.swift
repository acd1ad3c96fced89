internal import CaptureCore
internal import Foundation

/// A video file of colour images beside depth, as re-encoded recordings have it.
///
/// Which frames it has, and when, is asked of the command `ffprobe`; ``VideoFrames`` decodes them.
struct VideoFile: Sendable {
  /// What the commands are known to give one image a packet of.
  static let codings = ["h264", "hevc", "mjpeg", "ffv1"]
  /// Most bytes that are taken from `ffprobe`: 14 hours at 30 Hz.
  static let limit = 64 << 20

  let url: URL
  let frames: VideoFrames
  /// Size of an image, pixels.
  let width, height: Int
  /// Times in the file in the order of display, seconds; nil where the file tells none.
  let times: [Double]?
  /// Number of images.
  let count: Int

  /// The first of `NAME.mp4` and `NAME.mkv` that is there, for each of the names.
  static func find(_ names: [String], in folder: URL) -> URL? {
    names.flatMap { name in ["mp4", "mkv"].map { "\(name).\($0)" } }
      .map { folder.appendingPathComponent($0) }
      .first { FileManager.default.fileExists(atPath: $0.path) && !NumberedImages.isFolder($0) }
  }

  /// Asks which images a file has.
  /// - Throws: ``CaptureError`` `usage` without the command, `badInput` for no such video.
  init(_ url: URL) throws(CaptureError) {
    let output = try VideoCommand.ffprobe.start(
      url,
      after: [
        "-select_streams", "V:0", "-show_entries",
        "stream=index,codec_name,width,height:packet=pts_time,flags", "-of", "compact",
      ])
    let text = output.read(Self.limit)
    do throws(CaptureError) {
      guard text.count < Self.limit else {
        throw CaptureError(.limitExceeded, "The video has more images than can be read.")
      }
      let listing = try VideoListing(text)
      guard Self.codings.contains(listing.coding) else {
        throw CaptureError(
          .badInput,
          "The video is coded as \(listing.coding), not as \(Self.codings.joined(separator: ", ")).",
          remedy: "Encode it anew, as with 'ffmpeg -i OLD -c:v libx264 NEW'.")
      }
      self.url = url
      (width, height, count) = (listing.width, listing.height, listing.count)
      times = listing.times
      frames = VideoFrames(
        url, track: listing.track, width: width, height: height,
        times: listing.times ?? [Double](repeating: 0, count: listing.count))
    } catch {
      throw error.within(url.path)
    }
  }

  /// - Throws: ``CaptureError`` `sizeMismatch` where the images are not of the lens's size.
  func check(_ lens: CameraModel) throws(CaptureError) {
    guard (width, height) == (lens.width, lens.height) else {
      throw CaptureError(
        .sizeMismatch,
        "The images of the video are \(width)x\(height), but the camera is described as \(lens.width)x\(lens.height).",
        at: url.path)
    }
  }

  /// The images as a stream on the clock of the depth images that they were taken with.
  ///
  /// Times are those of the file, moved so that the first image belongs to the first depth image;
  /// or, where a rate was declared, number / rate from the declared start on.
  /// - Throws: ``CaptureError`` `badInput` when the times that the file tells are none, or do not
  ///   span what depth does.
  func stream(
    beside depth: RecordedStream, framesPerSecond: Double, declared: LensFile.Video?, remedy: String
  ) throws(CaptureError) -> RecordedStream {
    let start = declared?.start ?? depth.samples.first?.time ?? 0
    let offsets: [Double]
    if let rate = declared?.framesPerSecond {
      offsets = (0..<count).map { Double($0) / rate }
    } else if let times, let first = times.first {
      offsets = times.map { $0 - first }
      try check(
        start...start + (offsets.last ?? 0), beside: depth.samples.map(\.time),
        period: 1 / framesPerSecond, remedy: remedy)
    } else {
      throw CaptureError(
        .badInput, "The video does not tell when its images were taken.", at: url.path,
        remedy: remedy)
    }
    let name = url.lastPathComponent
    return RecordedStream(
      samples: offsets.enumerated().map {
        StreamSample(time: start + $1, name: "\(name) \($0)")
      }, files: [], video: self)
  }

  /// Checks that the images begin and end when depth does, to within a tenth of its length or five
  /// of its periods.
  /// - Throws: ``CaptureError`` `badInput` where they do not.
  func check(
    _ span: ClosedRange<Double>, beside depth: [Double], period: Double, remedy: String
  ) throws(CaptureError) {
    guard let first = depth.first, let last = depth.last else { return }
    let tolerance = max(0.1 * (last - first), 5 * period)
    guard abs(span.lowerBound - first) <= tolerance, abs(span.upperBound - last) <= tolerance
    else {
      func text(_ from: Double, _ to: Double) -> String {
        String(format: "%.2f to %.2f s", from, to)
      }
      throw CaptureError(
        .badInput,
        "The video has \(count) images from \(text(span.lowerBound, span.upperBound)), but depth \(depth.count) from \(text(first, last)).",
        at: url.path, remedy: remedy)
    }
  }
}

/// What `ffprobe` writes of a video's first track, in its compact form:
///
///     packet|pts_time=0.033333|flags=K_
///     stream|index=0|codec_name=h264|width=1280|height=720
struct VideoListing: Equatable {
  var track: Int
  var coding: String
  var width, height: Int
  /// Number of images, and their times in order; nil where one has none.
  var count: Int
  var times: [Double]?

  /// - Throws: ``CaptureError`` `badInput` without a track, a size that an image can have, an image,
  ///   or times of this century.
  init(_ text: [UInt8]) throws(CaptureError) {
    var (stream, known, count): ([String: String], [Double], Int) = ([:], [], 0)
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let words = String(decoding: line, as: UTF8.self).split(separator: "|")
      let members = words.dropFirst().map { $0.split(separator: "=", maxSplits: 1) }
      let values = Dictionary(
        members.filter { $0.count == 2 }.map { (String($0[0]), String($0[1])) }
      ) { a, _ in a }
      if words.first == "stream" { stream = values }
      // Packets to be discarded stand outside of what the file's edit list shows.
      guard words.first == "packet", values["flags"]?.contains("D") != true else { continue }
      count += 1
      if let time = values["pts_time"].flatMap(Double.init), abs(time) < 1e9 { known.append(time) }
    }
    func number(_ key: String, _ range: ClosedRange<Int>) throws(CaptureError) -> Int {
      guard let value = stream[key].flatMap(Int.init), range.contains(value) else {
        throw CaptureError(
          .badInput,
          stream.isEmpty
            ? "The file holds no video that ffmpeg can read."
            : "The video's \(key) is \((stream[key] ?? "not told").prefix(20)), which cannot be.")
      }
      return value
    }
    track = try number("index", 0...1000)
    (width, height) = (try number("width", 1...16384), try number("height", 1...16384))
    coding = String((stream["codec_name"] ?? "unknown").prefix(40))
    guard count > 0 else { throw CaptureError(.badInput, "The video has no image.") }
    self.count = count
    times = known.count == count ? known.sorted() : nil
  }
}
