public import CaptureCore

/// Points seen from far away along an axis of the world: no perspective, the nearest in front.
public struct PointCloudPicture: Sendable {
  /// Where one looks from.
  public enum Side: String, CaseIterable, Sendable {
    /// From +z, with +x to the right and +y up.
    case front
    /// From +x, with -z to the right and +y up.
    case side
    /// From +y, with +x to the right and -z up.
    case top

    /// Rightward, upward and towards the eye.
    var axes: (right: SIMD3<Float>, up: SIMD3<Float>, toEye: SIMD3<Float>) {
      switch self {
      case .front: (SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))
      case .side: (SIMD3(0, 0, -1), SIMD3(0, 1, 0), SIMD3(1, 0, 0))
      case .top: (SIMD3(1, 0, 0), SIMD3(0, 0, -1), SIMD3(0, 1, 0))
      }
    }
  }

  /// Colours that are told apart easily, one a camera, over and over.
  public static let colors: [SIMD3<UInt8>] = [
    SIMD3(250, 120, 60), SIMD3(80, 170, 255), SIMD3(120, 220, 90), SIMD3(240, 90, 200),
    SIMD3(250, 220, 80), SIMD3(90, 220, 210), SIMD3(170, 130, 255), SIMD3(200, 200, 200),
  ]

  private var positions: [SIMD3<Float>] = []
  private var colors: [SIMD3<UInt8>] = []

  /// A picture of nothing.
  public init() {}

  /// Adds points, world metres, all of one colour.
  public mutating func add(_ points: [SIMD3<Float>], color: SIMD3<UInt8>) {
    positions += points
    colors += [SIMD3<UInt8>](repeating: color, count: points.count)
  }

  /// The box that holds the middle `share` of the points along each axis; nil without points.
  public func box(holding share: Double) -> BoundingBox? {
    guard !positions.isEmpty else { return nil }
    var box = BoundingBox.empty
    let cut = Int(Double(positions.count - 1) * (1 - share) / 2)
    for axis in 0..<3 {
      let sorted = positions.map { $0[axis] }.sorted()
      box.lower[axis] = sorted[cut]
      box.upper[axis] = sorted[sorted.count - 1 - cut]
    }
    return box
  }

  /// Draws what is in a box.
  /// - Throws: ``CaptureError`` as ``PictureCanvas`` does.
  public func render(
    _ side: Side, box: BoundingBox, width: Int, height: Int
  ) throws(CaptureError) -> ColorImage {
    var canvas = try PictureCanvas(width: width, height: height, color: SIMD3(16, 16, 20))
    let (right, up, toEye) = side.axes
    let (center, size) = (box.center, box.size)
    func extent(_ axis: SIMD3<Float>) -> Float {
      max(abs(axis.dot(size)), 1e-3)
    }
    let scale = min(Float(width) / extent(right), Float(height) / extent(up)) * 0.98
    var nearest = [Float](repeating: -.infinity, count: width * height)
    for (p, color) in zip(positions, colors) where box.contains(p) {
      let d = p - center
      let x = Int(Float(width) / 2 + d.dot(right) * scale)
      let y = Int(Float(height) / 2 - d.dot(up) * scale)
      guard x >= 0, y >= 0, x < width, y < height else { continue }
      let depth = d.dot(toEye)
      guard depth > nearest[y * width + x] else { continue }
      nearest[y * width + x] = depth
      // Farther away is darker.
      let light = 0.55 + 0.45 * min(1, max(0, 0.5 + depth / extent(toEye)))
      let shown = SIMD3<Float>(color) * light
      canvas.set(x, y, SIMD3(UInt8(shown.x), UInt8(shown.y), UInt8(shown.z)))
    }
    return canvas.image
  }
}
