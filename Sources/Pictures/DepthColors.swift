public import CaptureCore
internal import Foundation

/// Colours for depth: near is bright yellow, far is dark violet, "no measurement" is dark grey.
///
/// Lightness falls evenly with depth in a perceptual space, so that equal steps look equal and the
/// picture still reads without colour; hue turns with it.
///
/// Source: B. Ottosson, *A perceptual color space for image processing* (OKLab), 2020.
public enum DepthColors {
  /// The colour of pixels without a measurement.
  public static let none = SIMD3<UInt8>(40, 40, 40)

  /// The colour of a place between near (0) and far (1); values beyond are clamped, NaN is ``none``.
  public static func color(at position: Float) -> SIMD3<UInt8> {
    position.isNaN ? none : table[Int((max(0, min(1, position)) * 255).rounded())]
  }

  /// A picture of a depth image.
  ///
  /// - Parameter range: Metres that become the ends of the scale; from the 1st to the 99th
  ///   percentile of what was measured if nil.
  /// - Throws: as ``PictureCanvas`` does.
  public static func picture(
    of depth: DepthImage, range: ClosedRange<Float>? = nil
  ) throws(CaptureError) -> ColorImage {
    try PictureCanvas.check(depth.width, depth.height)
    let range = range ?? percentiles(depth)
    let scale = 1 / max(range.upperBound - range.lowerBound, 1e-6)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * depth.samples.count)
    for sample in depth.samples {
      let meters = Float(sample) * depth.unit
      let c = sample == 0 ? none : color(at: (meters - range.lowerBound) * scale)
      pixels.append(c.x)
      pixels.append(c.y)
      pixels.append(c.z)
    }
    return try ColorImage(width: depth.width, height: depth.height, pixels: pixels)
  }

  private static func percentiles(_ depth: DepthImage) -> ClosedRange<Float> {
    var counts = [Int](repeating: 0, count: 65536)
    for sample in depth.samples { counts[Int(sample)] += 1 }
    let total = depth.samples.count - counts[0]
    guard total > 0 else { return 0...1 }
    func quantile(_ share: Double) -> Float {
      var left = Int(share * Double(total - 1))
      for sample in 1..<65536 {
        left -= counts[sample]
        if left < 0 { return Float(sample) * depth.unit }
      }
      return 65535 * depth.unit
    }
    return quantile(0.01)...quantile(0.99)
  }

  private static let table: [SIMD3<UInt8>] = (0..<256).map { i in
    let t = Double(i) / 255
    // Yellow (100 degrees) through red and magenta to violet (-75 degrees).
    let (lightness, hue) = (0.92 - 0.57 * t, (100 - 175 * t) * Double.pi / 180)
    let chroma = 0.13
    return rgb(lightness, chroma * cos(hue), chroma * sin(hue))
  }

  /// sRGB of an OKLab colour, clamped to what screens show.
  private static func rgb(_ lightness: Double, _ a: Double, _ b: Double) -> SIMD3<UInt8> {
    func cube(_ x: Double) -> Double { x * x * x }
    let l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
    let m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
    let s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
    func encoded(_ linear: Double) -> UInt8 {
      let x = max(0, min(1, linear))
      let value = x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055
      return UInt8((value * 255).rounded())
    }
    return SIMD3(
      encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
      encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
      encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s))
  }
}
