internal import CaptureCore

/// The depth lens of a camera at a size at which hundreds of images fit into memory.
struct ThumbnailLens: Sendable {
  /// Longest side of a thumbnail, pixels.
  static let longest = 80
  /// Depths of one block may spread by this much of their nearest; else the block is an edge.
  private static let spread: Float = 0.04

  let width, height: Int
  /// Pixels of the image to each side of a thumbnail's pixel.
  let factor: Int
  private let source: (width: Int, height: Int)
  private let model: CameraModel
  private let range: ClosedRange<Float>

  init?(_ camera: CameraDescription) {
    guard let full = camera.depth, full.width >= 4, full.height >= 4 else { return nil }
    let factor = max(1, (max(full.width, full.height) + Self.longest - 1) / Self.longest)
    var model = full
    (model.width, model.height) = (full.width / factor, full.height / factor)
    guard model.width >= 2, model.height >= 2 else { return nil }
    let scale = Double(factor)
    // A block's centre lies between its pixels' centres.
    let shift = (scale - 1) / 2
    model.intrinsics = Intrinsics(
      fx: full.intrinsics.fx / scale, fy: full.intrinsics.fy / scale,
      cx: (full.intrinsics.cx - shift) / scale, cy: (full.intrinsics.cy - shift) / scale)
    (width, height, self.factor, self.model) = (model.width, model.height, factor, model)
    source = (full.width, full.height)
    range = Float(camera.depthRange.lowerBound)...Float(camera.depthRange.upperBound)
  }

  /// Mean z-depth of each block, metres, `[height × width]`; 0 at edges and where under half was
  /// measured, -1 where nothing was. Nil for an image of another size.
  func reduce(_ image: DepthImage) -> [Float]? {
    guard (image.width, image.height) == source else { return nil }
    let unit = image.unit
    var result = [Float](repeating: 0, count: width * height)
    image.samples.withUnsafeBufferPointer { samples in
      for v in 0..<height {
        for u in 0..<width {
          result[v * width + u] = block(u, v, samples, unit)
        }
      }
    }
    return factor == 1 ? withoutEdges(result) : result
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

  private func block(
    _ u: Int, _ v: Int, _ samples: UnsafeBufferPointer<UInt16>, _ unit: Float
  ) -> Float {
    var (sum, count) = (Float(0), 0)
    var (least, most) = (Float.infinity, Float(0))
    for b in v * factor..<(v + 1) * factor {
      let row = b * source.width
      for a in u * factor..<(u + 1) * factor {
        let z = Float(samples[row + a]) * unit
        guard range.contains(z) else { continue }
        sum += z
        count += 1
        least = min(least, z)
        most = max(most, z)
      }
    }
    if count == 0 { return -1 }
    guard 2 * count >= factor * factor, most - least < Self.spread * least else { return 0 }
    return sum / Float(count)
  }

  /// `(x, y, 1)` through each pixel's centre.
  func directions() -> [SIMD3<Float>] { model.directionTable() }

  /// The projection into thumbnails of a camera at a place.
  func projection(_ worldFromDepth: RigidTransform) -> PixelProjection {
    PixelProjection(model, worldFromCamera: worldFromDepth)
  }
}

/// Reduced depth images of one camera, in ascending order of device time.
struct ThumbnailStream: Sendable {
  private(set) var times: [Double] = []
  private(set) var images: [[Float]] = []
  /// Positions in the recording's stream.
  private(set) var indices: Set<Int> = []

  mutating func insert(_ image: [Float], at time: Double, index: Int) {
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
    let after = firstAfter(time)
    let candidates = [after - 1, after].filter { times.indices.contains($0) }
    return candidates.min { abs(times[$0] - time) < abs(times[$1] - time) }.flatMap {
      abs(times[$0] - time) <= reach ? $0 : nil
    }
  }
}
