public import CaptureCore
public import Foundation

/// How a rig is built: `rigs/<rig>/rig.json`. Holds no calibration numbers.
public struct RigDescription: Equatable, Sendable {
  /// One sensor of the rig.
  public struct Camera: Equatable, Sendable {
    /// Name of the camera in takes and calibrations.
    public var id: String
    /// The sensor.
    public var model: String
    /// Its serial number; empty where the file does not say.
    public var serial: String
    /// Wiring.
    public var sync: SyncRole
    /// Image sizes, pixels.
    public var color, depth: SIMD2<Int>
    /// Working range of the depth sensor, metres.
    public var depthRange: ClosedRange<Double>
  }

  /// Largest rig file that is read, bytes.
  public static let fileLimit = 1 << 20

  /// Name of the rig.
  public var name: String
  /// How to set it up, in words.
  public var setup: String
  /// Rate of the depth streams, hertz.
  public var framesPerSecond: Double
  /// The sensors.
  public var cameras: [Camera]

  /// Reads a rig file.
  /// - Throws: ``CaptureError`` that names the file and the key.
  public init(file: URL) throws(CaptureError) {
    let data = try AtomicFile.read(file, limit: RigDescription.fileLimit)
    do {
      try self.init(JSONNode(JSONValue(parsing: data)))
    } catch {
      throw error.within(file.path)
    }
  }

  private init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["format", "version", "name", "setup", "framesPerSecond", "cameras"])
    try node.expectFormat("fieldmesh-rig", version: 1)
    name = try node.member("name").string()
    setup = try node.member("setup").string(limit: 4096)
    framesPerSecond = try node.member("framesPerSecond").number(in: 0.001...1000)
    cameras = []
    for element in try node.member("cameras").elements(count: 1...CameraDescription.limit) {
      let camera = try Camera(element)
      guard !cameras.contains(where: { $0.id == camera.id }) else {
        throw try element.member("id").failure("is `\(camera.id)`, which stands there before.")
      }
      cameras.append(camera)
    }
  }

  /// Cameras of a take whose serial number is that of another camera of the rig.
  public func renamed(in take: TakeDescription) -> [(id: String, rigID: String)] {
    take.cameras.compactMap { camera in
      guard !camera.serial.isEmpty,
        let owner = cameras.first(where: { $0.serial == camera.serial }), owner.id != camera.id
      else { return nil }
      return (camera.id, owner.id)
    }
  }

  /// Where a take was recorded otherwise than the rig is built, as sentences; empty when nowhere.
  public func differences(from take: TakeDescription) -> [String] {
    var found: [String] = []
    func compare(_ what: String, _ own: String, _ other: String) {
      if own != other { found.append("\(what) is \(other), but the rig's is \(own).") }
    }
    compare("The rate", "\(framesPerSecond) Hz", "\(take.framesPerSecond) Hz")
    for camera in cameras {
      guard let other = take.cameras.first(where: { $0.id == camera.id }) else {
        found.append("Camera \(camera.id) of the rig is not in the take.")
        continue
      }
      let name = "Camera \(camera.id):"
      compare("\(name) the model", camera.model, other.model)
      compare("\(name) the wiring", camera.sync.mode.rawValue, other.sync.mode.rawValue)
      if abs(camera.sync.delay - other.sync.delay) > 1e-9 {
        compare("\(name) the delay", "\(camera.sync.delay) s", "\(other.sync.delay) s")
      }
      compare("\(name) the colour image", RigDescription.size(camera.color), size(other.color))
      compare("\(name) the depth image", RigDescription.size(camera.depth), size(other.depth))
    }
    for camera in take.cameras where !cameras.contains(where: { $0.id == camera.id }) {
      found.append("Camera \(camera.id) of the take is not in the rig.")
    }
    return found
  }

  private func size(_ model: CameraModel?) -> String {
    model.map { RigDescription.size(SIMD2($0.width, $0.height)) } ?? "absent"
  }

  private static func size(_ size: SIMD2<Int>) -> String { "\(size.x)x\(size.y)" }
}

extension RigDescription.Camera {
  fileprivate init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["id", "model", "serial", "sync", "color", "depth"])
    let (sync, color, depth) = (
      try node.member("sync"), try node.member("color"), try node.member("depth")
    )
    try sync.expectKeys(["mode", "delay"])
    try color.expectKeys(["width", "height"])
    try depth.expectKeys(["width", "height", "range"])
    let range = try depth.member("range").numbers(count: 2, in: 0...1000)
    guard range[0] < range[1] else {
      throw try depth.member("range").failure("must rise, but is \(range[0]) to \(range[1]).")
    }
    func size(_ node: JSONNode) throws(CaptureError) -> SIMD2<Int> {
      SIMD2(
        try node.member("width").integer(in: 1...16384),
        try node.member("height").integer(in: 1...16384))
    }
    self.init(
      id: try node.member("id").string(limit: 64), model: try node.member("model").string(),
      serial: try node.optionalMember("serial")?.string() ?? "",
      sync: SyncRole(
        mode: try sync.member("mode").word(SyncRole.Mode.self),
        delay: try sync.member("delay").number(in: -10...10)),
      color: try size(color), depth: try size(depth), depthRange: range[0]...range[1])
  }
}
