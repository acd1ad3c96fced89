/// z-depth along the optical axis in steps of ``unit`` metres; 0 is "no measurement".
public struct DepthImage: Equatable, Sendable {
  /// Size in pixels.
  public let width, height: Int
  /// Row-major samples, `[height × width]`.
  public var samples: [UInt16]
  /// Metres per step.
  public let unit: Float

  /// An image of the given samples.
  /// - Throws: ``CaptureError`` `sizeMismatch` when the count is not width × height.
  public init(width: Int, height: Int, samples: [UInt16], unit: Float) throws(CaptureError) {
    guard samples.count == width * height else {
      throw CaptureError(
        .sizeMismatch, "A \(width)x\(height) depth image has \(samples.count) samples.")
    }
    (self.width, self.height, self.samples, self.unit) = (width, height, samples, unit)
  }

  /// Metres at a pixel; 0 where nothing was measured.
  @inlinable public func meters(_ u: Int, _ v: Int) -> Float { meters(at: v * width + u) }

  /// Metres at a pixel by its place in ``samples``; 0 where nothing was measured.
  @inlinable public func meters(at index: Int) -> Float { Float(samples[index]) * unit }
}

/// 8-bit interleaved RGB (sRGB), row-major `[height × width × 3]`.
public struct ColorImage: Equatable, Sendable {
  /// Size in pixels.
  public let width, height: Int
  /// Interleaved samples.
  public var pixels: [UInt8]

  /// An image of the given samples.
  /// - Throws: ``CaptureError`` `sizeMismatch` when the count is not 3 × width × height.
  public init(width: Int, height: Int, pixels: [UInt8]) throws(CaptureError) {
    guard pixels.count == 3 * width * height else {
      throw CaptureError(
        .sizeMismatch, "A \(width)x\(height) colour image has \(pixels.count) samples.")
    }
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }

  /// Bilinear colour at a pixel position, 0...255; nil outside the image.
  public func sample(_ p: SIMD2<Double>) -> SIMD3<Float>? {
    guard p.x >= 0, p.y >= 0, p.x <= Double(width - 1), p.y <= Double(height - 1) else {
      return nil
    }
    let (u, v) = (min(Int(p.x), max(width - 2, 0)), min(Int(p.y), max(height - 2, 0)))
    let (a, b) = (Float(p.x) - Float(u), Float(p.y) - Float(v))
    func at(_ u: Int, _ v: Int) -> SIMD3<Float> {
      let i = 3 * (min(v, height - 1) * width + min(u, width - 1))
      return SIMD3(Float(pixels[i]), Float(pixels[i + 1]), Float(pixels[i + 2]))
    }
    let top: SIMD3<Float> = at(u, v) * (1 - a) + at(u + 1, v) * a
    let bottom: SIMD3<Float> = at(u, v + 1) * (1 - a) + at(u + 1, v + 1) * a
    return top * (1 - b) + bottom * b
  }
}

/// 8-bit subject mask of the colour image's size; 128 and above is subject.
public struct MaskImage: Equatable, Sendable {
  /// The least sample that is subject.
  public static let subject: UInt8 = 128

  /// Size in pixels.
  public let width, height: Int
  /// Row-major samples, `[height × width]`.
  public var samples: [UInt8]

  /// A mask of the given samples.
  /// - Throws: ``CaptureError`` `sizeMismatch` when the count is not width × height.
  public init(width: Int, height: Int, samples: [UInt8]) throws(CaptureError) {
    guard samples.count == width * height else {
      throw CaptureError(.sizeMismatch, "A \(width)x\(height) mask has \(samples.count) samples.")
    }
    (self.width, self.height, self.samples) = (width, height, samples)
  }
}
