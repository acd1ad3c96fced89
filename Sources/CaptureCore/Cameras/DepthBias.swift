/// How the depth that a sensor reports differs from the true one:
/// `true = offset + measured · (1 + scale + radial · (x² + y²))` at the ray `(x, y, 1)`.
public struct DepthBias: Equatable, Sendable, Codable {
  /// Metres; a share; a share per squared tangent of the angle to the axis.
  public var offset, scale, radial: Double

  /// No bias.
  public static let none = DepthBias()

  /// A bias of the given parts.
  public init(offset: Double = 0, scale: Double = 0, radial: Double = 0) {
    (self.offset, self.scale, self.radial) = (offset, scale, radial)
  }

  /// The true depth of a measured one, metres.
  public func corrected(_ depth: Double, ray: SIMD2<Double>) -> Double {
    offset + depth * (1 + scale + radial * (ray * ray).sum())
  }
}

extension DepthBias {
  /// The bias as `{"offset": metres, "scale": share, "radial": share}`.
  public var json: JSONValue {
    .object([
      .init("offset", .number(offset)), .init("scale", .number(scale)),
      .init("radial", .number(radial)),
    ])
  }

  /// Reads what ``json`` writes.
  /// - Throws: ``CaptureError`` `badInput` for unknown keys and numbers out of range.
  public init(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["offset", "scale", "radial"])
    self.init(
      offset: try node.optionalMember("offset")?.number(in: -1...1) ?? 0,
      scale: try node.optionalMember("scale")?.number(in: -0.5...0.5) ?? 0,
      radial: try node.optionalMember("radial")?.number(in: -0.5...0.5) ?? 0)
  }

  /// A depth image as it would be without the bias; what leaves the range of 16 bits becomes "no
  /// measurement".
  public func corrected(_ image: DepthImage, model: CameraModel) -> DepthImage {
    if self == .none { return image }
    let unit = Double(image.unit)
    var result = image
    for v in 0..<image.height {
      for u in 0..<image.width {
        let i = v * image.width + u
        guard image.samples[i] != 0 else { continue }
        var ray = SIMD2<Double>.zero
        if radial != 0 {
          guard let d = model.unproject(SIMD2(Double(u), Double(v))) else { continue }
          ray = SIMD2(d.x, d.y)
        }
        let steps = (corrected(Double(image.samples[i]) * unit, ray: ray) / unit).rounded()
        result.samples[i] = (1...65535).contains(steps) ? UInt16(steps) : 0
      }
    }
    return result
  }
}
