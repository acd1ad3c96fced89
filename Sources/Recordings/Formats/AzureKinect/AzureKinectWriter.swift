public import CaptureCore
public import Foundation
internal import ImageFiles
internal import Matroska

/// Writes one camera's recording as the Azure Kinect's recorder does: the same tracks, tags,
/// attachments and layout. For synthetic rigs and tests.
///
/// Images come in the order of their times; memory is that of one cluster. Of one thread at a time.
public final class AzureKinectWriter {
  /// How colour images are coded.
  public enum ColorCoding: String, CaseIterable, Sendable {
    /// A JPEG an image.
    case mjpg = "MJPG"
    /// Luma, then chroma of half the size.
    case nv12 = "NV12"
    /// Luma and chroma by turns.
    case yuy2 = "YUY2"
    /// Blue, green, red and a byte more.
    case bgra = "BGRA"

    var pixels: KinectCoding {
      switch self {
      case .mjpg: .jpeg
      case .nv12: .nv12
      case .yuy2: .yuy2
      case .bgra: .bgra
      }
    }
  }

  /// What there is to choose.
  public struct Settings: Sendable {
    /// Coding of colour images.
    public var coding = ColorCoding.mjpg
    /// Whether there is a track of the motion sensors.
    public var motion = true
    /// The device's clock at the file's beginning, seconds; in whole microseconds.
    public var startOffset = 0.0
    /// Whether there is an infrared track. This and the next are for what readers are tested with.
    package var infrared = false
    /// Depth as early recorders wrote it: little-endian, under the name of a colour format, and with
    /// the old names of track and mode.
    package var isLegacy = false

    /// The defaults: MJPG, and motion sensors.
    public init() {}
  }

  /// Longest time that one cluster covers, microseconds.
  static let clusterMicros: Int64 = 32_000

  private enum Track: Int { case color = 1, depth, infrared, motion }

  private let writer: MatroskaWriter
  private let camera: CameraDescription
  private let settings: Settings
  private let offset: Int64
  private var pending: [MatroskaSample] = []

  /// Begins the recording of a camera, whose lenses must have the size of a mode of the device.
  /// - Throws: ``CaptureError`` `usage` when they have not, or what writing meets.
  public init(
    _ url: URL, camera: CameraDescription, framesPerSecond: Double, settings: Settings = Settings()
  ) throws(CaptureError) {
    (self.camera, self.settings) = (camera, settings)
    offset = Int64((settings.startOffset * 1e6).rounded())
    writer = try MatroskaWriter(
      url, head: try Self.head(camera, framesPerSecond, settings))
  }

  /// Checks that a camera's lenses have the size of a mode of the device.
  /// - Throws: ``CaptureError`` `usage` when they have not.
  public static func check(_ camera: CameraDescription) throws(CaptureError) {
    _ = try mode(camera.color, SensorMode.color, "colour", camera)
    _ = try mode(camera.depth, SensorMode.depth, "depth", camera)
  }

  /// Adds a colour image.
  /// - Parameter time: Device time, seconds.
  /// - Throws: ``CaptureError`` when encoding or writing fails.
  public func write(_ image: ColorImage, time: Double) throws(CaptureError) {
    try write(color: try KinectPixels.frame(of: image, settings.coding.pixels), time: time)
  }

  /// A colour image as ``write(color:time:)`` takes it: to be called from several threads.
  /// - Throws: ``CaptureError`` when encoding fails.
  public static func frame(
    of image: ColorImage, _ coding: ColorCoding
  ) throws(CaptureError) -> Data {
    try KinectPixels.frame(of: image, coding.pixels)
  }

  /// Adds a colour image that is coded already.
  /// - Throws: as for an image.
  public func write(color frame: Data, time: Double) throws(CaptureError) {
    try add(.color, [frame], time)
  }

  /// Adds a depth image, in steps of a millimetre.
  /// - Throws: as for colour.
  public func write(_ image: DepthImage, time: Double) throws(CaptureError) {
    try add(.depth, [KinectPixels.frame(of: image, Self.grey(settings))], time)
  }

  /// Adds an infrared image.
  /// - Throws: as for colour.
  package func write(infrared image: DepthImage, time: Double) throws(CaptureError) {
    try add(.infrared, [KinectPixels.frame(of: image, Self.grey(settings))], time)
  }

