internal import CaptureCore
internal import Foundation
internal import ImageFiles
internal import Matroska

/// One camera's `.mkv` file, opened: its description, and where its images are.
struct AzureKinectFile: Sendable {
  /// A track of images.
  struct Stream: Sendable {
    var blocks: [MatroskaBlock]
    var coding: KinectCoding
    var width, height: Int
    /// Decodes the frames of a video track.
    var video: VideoFrames?
    /// The video beside the recording that the images are in, and their times in it, seconds; there
    /// are no blocks then.
    var beside: (file: VideoFile, times: [Double])?

    /// Number of images.
    var count: Int { beside?.times.count ?? blocks.count }
  }

  let file: MatroskaFile
  let camera: CameraDescription
  let framesPerSecond: Double
  let color, depth: Stream?
  /// What opening found.
  private let found: [String]
  /// The device's clock at the file's beginning, microseconds.
  let startOffset: Int64

  /// Opens a file, whose camera is called `id`.
  /// - Throws: ``CaptureError``, naming the file, for what is no such recording.
  init(_ url: URL, id: String) throws(CaptureError) {
    let file = try MatroskaFile(url)
    let tags = AzureKinectTags(file)
    let tracks = KinectTracks(file, tags)
    var warnings = AzureKinectFile.damage(file)
    do throws(CaptureError) {
      let inside = try tracks.color.map { track throws(CaptureError) in
        try AzureKinectFile.stream(track, of: file)
      }
      depth = try tracks.depth.map { track throws(CaptureError) in
        try AzureKinectFile.stream(track, of: file, isGrey: true)
      }
      let infrared = try tracks.infrared.map { track throws(CaptureError) in
        try AzureKinectFile.stream(track, of: file, isGrey: true)
      }
      color = if let inside { inside } else { try AzureKinectFile.video(beside: url, depth) }
      guard color != nil || depth != nil else {
        throw CaptureError(
          .badInput, "The file has neither a colour nor a depth track of an Azure Kinect.",
          remedy: "Record with k4arecorder or Orbbec's K4A wrapper.")
      }
      if color?.coding == .video, !file.damage.isEmpty {
        warnings.append(
          "The colour is a video with damaged parts, so images behind them may have the times of others; 'fieldmesh salvage' makes a whole file."
        )
      }
      let motion = tracks.motion.map { file.blocks(ofTrack: $0.number) } ?? []
      let modes = try KinectModes(color: color, depth: depth ?? infrared, tags)
      let calibration = try AzureKinectFile.calibration(in: file, tags)
      camera = try AzureKinectFile.camera(
        id, tags, modes, calibration, hasDepth: depth != nil)
      (startOffset, framesPerSecond) = (
        try AzureKinectFile.offset(tags, motion, of: file, &warnings),
        AzureKinectFile.rate(tracks, depth ?? color, &warnings)
      )
    } catch {
      throw error.place.hasPrefix(url.path) ? error : error.within(url.path)
    }
    found = warnings
    self.file = file
  }

  /// What opening found that the user should read, and reading images since.
  var warnings: [String] {
    var sentences = found
    if let (parts, first) = file.wrongChecksums {
      let images = [color, depth].compactMap { $0?.blocks.count(where: file.hasWrongChecksum) }
      sentences.append(
        "\(parts == 1 ? "A part fails its checksum" : "\(parts) parts fail their checksums"), from byte \(first) on. Of the \(images.reduce(0, +)) images there those that can be decoded are used; pixels may be wrong."
      )
    }
    return sentences.map { "\(file.url.lastPathComponent): \($0)" }
  }

  /// Device time of a block, seconds.
  func time(_ block: MatroskaBlock) -> Double {
    Double(block.time / 1000 + startOffset) / 1e6
  }

  /// The images of a stream, each named by `label` and its number, by device time.
  func samples(_ stream: Stream, _ label: String) -> [StreamSample] {
    if let (video, times) = stream.beside {
      return times.enumerated().map {
        StreamSample(
          time: $1 + Double(startOffset) / 1e6, name: "\(video.url.lastPathComponent) \($0)")
      }
    }
    return stream.blocks.enumerated().map {
      StreamSample(time: time($1), name: "\(file.url.lastPathComponent) \(label) \($0)")
    }
  }

  /// The single frame of a block.
  func frame(_ block: MatroskaBlock) throws(CaptureError) -> Data {
    let frames = try file.frames(of: block)
    guard frames.count == 1 else {
      throw CaptureError(.badInput, "A block of images holds \(frames.count) frames, not one.")
    }
    return frames[0]
  }

  private static func stream(
    _ track: MatroskaTrack, of file: MatroskaFile, isGrey: Bool = false
  ) throws(CaptureError) -> Stream {
    guard !track.isEncoded else {
      throw CaptureError(
        .badInput, "The track \(track.name) is compressed once more.",
        remedy: "Remux the file without compression of tracks.")
    }
    guard (1...16384).contains(track.width), (1...16384).contains(track.height) else {
      throw CaptureError(
        .badInput, "The track \(track.name) has images of \(track.width)x\(track.height).")
    }
    let coding = try coding(track, isGrey: isGrey)
    var stream = Stream(
      blocks: file.blocks(ofTrack: track.number), coding: coding, width: track.width,
      height: track.height)
    if coding == .video, let number = file.tracks.firstIndex(of: track) {
      stream.video = VideoFrames(
        file.url, track: number, width: track.width, height: track.height,
        times: stream.blocks.map { Double($0.time) / 1e9 })
    }
    return stream
  }

