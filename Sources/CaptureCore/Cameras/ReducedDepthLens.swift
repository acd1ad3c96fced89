/// The depth lens of a camera at a fraction of its resolution, for stages that compare many images.
///
/// A pixel stands for a block of `factor × factor` of the image's.
public struct ReducedDepthLens: Sendable {
  /// Depths of one block may spread by this share of their nearest; else the block is an edge.
  public static let spread: Float = 0.04

  /// The lens at the reduced size.
  public let model: CameraModel
  /// Pixels of the image to each side of one here.
  public let factor: Int
  private let source: (width: Int, height: Int)
  private let range: ClosedRange<Float>

  /// The depth lens reduced until neither side is longer than `longest` pixels; nil for a camera without
  /// depth, and where a side would have fewer than `least`.
  public init?(_ camera: CameraDescription, longest: Int, least: Int) {
    guard let full = camera.depth else { return nil }
    let factor = max(1, (max(full.width, full.height) + longest - 1) / longest)
    var model = full
    (model.width, model.height) = (full.width / factor, full.height / factor)
    guard model.width >= least, model.height >= least else { return nil }
    let scale = Double(factor)
    // A block's centre lies between its pixels' centres.
    let shift = (scale - 1) / 2
    model.intrinsics = Intrinsics(
      fx: full.intrinsics.fx / scale, fy: full.intrinsics.fy / scale,
      cx: (full.intrinsics.cx - shift) / scale, cy: (full.intrinsics.cy - shift) / scale)
    (self.model, self.factor, source) = (model, factor, (full.width, full.height))
    range = Float(camera.depthRange.lowerBound)...Float(camera.depthRange.upperBound)
  }

  /// Mean z-depth of each block, metres, `[height × width]`: 0 at edges and where under half was
  /// measured, -1 where nothing was. Nil for an image of another size. O(pixels of the image).
  public func reduce(_ image: DepthImage) -> [Float]? {
    guard (image.width, image.height) == source else { return nil }
    var result = [Float](repeating: 0, count: model.width * model.height)
    image.samples.withUnsafeBufferPointer { samples in
      for v in 0..<model.height {
        for u in 0..<model.width {
          result[v * model.width + u] = block(u, v, samples, image.unit)
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
}