  /// Adds samples of the motion sensors, which share one block; not empty.
  /// - Throws: as for colour.
  public func write(_ samples: [MotionSample]) throws(CaptureError) {
    guard let first = samples.first, let last = samples.last else { return }
    let length = Int64(((last.accelerationTime - first.accelerationTime) * 1e6).rounded())
    try add(.motion, samples.map(\.data), first.accelerationTime, duration: max(1, length))
  }

  /// Makes the recording whole.
  /// - Throws: ``CaptureError`` when writing fails.
  public func finish() throws(CaptureError) {
    try flush()
    try writer.finish(tags: [MatroskaTag("K4A_START_OFFSET_NS", "\(offset * 1000)")])
  }

  /// Leaves the recording as a recorder does that was stopped: without its end, and without the
  /// start offset.
  /// - Throws: ``CaptureError`` when writing fails.
  package func leaveUnfinished() throws(CaptureError) {
    try flush()
    try writer.leaveUnfinished()
  }

  private func add(
    _ track: Track, _ frames: [Data], _ time: Double, duration: Int64? = nil
  ) throws(CaptureError) {
    let ticks = Int64((time * 1e6).rounded()) - offset
    guard ticks >= 0 else {
      throw CaptureError(
        .badInput, "The time \(time) s lies before the start offset.", at: "camera \(camera.id)")
    }
    let all = pending.map(\.ticks) + [ticks]
    if let first = all.min(), let last = all.max(), last - first > Self.clusterMicros {
      try flush()
    }
    pending.append(
      MatroskaSample(track: track.rawValue, ticks: ticks, frames: frames, duration: duration))
  }

  private func flush() throws(CaptureError) {
    // Equal times keep their order.
    let samples = pending.enumerated().sorted {
      ($0.element.ticks, $0.offset) < ($1.element.ticks, $1.offset)
    }.map(\.element)
    pending = []
    guard let first = samples.first else { return }
    try writer.write(clusterAt: first.ticks, samples)
  }

  private static func grey(_ settings: Settings) -> KinectCoding {
    settings.isLegacy ? .littleGrey16 : .grey16
  }

  // MARK: Head

  private static func head(
    _ camera: CameraDescription, _ framesPerSecond: Double, _ settings: Settings
  ) throws(CaptureError) -> MatroskaHead {
    let color = try mode(camera.color, SensorMode.color, "colour", camera)
    let depth = try mode(camera.depth, SensorMode.depth, "depth", camera)
    let interval = Int(1e9 / framesPerSecond)
    var (tracks, tags): ([MatroskaTrack], [MatroskaTag]) = ([], [])
    func add(_ track: Track, _ name: String, _ mode: SensorMode, _ code: String) {
      let bits =
        code == "b16g" || code == "YUY2" ? 16 : code == "NV12" ? 12 : code == "BGRA" ? 32 : 24
      tracks.append(
        MatroskaTrack(
          number: track.rawValue, uid: uid(camera, track), kind: .video, name: name,
          codec: "V_MS/VFW/FOURCC",
          codecPrivate: bitmapHeader(mode.width, mode.height, code, bits: bits),
          defaultDuration: interval, width: mode.width, height: mode.height))
    }
    let grey = settings.isLegacy ? "YUY2" : "b16g"
    if let color {
      add(.color, "COLOR", color, settings.coding.rawValue)
      let uid = uid(camera, .color)
      tags += [
        MatroskaTag("K4A_COLOR_TRACK", "\(uid)", track: uid),
        MatroskaTag("K4A_COLOR_MODE", "\(settings.coding.rawValue)_\(color.name)", track: uid),
      ]
    }
    if let depth {
      add(.depth, "DEPTH", depth, grey)
      let uid = uid(camera, .depth)
      let name =
        settings.isLegacy ? depth.name.replacingOccurrences(of: "X", with: "x") : depth.name
      if !settings.isLegacy { tags.append(MatroskaTag("K4A_DEPTH_TRACK", "\(uid)", track: uid)) }
      tags.append(MatroskaTag("K4A_DEPTH_MODE", name, track: uid))
      if settings.infrared { add(.infrared, settings.isLegacy ? "DEPTH_IR" : "IR", depth, grey) }
    }
    if settings.infrared, !settings.isLegacy {
      let uid = uid(camera, .infrared)
      tags += [
        MatroskaTag("K4A_IR_TRACK", "\(uid)", track: uid),
        MatroskaTag("K4A_IR_MODE", "ACTIVE", track: uid),
      ]
    }
    if settings.motion {
      let uid = uid(camera, .motion)
      tracks.append(
        MatroskaTrack(
          number: Track.motion.rawValue, uid: uid, kind: .subtitle, name: "IMU",
          codec: "S_K4A/IMU"))
      tags += [
        MatroskaTag("K4A_IMU_TRACK", "\(uid)", track: uid),
        MatroskaTag("K4A_IMU_MODE", "ON", track: uid),
      ]
    }
    let attachment = uid(camera, nil)
    tags += deviceTags(camera, hasBoth: color != nil && depth != nil)
    tags.append(
      MatroskaTag("K4A_CALIBRATION_FILE", "calibration.json", attachment: attachment))
    let calibration = AzureKinectCalibration.document(camera, color: color, depth: depth)
    return MatroskaHead(
      title: "Azure Kinect", writingApp: "fieldmesh", tracks: tracks, tags: tags,
      attachments: [
        ("calibration.json", "application/octet-stream", attachment, Data(calibration.text.utf8))
      ])
  }

