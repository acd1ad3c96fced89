extension CameraModel {
  /// The lens as the members of a camera's `color` in `take.json`.
  public var members: [JSONValue.Member] {
    let pinhole: [JSONValue.Member] = [
      .init("fx", .number(intrinsics.fx)), .init("fy", .number(intrinsics.fy)),
      .init("cx", .number(intrinsics.cx)), .init("cy", .number(intrinsics.cy)),
    ]
    let radius: [JSONValue.Member] = radius.map { [.init("radius", .number($0))] } ?? []
    return [
      .init("width", .number(Double(width))), .init("height", .number(Double(height))),
      .init("intrinsics", .object(pinhole)), .init("distortion", distortion.json),
    ] + radius
  }

  /// Reads what ``members`` holds.
  /// - Parameter more: Further keys that the object may have.
  /// - Throws: ``CaptureError`` `badInput` for missing and unknown keys and numbers out of range.
  public init(_ node: JSONNode, more: [String] = []) throws(CaptureError) {
    try node.expectKeys(["width", "height", "intrinsics", "distortion", "radius"] + more)
    let pinhole = try node.member("intrinsics")
    try pinhole.expectKeys(["fx", "fy", "cx", "cy"])
    self.init(
      width: try node.member("width").integer(in: 1...16384),
      height: try node.member("height").integer(in: 1...16384),
      intrinsics: Intrinsics(
        fx: try pinhole.member("fx").number(in: 1e-3...1e6),
        fy: try pinhole.member("fy").number(in: 1e-3...1e6),
        cx: try pinhole.member("cx").number(in: -1e6...1e6),
        cy: try pinhole.member("cy").number(in: -1e6...1e6)),
      distortion: try node.optionalMember("distortion").map(Distortion.init) ?? .none,
      radius: try node.optionalMember("radius")?.number(in: 1e-3...1e3))
  }
}

extension Distortion {
  private enum Model: String, CaseIterable { case none, rational }
  private static var coefficients: [(String, WritableKeyPath<Distortion, Double>)] {
    [
      ("k1", \.k1), ("k2", \.k2), ("k3", \.k3), ("k4", \.k4), ("k5", \.k5), ("k6", \.k6),
      ("p1", \.p1), ("p2", \.p2),
    ]
  }

  fileprivate var json: JSONValue {
    if self == .none { return .object([.init("model", .string("none"))]) }
    return .object(
      [.init("model", .string("rational"))]
        + Distortion.coefficients.map { .init($0, .number(self[keyPath: $1])) })
  }

  fileprivate init(_ node: JSONNode) throws(CaptureError) {
    self.init()
    switch try node.member("model").word(Model.self) {
    case .none: try node.expectKeys(["model"])
    case .rational:
      try node.expectKeys(["model"] + Distortion.coefficients.map(\.0))
      for (key, path) in Distortion.coefficients {
        self[keyPath: path] = try node.optionalMember(key)?.number(in: -1e6...1e6) ?? 0
      }
    }
  }
}
