internal import CaptureCore

/// `std_msgs/Header`.
struct ROSHeader {
  let sequence: UInt32
  /// Seconds.
  let stamp: Double
  let frame: String

  init(_ cursor: inout ByteCursor) throws(CaptureError) {
    sequence = try cursor.uint32()
    let (seconds, nanoseconds) = (try cursor.uint32(), try cursor.uint32())
    guard nanoseconds < 1_000_000_000 else {
      throw CaptureError(.badInput, "A time has \(nanoseconds) nanoseconds.")
    }
    stamp = Double(seconds) + Double(nanoseconds) / 1e9
    frame = try cursor.string()
  }
}

/// `sensor_msgs/Image`, or `sensor_msgs/CompressedImage` with the encoding `jpeg` or `png`.
///
/// librealsense adds the metres of a depth step behind an image whose `frame_id` is "1".
struct ROSImage {
  let header: ROSHeader
  let width, height: Int
  let encoding: String
  let isBigEndian: Bool
  /// Bytes a row.
  let step: Int
  let data: ArraySlice<UInt8>
  let depthUnit: Float?

  init(_ bytes: ArraySlice<UInt8>, compressed: Bool) throws(CaptureError) {
    var cursor = ByteCursor(bytes)
    header = try ROSHeader(&cursor)
    guard !compressed else {
      (width, height, step, isBigEndian, depthUnit) = (0, 0, 0, false, nil)
      encoding = try cursor.string().contains("png") ? "png" : "jpeg"
      data = try cursor.counted()
      return
    }
    (height, width) = (Int(try cursor.uint32()), Int(try cursor.uint32()))
    encoding = try cursor.string()
    isBigEndian = try cursor.uint8() != 0
    step = Int(try cursor.uint32())
    data = try cursor.counted()
    depthUnit = header.frame == "1" && cursor.left >= 4 ? try cursor.float32() : nil
  }
}

/// `sensor_msgs/CameraInfo`, as far as a lens needs it.
struct ROSCameraInfo {
  let width, height: Int
  let model: String
  let distortion: [Double]
  /// Row by row.
  let k: [Double]

  init(_ bytes: ArraySlice<UInt8>) throws(CaptureError) {
    var cursor = ByteCursor(bytes)
    _ = try ROSHeader(&cursor)
    (height, width) = (Int(try cursor.uint32()), Int(try cursor.uint32()))
    model = try cursor.string()
    distortion = try cursor.float64s(Int(try cursor.uint32()))
    k = try cursor.float64s(9)
  }
}

/// The other messages that are read.
enum ROSMessage {
  /// `diagnostic_msgs/KeyValue`.
  static func keyValue(
    _ bytes: ArraySlice<UInt8>
  ) throws(CaptureError) -> (key: String, value: String) {
    var cursor = ByteCursor(bytes)
    return (try cursor.string(), try cursor.string())
  }

  /// `std_msgs/Float32`.
  static func float32(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> Float {
    var cursor = ByteCursor(bytes)
    return try cursor.float32()
  }

  /// `geometry_msgs/Transform`.
  static func transform(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> RigidTransform {
    var cursor = ByteCursor(bytes)
    let translation = try cursor.float64s(3)
    return try RigidTransform(quaternion: try cursor.float64s(4), translation: translation)
  }

  /// `realsense2_camera/Extrinsics`, whose rotation is written column by column; older writers put
  /// a header before the numbers.
  static func extrinsics(_ bytes: ArraySlice<UInt8>) throws(CaptureError) -> RigidTransform {
    var cursor = ByteCursor(bytes.suffix(12 * 8))
    let r = try cursor.float64s(9)
    return try RigidTransform(
      validating: (0..<9).map { r[3 * ($0 % 3) + $0 / 3] }, translation: try cursor.float64s(3))
  }
}
