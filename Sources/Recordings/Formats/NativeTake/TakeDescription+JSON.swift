internal import CaptureCore

extension TakeDescription {
  /// The document `take.json`.
  var json: JSONValue {
    .object([
      .init("format", .string("fieldmesh-take")), .init("version", .number(1)),
      .init("name", .string(name)), .init("framesPerSecond", .number(framesPerSecond)),
      .init("cameras", .array(cameras.map(\.json))),
    ])
  }

  /// Reads what ``json`` writes, strictly.
  init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["format", "version", "name", "framesPerSecond", "cameras"])
    try node.expectFormat("fieldmesh-take", version: 1)
    var cameras: [CameraDescription] = []
    for element in try node.member("cameras").elements(count: 1...CameraDescription.limit) {
      let camera = try CameraDescription(element)
      guard !cameras.contains(where: { $0.id == camera.id }) else {
        throw try element.member("id").failure("is `\(camera.id)`, which stands there before.")
      }
      cameras.append(camera)
    }
    self.init(
      name: try node.member("name").string(),
      framesPerSecond: try node.member("framesPerSecond").number(in: 0.001...1000),
      cameras: cameras)
  }
}

extension CameraDescription {
  static let idRule =
    "must be made of letters, digits, `-`, `_` and `.`, and not begin with `.`."

  /// Whether the id can name a folder: it must not be a path or a hidden name.
  static func isUsable(id: String) -> Bool {
    !id.isEmpty && id.utf8.count <= 64 && !id.hasPrefix(".")
      && id.utf8.allSatisfy { $0.isLetterOrDigit || [0x2d, 0x2e, 0x5f].contains($0) }
  }

  /// The nearest name that ``isUsable(id:)`` accepts: other characters become `-`.
  static func usableID(_ name: String) -> String {
    let kept = name.utf8.prefix(64).map { byte -> UInt8 in
      byte.isLetterOrDigit || [0x2d, 0x2e, 0x5f].contains(byte) ? byte : 0x2d
    }
    let text = String(decoding: kept, as: UTF8.self)
    return text.hasPrefix(".") ? "-" + text.dropFirst() : text.isEmpty ? "camera" : text
  }

  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("id", .string(id)), .init("model", .string(model)), .init("serial", .string(serial)),
    ]
    if !firmware.isEmpty { members.append(.init("firmware", .string(firmware))) }
    members.append(.init("sync", .object(sync.members)))
    if let color { members.append(.init("color", .object(color.members))) }
    if let depth {
      let own: [JSONValue.Member] = [
        .init("unit", .number(depthUnit)),
        .init("range", .numbers([depthRange.lowerBound, depthRange.upperBound])),
      ]
      members.append(.init("depth", .object(depth.members + own)))
    }
    if color != nil, depth != nil { members.append(.init("colorFromDepth", colorFromDepth.json)) }
    return .object(members)
  }

  fileprivate init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys([
      "id", "model", "serial", "firmware", "sync", "color", "depth", "colorFromDepth",
    ])
    let id = try node.member("id").string(limit: 64)
    guard CameraDescription.isUsable(id: id) else {
      throw try node.member("id").failure(CameraDescription.idRule)
    }
    self.init(
      id: id, model: try node.optionalMember("model")?.string() ?? "",
      serial: try node.optionalMember("serial")?.string() ?? "",
      firmware: try node.optionalMember("firmware")?.string() ?? "",
      sync: try SyncRole(node.member("sync")), color: nil, depth: nil)
    try readLenses(node)
  }

  mutating func readLenses(_ node: JSONNode) throws(CaptureError) {
    if let lens = try node.optionalMember("color") {
      color = try CameraModel(lens, more: [])
    }
    if let lens = try node.optionalMember("depth") {
      depth = try CameraModel(lens, more: ["unit", "range"])
      depthUnit = try lens.member("unit").number(in: 1e-6...1)
      let range = try lens.member("range").numbers(count: 2, in: 0...1000)
      guard range[0] < range[1] else {
        throw try lens.member("range").failure("must rise, but is \(range[0]) to \(range[1]).")
      }
      depthRange = range[0]...range[1]
    }
    guard color != nil || depth != nil else {
      throw node.failure("has neither a colour nor a depth lens.")
    }
    let transform = try node.optionalMember("colorFromDepth")
    if color != nil, depth != nil, transform == nil {
      throw node.failure("has two lenses, so it needs `colorFromDepth`.")
    }
    if let transform { colorFromDepth = try RigidTransform(transform) }
  }
}

extension SyncRole {
  fileprivate var members: [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("mode", .string(mode.rawValue)), .init("delay", .number(delay)),
    ]
    if depthDelay != 0 { members.append(.init("depthDelay", .number(depthDelay))) }
    return members
  }

  fileprivate init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["mode", "delay", "depthDelay"])
    self.init(
      mode: try node.member("mode").word(SyncRole.Mode.self),
      delay: try node.optionalMember("delay")?.number(in: -10...10) ?? 0,
      depthDelay: try node.optionalMember("depthDelay")?.number(in: -10...10) ?? 0)
  }
}

extension UInt8 {
  fileprivate var isLetterOrDigit: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
  }
}
