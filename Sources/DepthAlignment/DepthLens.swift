internal import CaptureCore

/// The depth lens of a camera at the size at which images are compared.
struct DepthLens: Sendable {
  let width, height: Int
  /// Pixels of the image to each side of one here.
  let factor: Int
  /// `(x, y, 1)` through each pixel's centre, camera frame; NaN where the lens has no inverse.
  let directions: [SIMD3<Float>]
  /// From points in the camera's own frame to pixels.
  let projection: PixelProjection
  /// Focal length, pixels.
  let focal: Float
  /// Pixels to each side of one that its normal is taken from.
  let radius: Int
  private let source: (width: Int, height: Int)
  private let range: ClosedRange<Float>

  /// Nil for a camera without depth, or with hardly any pixels.
  init?(_ camera: CameraDescription, longest: Int) {
    guard let full = camera.depth, full.width >= 8, full.height >= 8 else { return nil }
    let factor = max(1, (max(full.width, full.height) + longest - 1) / longest)
    var model = full
    (model.width, model.height) = (full.width / factor, full.height / factor)
    guard model.width >= 8, model.height >= 8 else { return nil }
    let scale = Double(factor)
    // A block's centre lies between its pixels' centres.
    let shift = (scale - 1) / 2
    model.intrinsics = Intrinsics(
      fx: full.intrinsics.fx / scale, fy: full.intrinsics.fy / scale,
      cx: (full.intrinsics.cx - shift) / scale, cy: (full.intrinsics.cy - shift) / scale)
    (width, height, self.factor) = (model.width, model.height, factor)
    directions = model.directionTable()
    projection = PixelProjection(model, worldFromCamera: .identity)
    focal = Float(model.intrinsics.fx + model.intrinsics.fy) / 2
    // About 4 cm at 1 m in all: more would smear bodies, less leaves the normals to the noise.
    radius = max(1, min(3, Int((focal / 84).rounded())))
    source = (full.width, full.height)
    range = Float(camera.depthRange.lowerBound)...Float(camera.depthRange.upperBound)
  }

  /// z-depth of each block, metres, `[height × width]`: the mean, or 0 at steps and where less than
  /// half was measured. Nil for an image of another size.
  func reduce(_ image: DepthImage) -> [Float]? {
    guard (image.width, image.height) == source else { return nil }
    return [Float](unsafeUninitializedCapacity: width * height) { result, count in
      image.samples.withUnsafeBufferPointer { samples in
        for v in 0..<height {
          for u in 0..<width {
            let i = v * width + u
            result[i] = directions[i].x.isFinite ? block(u, v, samples, image.unit) : 0
          }
        }
      }
      count = width * height
    }
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
    // Steps of more than 4 % of the depth are edges.
    guard count > 0, 2 * count >= factor * factor, most - least < 0.04 * least else { return 0 }
    return sum / Float(count)
  }
}