  /// The colour of a recording that has none itself: a video called the same. Its times are those
  /// of the recording, from the beginning of both files on.
  private static func video(
    beside url: URL, _ depth: Stream?
  ) throws(CaptureError) -> Stream? {
    guard let depth, let file = AzureKinectRecording.video(beside: url) else { return nil }
    let video = try VideoFile(file)
    let remedy =
      "Encode it with the times of the recording, as 'ffmpeg -i CAMERA.mkv -map 0:0 -c:v libx264 CAMERA.mp4' does."
    guard let times = video.times, let first = times.first, let last = times.last else {
      throw CaptureError(
        .badInput, "The video does not tell when its images were taken.", at: file.path,
        remedy: remedy)
    }
    let depths = depth.blocks.map { Double($0.time) / 1e9 }
    // The slowest rate of the device.
    try video.check(first...last, beside: depths, period: 1 / 5, remedy: remedy)
    return Stream(
      blocks: [], coding: .video, width: video.width, height: video.height, video: video.frames,
      beside: (video, times))
  }

  /// The coding, by the four characters in the bitmap header.
  private static func coding(
    _ track: MatroskaTrack, isGrey: Bool
  ) throws(CaptureError) -> KinectCoding {
    let header = [UInt8](track.codecPrivate)
    let code = header.count >= 20 ? String(decoding: header[16..<20], as: UTF8.self) : ""
    guard track.codec == "V_MS/VFW/FOURCC" else {
      if track.codec == "V_MJPEG", !isGrey { return .jpeg }
      if ["V_MPEG4/ISO/AVC", "V_MPEGH/ISO/HEVC"].contains(track.codec), !isGrey { return .video }
      throw unknown(track, track.codec)
    }
    switch (code, isGrey) {
    // ffmpeg copies the samples but loses the name.
    case ("b16g", true), ("\0\0\0\0", true): return .grey16
    // Early recorders wrote depth as it lay in memory, under the name of a colour format.
    case ("YUY2", true): return .littleGrey16
    case ("MJPG", false): return .jpeg
    case ("NV12", false): return .nv12
    case ("YUY2", false): return .yuy2
    case ("BGRA", false): return .bgra
    default: throw unknown(track, "\(track.codec) `\(code)`")
    }
  }

  private static func unknown(_ track: MatroskaTrack, _ coding: String) -> CaptureError {
    CaptureError(
      .badInput,
      "The track \(track.name) is coded as \(coding), not as MJPG, NV12, YUY2, BGRA or b16g.")
  }

  private static func calibration(
    in file: MatroskaFile, _ tags: AzureKinectTags
  ) throws(CaptureError) -> AzureKinectCalibration {
    let name = tags["K4A_CALIBRATION_FILE"] ?? "calibration.json"
    let uid = file.tags.last { $0.name == "K4A_CALIBRATION_FILE" }?.attachment ?? 0
    let attachment =
      file.attachments.first { uid != 0 && $0.uid == uid }
      ?? file.attachments.first { $0.name == name }
    guard let attachment else {
      throw CaptureError(
        .badInput, "The recording holds no calibration (attachment `\(name.prefix(60))`).",
        remedy: "Without it, pixels have no place in space; record again.")
    }
    do {
      return try AzureKinectCalibration(try file.data(of: attachment))
    } catch {
      throw error.within(attachment.name)
    }
  }

  private static func camera(
    _ id: String, _ tags: AzureKinectTags, _ modes: KinectModes,
    _ calibration: AzureKinectCalibration, hasDepth: Bool
  ) throws(CaptureError) -> CameraDescription {
    func lens(
      _ raw: RawLens?, _ mode: SensorMode?, _ name: String
    ) throws(CaptureError) -> CameraModel? {
      guard let mode else { return nil }
      guard let raw else {
        throw CaptureError(.badInput, "The calibration has no \(name) camera.")
      }
      return mode.lens(raw)
    }
    let name = calibration.deviceName
    let isKinect = name.isEmpty || name.hasPrefix("AzureKinect")
    return CameraDescription(
      id: id,
      model: isKinect
        ? "azure-kinect-dk" : name.lowercased().replacingOccurrences(of: " ", with: "-"),
      serial: String((tags["K4A_DEVICE_SERIAL_NUMBER"] ?? calibration.serial).prefix(64)),
      firmware: String(tags.firmware.prefix(128)), sync: try tags.sync(),
      color: try lens(calibration.color, modes.color, "colour"),
      depth: hasDepth ? try lens(calibration.depth, modes.depth, "depth") : nil,
      depthUnit: 0.001, depthRange: modes.depth?.range ?? 0.25...5.46,
      colorFromDepth: calibration.colorFromDepth)
  }

