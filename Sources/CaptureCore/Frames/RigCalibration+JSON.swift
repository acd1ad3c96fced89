public import Foundation

extension RigidTransform {
  /// Farthest from its origin that a calibration's camera may stand, metres.
  public static let reach = 1000.0

  /// The transform as `{"rotation": [9 numbers, row-major], "translation": [3 numbers, metres]}`.
  public var json: JSONValue {
    .object([
      .init("rotation", .numbers(rotation)),
      .init("translation", .numbers([translation.x, translation.y, translation.z])),
    ])
  }

  /// Reads what ``json`` writes.
  /// - Throws: ``CaptureError`` `badInput` for other shapes and for what is not a rotation.
  public init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["rotation", "translation"])
    let rotation = try node.member("rotation").numbers(count: 9, in: -1e3...1e3)
    let translation = try node.member("translation").numbers(count: 3, in: -Self.reach...Self.reach)
    do {
      self = try RigidTransform(validating: rotation, translation: translation)
    } catch {
      throw error.within("`\(node.path)`")
    }
  }
}

extension RigCalibration {
  /// Name of the file in a take's folder.
  public static let fileName = "calibration.json"
  /// Largest calibration file that is read, bytes.
  public static let fileLimit = 4 << 20

  /// The document `calibration.json`; cameras in order of their names.
  public var json: JSONValue {
    .object([
      .init("format", .string("fieldmesh-calibration")), .init("version", .number(1)),
      .init("rig", .string(rig)), .init("reference", .string(reference)),
      .init(
        "cameras",
        .array(
          rigFromColor.sorted { $0.key < $1.key }.map {
            .object(
              [.init("id", .string($0.key)), .init("rigFromColor", $0.value.json)]
                + (corrections[$0.key]?.members ?? []))
          })),
      .init("worldFromRig", worldFromRig.json),
    ])
  }

  /// Reads what ``json`` writes.
  /// - Throws: ``CaptureError`` `badInput` for unknown or missing keys, another version, a camera
  ///   that stands twice, a reference that is no camera, and matrices that are not rotations.
  public init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["format", "version", "rig", "reference", "cameras", "worldFromRig"])
    try node.expectFormat("fieldmesh-calibration", version: 1)
    var places: [String: RigidTransform] = [:]
    var corrections: [String: DeviceCorrection] = [:]
    for camera in try node.member("cameras").elements(count: 1...CameraDescription.limit) {
      try camera.expectKeys(["id", "rigFromColor"] + DeviceCorrection.keys)
      let id = try camera.member("id").string()
      guard places[id] == nil else { throw camera.failure("is a second entry for `\(id)`.") }
      places[id] = try RigidTransform(try camera.member("rigFromColor"))
      corrections[id] = try DeviceCorrection(camera)
    }
    let reference = try node.member("reference").string()
    guard places[reference] != nil else {
      throw try node.member("reference").failure("names `\(reference)`, which is no camera here.")
    }
    self.init(
      rig: try node.member("rig").string(), reference: reference, rigFromColor: places,
      worldFromRig: try RigidTransform(try node.member("worldFromRig")),
      corrections: corrections)
  }

  /// Reads a calibration file.
  /// - Throws: ``CaptureError``, naming the file.
  public init(file: URL) throws(CaptureError) {
    let data = try AtomicFile.read(file, limit: RigCalibration.fileLimit)
    do {
      try self.init(JSONNode(JSONValue(parsing: data)))
    } catch {
      throw error.within(file.path)
    }
  }

  /// The `calibration.json` of a folder; nil when there is none.
  /// - Throws: ``CaptureError`` as ``init(file:)`` does.
  public static func find(in folder: URL) throws(CaptureError) -> RigCalibration? {
    let file = folder.appendingPathComponent(fileName)
    return FileManager.default.fileExists(atPath: file.path) ? try RigCalibration(file: file) : nil
  }
}

extension DeviceCorrection {
  static let keys = ["color", "colorFromDepth", "depthBias"]

  fileprivate var members: [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if let color { members.append(.init("color", .object(color.members))) }
    if let colorFromDepth { members.append(.init("colorFromDepth", colorFromDepth.json)) }
    if depthBias != .none { members.append(.init("depthBias", depthBias.json)) }
    return members
  }

  /// The correction among a camera's members; nil where there is none.
  fileprivate init?(_ node: JSONNode) throws(CaptureError) {
    self.init(
      color: try node.optionalMember("color").map { n throws(CaptureError) in try CameraModel(n) },
      colorFromDepth: try node.optionalMember("colorFromDepth").map { n throws(CaptureError) in
        try RigidTransform(n)
      },
      depthBias: try node.optionalMember("depthBias").map { n throws(CaptureError) in
        try DepthBias(n)
      } ?? .none)
    if self == DeviceCorrection() { return nil }
  }
}
