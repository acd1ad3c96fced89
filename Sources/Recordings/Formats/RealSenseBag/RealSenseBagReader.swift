internal import CaptureCore
internal import Foundation

/// Reads bags of RealSense cameras: ROS bags of version 2.0 as librealsense records them, or as its
/// ROS node's topics are recorded; one file, or a folder of one file for each camera.
///
/// What is taken from them, and how:
/// - **Times** are the devices' own time stamps; the clocks of two cameras are not related. Where
///   depth and colour are on different clocks, the times of recording are used, with a warning.
/// - **Lenses** come from `camera_info`: pixel centres at integers, as here. Modified Brown-Conrady
///   distortion is turned into the ordinary kind by a fit good to half a pixel. So is what is called inverse: the SDK
///   projects points by the same formula, and its ROS node gives the same numbers out as `plumb_bob`.
/// - **Depth** is z-depth, in the steps that the image, the option or the property `Depth Units` says;
///   of a ROS node, in millimetres. Where it is registered to colour, that is what is read.
/// - **Colour** is rgb8, bgr8, rgba8, bgra8, mono8, YUYV, UYVY, or JPEG.
/// - **Damage.** A bag that was cut off is read as far as its chunks are whole; a damaged chunk costs
///   its own images. Both are warnings.
///
/// Chunks (plain, bz2, lz4) are unpacked one by one; a few are kept. Packed bags are unpacked once
/// when they are opened, since the time stamps are inside.
struct RealSenseBagReader: RecordingReader {
  static let name = "RealSense bag"
  static let signature = "*.bag"

  let take: TakeDescription
  let warnings: [String]
  /// A bag does not know where its camera stands.
  var calibration: RigCalibration? { nil }
  private let devices: [BagDevice]

  static func recognizes(_ url: URL) -> Bool { !bags(url).isEmpty }

  /// The file itself, or the bags right below a folder that says no more of them.
  private static func bags(_ url: URL) -> [URL] {
    guard NumberedImages.isFolder(url) else { return BagIndex.recognizes(url) ? [url] : [] }
    guard !CwipcReader.recognizes(url) else { return [] }
    return NumberedImages.subfolders(of: url) {
      $0.pathExtension == "bag" && BagIndex.recognizes($0)
    }
  }

  static func open(_ url: URL) throws(CaptureError) -> RealSenseBagReader {
    var devices: [BagDevice] = []
    for bag in bags(url) { devices += try BagDevice.open(bag) }
    let cameras = devices.map(\.description)
    try CameraDescription.check(count: cameras.count, of: "cameras", at: url)
    for (number, camera) in cameras.enumerated()
    where cameras[..<number].contains(where: { $0.id == camera.id }) {
      throw CaptureError(
        .badInput, "Two bags are of one camera, `\(camera.id)`.", at: url.path,
        remedy: "Give one recording at a time.")
    }
    let depth = devices.compactMap { $0.frames[.depth] }.max { $0.count < $1.count } ?? []
    return RealSenseBagReader(
      take: TakeDescription(
        name: url.deletingPathExtension().lastPathComponent,
        framesPerSecond: NominalRate.of(depth.map(\.sample)), cameras: cameras),
      warnings: devices.flatMap(\.warnings), devices: devices)
  }

  func samples(camera: Int, kind: StreamKind) -> [StreamSample] {
    guard devices.indices.contains(camera) else { return [] }
    return devices[camera].frames[kind]?.map(\.sample) ?? []
  }

  func depth(camera: Int, index: Int) throws(CaptureError) -> DepthImage {
    try image(camera, index, .depth) { device throws(CaptureError) in try device.depth(index) }
  }

  func color(camera: Int, index: Int) throws(CaptureError) -> ColorImage {
    try image(camera, index, .color) { device throws(CaptureError) in try device.color(index) }
  }

  func mask(camera: Int, index: Int) throws(CaptureError) -> MaskImage {
    try image(camera, index, .mask) { _ throws(CaptureError) in
      throw CaptureError(.badInput, "There is no such image; the stream has 0.")
    }
  }

  func encoded(camera: Int, kind: StreamKind, index: Int) throws(CaptureError) -> Data? {
    guard kind == .color else { return nil }
    return try image(camera, index, kind) { device throws(CaptureError) in
      try device.encoded(index)
    }
  }

  private func image<Image>(
    _ camera: Int, _ index: Int, _ kind: StreamKind,
    _ decode: (BagDevice) throws(CaptureError) -> Image
  ) throws(CaptureError) -> Image {
    guard devices.indices.contains(camera) else {
      throw CaptureError(
        .badInput, "There is no camera number \(camera); the recording has \(devices.count).")
    }
    do {
      return try decode(devices[camera])
    } catch {
      throw error.within("camera \(take.cameras[camera].id), \(kind.rawValue) frame \(index)")
    }
  }
}