  /// The start offset of the tags; or, where a recorder was stopped before it could write it, what
  /// the motion sensors' own times say.
  private static func offset(
    _ tags: AzureKinectTags, _ motion: [MatroskaBlock], of file: MatroskaFile,
    _ warnings: inout [String]
  ) throws(CaptureError) -> Int64 {
    if let offset = try tags.startOffset() { return offset }
    if let offset = KinectMotion.startOffset(motion, of: file) {
      warnings.append(
        "The start offset is missing; it was rebuilt from the times of the motion sensors.")
      return offset
    }
    warnings.append(
      "The start offset is missing and cannot be rebuilt, for there are no motion samples: the times of this camera begin at 0. Align it with the others by hand."
    )
    return 0
  }

  private static func damage(_ file: MatroskaFile) -> [String] {
    var found: [String] = []
    if !file.isFinished {
      found.append("The recording was not finished; it is read up to its last whole part.")
    }
    for part in file.damage.prefix(4) {
      found.append(
        "\(part.bytes.count) bytes from byte \(part.bytes.lowerBound) on are damaged and skipped.")
    }
    if file.damage.count > 4 {
      found.append("\(file.damage.count - 4) more parts are damaged and skipped.")
    }
    return found
  }

  /// The nominal rate: 5, 15 or 30 Hz, as the tracks say; else as the images' times do.
  private static func rate(
    _ tracks: KinectTracks, _ stream: Stream?, _ warnings: inout [String]
  ) -> Double {
    let durations = [tracks.color, tracks.depth, tracks.infrared].compactMap {
      $0?.defaultDuration
    }
    let rates = durations.map { duration in
      [5.0, 15, 30].first { abs(Double(duration) * $0 / 1e9 - 1) < 0.01 }
    }
    if let first = rates.first, let rate = first, rates.allSatisfy({ $0 == rate }) { return rate }
    let times = stream?.blocks.map { Double($0.time) / 1e9 } ?? []
    let intervals = zip(times.dropFirst(), times).map { $0 - $1 }.filter { $0 > 0 }.sorted()
    let measured = intervals.isEmpty ? 30 : 1 / intervals[intervals.count / 2]
    warnings.append(
      "The tracks do not agree on one of the rates 5, 15 and 30 Hz; the images' times count.")
    return min(max(measured, 0.001), 1000)
  }
}

/// The tracks of a recording, found by the tags that name them, else by their names.
struct KinectTracks {
  let color, depth, infrared, motion: MatroskaTrack?

  init(_ file: MatroskaFile, _ tags: AzureKinectTags) {
    func find(_ tag: String, _ names: [String], _ kind: MatroskaTrack.Kind) -> MatroskaTrack? {
      let tracks = file.tracks.filter { $0.kind == kind.rawValue }
      if let uid = tags[tag].flatMap(UInt64.init),
        let track = tracks.first(where: { $0.uid == uid })
      {
        return track
      }
      return tracks.first { names.contains($0.name) }
    }
    color = find("K4A_COLOR_TRACK", ["COLOR"], .video)
    depth = find("K4A_DEPTH_TRACK", ["DEPTH"], .video)
    infrared = find("K4A_IR_TRACK", ["IR", "DEPTH_IR"], .video)
    motion = find("K4A_IMU_TRACK", ["IMU"], .subtitle)
  }
}

/// The sensor modes of a recording: by tag, or by size where the tag is missing.
private struct KinectModes {
  var color, depth: SensorMode?

  init(
    color: AzureKinectFile.Stream?, depth: AzureKinectFile.Stream?, _ tags: AzureKinectTags
  ) throws(CaptureError) {
    // A recording without colour says OFF, whatever lies beside it.
    let colorName = tags["K4A_COLOR_MODE"].flatMap {
      $0 == "OFF" ? nil : $0.split(separator: "_").last.map(String.init) ?? $0
    }
    self.color = try KinectModes.mode(colorName, "K4A_COLOR_MODE", color, SensorMode.color, tags)
    self.depth = try KinectModes.mode(
      tags["K4A_DEPTH_MODE"], "K4A_DEPTH_MODE", depth, SensorMode.depth, tags)
  }

  private static func mode(
    _ name: String?, _ tag: String, _ stream: AzureKinectFile.Stream?, _ modes: [SensorMode],
    _ tags: AzureKinectTags
  ) throws(CaptureError) -> SensorMode? {
    guard let stream else { return nil }
    let size = "\(stream.width)x\(stream.height)"
    guard let name else {
      guard let mode = SensorMode.sized(stream.width, stream.height, in: modes) else {
        throw CaptureError(
          .badInput, "The tag \(tag) is missing, and no mode has images of \(size).")
      }
      return mode
    }
    guard let mode = SensorMode.named(name, in: modes) else { throw tags.failure(tag, name) }
    guard mode.width == stream.width, mode.height == stream.height else {
      throw CaptureError(
        .sizeMismatch,
        "The images are \(size), but those of the mode \(mode.name) are \(mode.width)x\(mode.height)."
      )
    }
    return mode
  }
}
