internal import CaptureCore
internal import Foundation

/// The factory's calibration, as recordings carry it: `calibration.json`.
///
/// Parameters are `cx cy fx fy k1 k2 k3 k4 k5 k6 codx cody p2 p1`, then the metric radius again;
/// intrinsics are shares of the image's size. `Rt` takes world points to the lens, in metres, and
/// the world is the depth lens.
struct AzureKinectCalibration: Equatable {
  /// Nil where the file has no such camera.
  var depth, color: RawLens?
  /// Name and serial number of the device; may be empty.
  var deviceName, serial: String

  /// Radius that is taken where the factory estimated none.
  static let defaultRadius = 1.7

  /// Depth lens to colour lens.
  var colorFromDepth: RigidTransform {
    guard let depth, let color else { return .identity }
    return color.lensFromWorld * depth.lensFromWorld.inverse
  }

  /// Reads the attachment; a byte order mark before and NULs behind are passed over.
  /// - Throws: ``CaptureError`` `badInput`, naming the key, for what is no such calibration.
  init(_ data: Data) throws(CaptureError) {
    var text = data
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
    while text.last == 0 { text = text.dropLast() }
    let root = try JSONNode(JSONValue(parsing: Data(text))).member("CalibrationInformation")
    (depth, color) = (nil, nil)
    for camera in try root.member("Cameras").elements(count: 1...16) {
      let place = try camera.member("Location").string()
      if place.hasSuffix("CameraLocationD0") {
        depth = try RawLens(depth: camera)
      } else if place.hasSuffix("CameraLocationPV0") {
        color = try RawLens(color: camera)
      }
    }
    let metadata = try root.optionalMember("Metadata")
    deviceName = try metadata?.optionalMember("DeviceName")?.string() ?? ""
    serial = try metadata?.optionalMember("SerialId")?.string() ?? ""
  }
}

extension AzureKinectCalibration {
  /// The attachment of a camera whose lenses are of the given modes.
  static func document(
    _ camera: CameraDescription, color: SensorMode?, depth: SensorMode?
  ) -> JSONValue {
    var cameras: [JSONValue] = []
    if let depth, let lens = camera.depth {
      cameras.append(
        RawLens(lens, depth, lensFromWorld: .identity).document("D0", SIMD2(1024, 1024)))
    }
    if let color, let lens = camera.color {
      cameras.append(
        RawLens(lens, color, lensFromWorld: camera.colorFromDepth)
          .document("PV0", SIMD2(4096, 3072)))
    }
    let metadata: [JSONValue.Member] = [
      .init("SerialId", .string(camera.serial)), .init("DeviceName", .string("AzureKinect-PV")),
    ]
    return .object([
      .init(
        "CalibrationInformation",
        .object([.init("Cameras", .array(cameras)), .init("Metadata", .object(metadata))]))
    ])
  }
}

extension RawLens {
  /// What ``SensorMode/lens(_:)`` takes the lens from.
  init(_ lens: CameraModel, _ mode: SensorMode, lensFromWorld: RigidTransform) {
    let i = lens.intrinsics
    self.init(
      center: (SIMD2(i.cx, i.cy) + SIMD2(repeating: 0.5) + mode.crop) / mode.binned,
      focal: SIMD2(i.fx, i.fy) / mode.binned, distortion: lens.distortion,
      radius: lens.radius ?? AzureKinectCalibration.defaultRadius, lensFromWorld: lensFromWorld)
  }

  fileprivate func document(_ place: String, _ size: SIMD2<Int>) -> JSONValue {
    let d = distortion
    let parameters = [
      center.x, center.y, focal.x, focal.y, d.k1, d.k2, d.k3, d.k4, d.k5, d.k6, 0, 0, d.p2, d.p1,
      radius,
    ]
    let (r, t) = (lensFromWorld.rotation, lensFromWorld.translation)
    return .object([
      .init(
        "Intrinsics",
        .object([
          .init("ModelParameterCount", .number(Double(parameters.count))),
          .init("ModelParameters", .numbers(parameters)),
          .init("ModelType", .string("CALIBRATION_LensDistortionModelBrownConrady")),
        ])),
      .init("Location", .string("CALIBRATION_CameraLocation\(place)")),
      .init("MetricRadius", .number(radius)),
      .init(
        "Rt",
        .object([
          .init("Rotation", .numbers(r)), .init("Translation", .numbers([t.x, t.y, t.z])),
        ])),
      .init("SensorWidth", .number(Double(size.x))),
      .init("SensorHeight", .number(Double(size.y))),
    ])
  }

  /// A depth lens: its field is 1024x1024.
  fileprivate init(depth camera: JSONNode) throws(CaptureError) {
    try self.init(camera)
    let (width, height) = try RawLens.size(camera)
    guard width == 1024, height == 1024 else {
      throw camera.failure("is calibrated for \(width)x\(height); a depth lens is for 1024x1024.")
    }
  }

  /// A colour lens: its field is 4:3. Early calibrations are for 16:9, the middle of it.
  fileprivate init(color camera: JSONNode) throws(CaptureError) {
    try self.init(camera)
    let (width, height) = try RawLens.size(camera)
    if width * 9 == height * 16 {
      center.y = (center.y * 2304 + 384) / 3072
      focal.y = focal.y * 2304 / 3072
    } else if width * 3 != height * 4 {
      throw camera.failure("is calibrated for \(width)x\(height), which is neither 4:3 nor 16:9.")
    }
  }

  private static func size(_ camera: JSONNode) throws(CaptureError) -> (Int, Int) {
    (
      try camera.member("SensorWidth").integer(in: 1...65536),
      try camera.member("SensorHeight").integer(in: 1...65536)
    )
  }

  private init(_ camera: JSONNode) throws(CaptureError) {
    let intrinsics = try camera.member("Intrinsics")
    let model = try intrinsics.member("ModelType").string()
    guard model.hasSuffix("LensDistortionModelBrownConrady") else {
      throw try intrinsics.member("ModelType").failure(
        "is `\(model.prefix(80))`; only the Brown-Conrady model of retail devices can be read.")
    }
    var values: [Double] = []
    let limit = 1e6
    for element in try intrinsics.member("ModelParameters").elements(count: 14...32) {
      values.append(try element.number(in: -limit...limit))
    }
    guard values[10] == 0, values[11] == 0 else {
      throw try intrinsics.member("ModelParameters").failure(
        "has a centre of distortion other than 0, which retail devices do not.")
    }
    guard values[2] > 1e-3, values[3] > 1e-3 else {
      throw try intrinsics.member("ModelParameters").failure("has no focal length.")
    }
    let pose = try camera.member("Rt")
    let radius = try camera.optionalMember("MetricRadius")?.number(in: -limit...limit) ?? 0
    self.init(
      center: SIMD2(values[0], values[1]), focal: SIMD2(values[2], values[3]),
      distortion: Distortion(
        k1: values[4], k2: values[5], k3: values[6], k4: values[7], k5: values[8], k6: values[9],
        p1: values[13], p2: values[12]),
      radius: radius > 1e-4 ? radius : AzureKinectCalibration.defaultRadius,
      lensFromWorld: try RigidTransform(
        validating: pose.member("Rotation").numbers(count: 9, in: -2...2),
        translation: pose.member("Translation").numbers(count: 3, in: -100...100)))
  }
}