  private static func deviceTags(_ camera: CameraDescription, hasBoth: Bool) -> [MatroskaTag] {
    func nanoseconds(_ seconds: Double) -> String { "\(Int64((seconds * 1e9).rounded()))" }
    var tags = [MatroskaTag("K4A_WIRED_SYNC_MODE", camera.sync.mode.rawValue.uppercased())]
    if hasBoth {
      tags.append(MatroskaTag("K4A_DEPTH_DELAY_NS", nanoseconds(camera.sync.depthDelay)))
    }
    if camera.sync.mode == .subordinate {
      tags.append(MatroskaTag("K4A_SUBORDINATE_DELAY_NS", nanoseconds(camera.sync.delay)))
    }
    // `color 1.6.110, depth 1.6.79`, as the reader puts it.
    for part in camera.firmware.split(separator: ", ") {
      let words = part.split(separator: " ", maxSplits: 1)
      guard words.count == 2 else { continue }
      tags.append(
        MatroskaTag("K4A_\(words[0].uppercased())_FIRMWARE_VERSION", String(words[1])))
    }
    if !camera.serial.isEmpty {
      tags.append(MatroskaTag("K4A_DEVICE_SERIAL_NUMBER", camera.serial))
    }
    return tags
  }

  private static func mode(
    _ lens: CameraModel?, _ modes: [SensorMode], _ what: String, _ camera: CameraDescription
  ) throws(CaptureError) -> SensorMode? {
    guard let lens else { return nil }
    if let mode = SensorMode.sized(lens.width, lens.height, in: modes) { return mode }
    let known = modes.prefix { $0.name != "PASSIVE_IR" }.map { "\($0.width)x\($0.height)" }
    throw CaptureError(
      .usage, "An Azure Kinect has no \(what) images of \(lens.width)x\(lens.height).",
      at: "camera \(camera.id)", remedy: "Choose one of \(known.joined(separator: ", ")).")
  }

  /// Unique numbers that differ by camera and track, and are the same whenever they are asked for.
  private static func uid(_ camera: CameraDescription, _ track: Track?) -> UInt64 {
    Array("\(camera.id) \(camera.serial) \(track?.rawValue ?? 0)".utf8).withUnsafeBytes {
      Checksum.of($0) >> 8 | 1
    }
  }

  /// A BITMAPINFOHEADER.
  private static func bitmapHeader(
    _ width: Int, _ height: Int, _ code: String, bits: Int
  ) -> Data {
    func word<T: FixedWidthInteger>(_ value: T) -> Data {
      withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    return word(UInt32(40)) + word(Int32(width)) + word(Int32(height)) + word(UInt16(1))
      + word(UInt16(bits)) + Data(code.utf8)
      + word(UInt32(code == "MJPG" ? 0 : width * height * bits / 8)) + Data(count: 16)
  }
}
