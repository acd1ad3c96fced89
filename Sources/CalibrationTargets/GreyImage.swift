internal import CTargetDetection
public import CaptureCore

/// 8-bit grey values, row-major `[height × width]`: what boards are looked for in.
public struct GreyImage: Equatable, Sendable {
  /// Size in pixels.
  public let width, height: Int
  /// Row-major samples.
  public var samples: [UInt8]

  /// An image of the given samples.
  /// - Throws: ``CaptureError`` `sizeMismatch` when the count is not width × height, or is 0.
  public init(width: Int, height: Int, samples: [UInt8]) throws(CaptureError) {
    guard width > 0, height > 0, samples.count == width * height else {
      throw CaptureError(
        .sizeMismatch, "A \(width)x\(height) grey image has \(samples.count) samples.")
    }
    (self.width, self.height, self.samples) = (width, height, samples)
  }

  /// The luminance of a colour image.
  public init(_ image: ColorImage) {
    (width, height) = (image.width, image.height)
    samples = [UInt8](repeating: 0, count: image.width * image.height)
    ctd_grey(image.pixels, Int64(samples.count), &samples)
  }

  /// An infrared image of 16 bits; black is its darkest hundredth, white its 99.5th percentile,
  /// as a bright spot close to the lens would leave everything else dark.
  /// - Throws: ``CaptureError`` `sizeMismatch` as ``init(width:height:samples:)``.
  public init(width: Int, height: Int, infrared: [UInt16]) throws(CaptureError) {
    let zeros = [UInt8](repeating: 0, count: infrared.count)
    try self.init(width: width, height: height, samples: zeros)
    let sorted = stride(from: 0, to: infrared.count, by: max(1, infrared.count / 20_000))
      .map { infrared[$0] }.sorted()
    let (low, high) = (sorted[sorted.count / 100], sorted[(sorted.count - 1) * 995 / 1000])
    ctd_grey16(infrared, Int64(infrared.count), low, high, &samples)
  }

  /// Left and right exchanged.
  public var mirrored: GreyImage {
    var result = self
    for y in 0..<height {
      result.samples.replaceSubrange(
        y * width..<(y + 1) * width, with: samples[y * width..<(y + 1) * width].reversed())
    }
    return result
  }

  /// The picture in colours that are all grey.
  public func colorImage() throws(CaptureError) -> ColorImage {
    var pixels = [UInt8](repeating: 0, count: 3 * samples.count)
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in samples.indices {
        let value = samples[i]
        (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]) = (value, value, value)
      }
    }
    return try ColorImage(width: width, height: height, pixels: pixels)
  }
}
