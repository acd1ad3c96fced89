internal import CaptureCore

/// The depth lens of a camera at a size at which hundreds of images fit into memory.
struct ThumbnailLens: Sendable {
  /// Longest side of a thumbnail, pixels.
  static let longest = 160
  /// Depths of one surface differ by less than this share from pixel to pixel.
  private static let spread = ReducedDepthLens.spread

  let width, height: Int
  /// Pixels of the image to each side of a thumbnail's pixel.
  let factor: Int
  private let reduced: ReducedDepthLens

  init?(_ camera: CameraDescription) {
    guard let full = camera.depth, full.width >= 4, full.height >= 4,
      let reduced = ReducedDepthLens(camera, longest: Self.longest, least: 2)
    else { return nil }
    (width, height, factor) = (reduced.model.width, reduced.model.height, reduced.factor)
    self.reduced = reduced
  }

  /// z-depth of each block, smoothed over its neighbours on the same surface. Nil for an image of
  /// another size.
  func reduce(_ image: DepthImage) -> Thumbnail? {
    guard let depths = reduced.reduce(image) else { return nil }
    return Thumbnail(smoothed(factor == 1 ? withoutEdges(depths) : depths))
  }

  /// The value at each pixel of the plane through it and its neighbours: planes are linear in
  /// inverse depth.
  private func smoothed(_ image: [Float]) -> [Float] {
    var result = image
    for v in 1..<max(1, height - 1) {
      for u in 1..<max(1, width - 1) {
        let i = v * width + u
        let z = image[i]
        guard z > 0 else { continue }
        var fit = PlaneFit()
        for y in -1...1 {
          for x in -1...1 {
            let other = image[i + y * width + x]
            if other > 0, abs(other - z) < Self.spread * z {
              fit.add(Float(x), Float(y), 1 / other)
            }
          }
        }
        result[i] = fit.center.map { 1 / $0 } ?? 0
      }
    }
    return result
  }

  /// Pixels beside a step are no surface: blocks find their edges inside themselves, single pixels
  /// beside them.
  private func withoutEdges(_ image: [Float]) -> [Float] {
    var result = image
    for v in 0..<height {
      for u in 0..<width {
        let i = v * width + u
        guard image[i] > 0 else { continue }
        let near = [
          u > 0 ? image[i - 1] : image[i], u + 1 < width ? image[i + 1] : image[i],
          v > 0 ? image[i - width] : image[i], v + 1 < height ? image[i + width] : image[i],
        ]
        if near.contains(where: { $0 > 0 && abs($0 - image[i]) > Self.spread * image[i] }) {
          result[i] = 0
        }
      }
    }
    return result
  }

  /// `(x, y, 1)` through each pixel's centre.
  func directions() -> [SIMD3<Float>] { reduced.model.directionTable() }

  /// The projection into thumbnails of a camera at a place.
  func projection(_ worldFromDepth: RigidTransform) -> PixelProjection {
    PixelProjection(reduced.model, worldFromCamera: worldFromDepth)
  }
}

/// A reduced depth image in two bytes a pixel.
struct Thumbnail: Sendable {
  private static let unit: Float = 0.0002
  private let samples: [UInt16]

  init(_ depths: [Float]) {
    samples = depths.map { z in
      if z < 0 { return .max }
      // What lies beyond 13 m is no subject.
      let steps = (z / Self.unit).rounded()
      return steps < Float(UInt16.max) ? UInt16(steps) : 0
    }
  }

  var count: Int { samples.count }

  /// z-depth, metres; 0 at edges and where little was measured, -1 where nothing was.
  @inline(__always) subscript(_ i: Int) -> Float {
    let sample = samples[i]
    return sample == .max ? -1 : Float(sample) * Self.unit
  }
}

/// The plane through values on a grid around its centre, by least squares.
private struct PlaneFit {
  private var n: Float = 0, x: Float = 0, y: Float = 0, xx: Float = 0, xy: Float = 0, yy: Float = 0
  private var z: Float = 0, xz: Float = 0, yz: Float = 0

  mutating func add(_ u: Float, _ v: Float, _ value: Float) {
    n += 1
    x += u
    y += v
    xx += u * u
    xy += u * v
    yy += v * v
    z += value
    xz += u * value
    yz += v * value
  }

  /// The plane's value at the centre; nil for too few values.
  var center: Float? {
    guard n >= 6 else { return nil }
    let (a, b, c) = (xx * yy - xy * xy, xy * y - x * yy, x * xy - xx * y)
    let determinant = n * a + x * b + y * c
    guard determinant > 0.5 else { return nil }
    return (z * a + xz * b + yz * c) / determinant
  }
}

/// Reduced depth images of one camera, in ascending order of device time.
struct ThumbnailStream: Sendable {
  private(set) var times: [Double] = []
  private(set) var images: [Thumbnail] = []
  /// Positions in the recording's stream.
  private(set) var indices: Set<Int> = []

  mutating func insert(_ image: Thumbnail, at time: Double, index: Int) {
    guard indices.insert(index).inserted else { return }
    let place = firstAfter(time)
    // Repeated times would divide by nothing.
    if place > 0, times[place - 1] == time { return }
    times.insert(time, at: place)
    images.insert(image, at: place)
  }

  /// Position of the first image later than a time.
  func firstAfter(_ time: Double) -> Int { times.partitionPoint { $0 <= time } }

  /// Position of the image nearest to a time, at most `reach` away.
  func nearest(_ time: Double, reach: Double) -> Int? {
    times.nearest(to: time, within: reach)
  }
}
