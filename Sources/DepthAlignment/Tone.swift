internal import CaptureCore

/// How a camera's grey values become another one's: cameras expose and balance on their own.
struct Tone: Sendable {
  var gain: Float = 1, bias: Float = 0
  /// Standard deviation of what is left where something is drawn, grey values of 255; nil before
  /// anything was compared.
  var deviation: Float?
  /// Of the samples where something is drawn, the share that agrees, 0...1.
  var share: Float = 1
  /// How often that was looked at.
  var looks = 0

  /// Samples of which fewer than half agree, or badly, are of things that shine, or of cameras that
  /// stand wrong by more than the pattern lets one see: they are not used.
  var isUseful: Bool { looks < 2 || share >= 0.5 && deviation ?? 0 <= 20 }

  /// The tone after what was seen with it.
  func updated(by sums: ToneSums) -> Tone {
    var tone = self
    let n = sums.weight
    if n >= 100 {
      let (a, b) = (sums.own / n, sums.other / n)
      let spread = sums.ownSquares / n - a * a
      // Of one shade alone, the gain stays.
      if spread > 25 {
        tone.gain = Float(max(0.5, min(2, (sums.products / n - a * b) / spread)))
      }
      tone.bias = Float(b) - tone.gain * Float(a)
    }
    if sums.robust > 20 {
      let square = sums.robustSquares / sums.robust / 0.76
      tone.deviation = Float(max(2, min(40, square.squareRoot())))
      tone.share = Float(sums.robust / Double(sums.drawn))
      tone.looks += 1
    } else {
      tone.deviation = tone.deviation ?? (n >= 100 ? 40 : nil)
    }
    return tone
  }
}

/// What matches of two cameras show of their grey values.
struct ToneSums: Sendable {
  /// Over all matches, weighted: weights, grey values, and squares.
  var weight = 0.0, own = 0.0, other = 0.0, ownSquares = 0.0, products = 0.0
  /// Matches where something is drawn; robust weights, and these times the squares of the residuals.
  var drawn = 0, robust = 0.0, robustSquares = 0.0

  mutating func add(own a: Float, other b: Float, weight w: Float) {
    let (a, b, w) = (Double(a), Double(b), Double(w))
    weight += w
    own += w * a
    other += w * b
    ownSquares += w * a * a
    products += w * a * b
  }
}

/// Grey values of a camera, seen through its depth lens, and how they change.
struct GreyLens: Sendable {
  private let projection: PixelProjection
  private let factor: Int
  private let source: (width: Int, height: Int)
  private let colorFromDepth: FloatPose

  /// Nil for a camera without colour.
  init?(_ camera: CameraDescription, longest: Int) {
    guard let full = camera.color else { return nil }
    factor = max(1, max(full.width, full.height) / (2 * longest))
    var model = full
    (model.width, model.height) = (full.width / factor, full.height / factor)
    let (scale, shift) = (Double(factor), Double(factor - 1) / 2)
    model.intrinsics = Intrinsics(
      fx: full.intrinsics.fx / scale, fy: full.intrinsics.fy / scale,
      cx: (full.intrinsics.cx - shift) / scale, cy: (full.intrinsics.cy - shift) / scale)
    source = (full.width, full.height)
    projection = PixelProjection(model, worldFromCamera: .identity)
    colorFromDepth = FloatPose(camera.colorFromDepth, from: .zero)
  }

  /// Grey values, 0...255, of the depth pixels, smoothed over neighbours of one surface; NaN where
  /// there is no depth or no colour. Empty for an image of another size.
  func grey(_ image: ColorImage, depth: [Float], lens: DepthLens) -> [Float] {
    guard (image.width, image.height) == source else { return [] }
    let (width, height) = (projection.width, projection.height)
    let small = reduced(image)
    let raw = depth.indices.map { i -> Float in
      guard depth[i] > 0,
        let p = projection.project(colorFromDepth.point(lens.directions[i] * depth[i]))
      else { return .nan }
      let (u, v) = (
        max(0, min(Float(width - 1), p.u)), max(0, min(Float(height - 1), p.v))
      )
      let (x, y) = (min(Int(u), max(0, width - 2)), min(Int(v), max(0, height - 2)))
      let (a, b) = (u - Float(x), v - Float(y))
      let (right, below) = (min(x + 1, width - 1), min(y + 1, height - 1))
      let top = small[y * width + x] * (1 - a) + small[y * width + right] * a
      let bottom = small[below * width + x] * (1 - a) + small[below * width + right] * a
      return top * (1 - b) + bottom * b
    }
    return smoothed(raw, depth, lens.width, lens.height)
  }

  /// Mean grey value of each block (luma of Rec. 601).
  private func reduced(_ image: ColorImage) -> [Float] {
    let (width, height) = (projection.width, projection.height)
    let scale = 1 / (1000 * Float(factor * factor))
    return image.pixels.withUnsafeBufferPointer { pixels in
      (0..<width * height).map { i in
        let (u, v) = (i % width * factor, i / width * factor)
        var sum = 0
        for y in v..<v + factor {
          for x in u..<u + factor {
            let k = 3 * (y * image.width + x)
            sum += 299 * Int(pixels[k]) + 587 * Int(pixels[k + 1]) + 114 * Int(pixels[k + 2])
          }
        }
        return Float(sum) * scale
      }
    }
  }

  private func smoothed(_ raw: [Float], _ depth: [Float], _ width: Int, _ height: Int) -> [Float] {
    raw.indices.map { i in
      let (u, v) = (i % width, i / width)
      guard raw[i].isFinite, u > 0, v > 0, u + 1 < width, v + 1 < height else { return raw[i] }
      var (sum, weight) = (Float(0), Float(0))
      for b in -1...1 {
        for a in -1...1 {
          let j = i + b * width + a
          guard raw[j].isFinite, abs(depth[j] - depth[i]) < 0.03 * depth[i] else { continue }
          let w = Float((2 - abs(a)) * (2 - abs(b)))
          sum += w * raw[j]
          weight += w
        }
      }
      return sum / weight
    }
  }
}

/// How a grey value seen at a pixel changes as the point there moves.
struct GreySlope {
  /// The grey value where the point falls, 0...255.
  var value: Float
  /// By a metre of the point, in the camera's frame, and what noise of a grey value a pixel in each
  /// direction of the image adds to that.
  var slope: SIMD3<Float>
  var noise: (SIMD3<Float>, SIMD3<Float>)

  /// - Parameters:
  ///   - q: The point in the camera's frame.
  ///   - at: The pixel nearest to where it falls, `u` and `v`.
  init?(
    _ q: SIMD3<Float>, u: Float, v: Float, at: Int, grey: UnsafeBufferPointer<Float>,
    depth: UnsafeBufferPointer<Float>, directions: UnsafeBufferPointer<SIMD3<Float>>, width: Int
  ) {
    let (x, y) = (at % width, at / width)
    guard x > 0, y > 0, x + 1 < width, (y + 1) * width + x < grey.count else { return nil }
    let (left, right, above, below) = (at - 1, at + 1, at - width, at + width)
    let z = depth[at]
    let reach = 0.03 * z
    // Beyond an edge another surface is seen.
    guard max(abs(depth[left] - z), abs(depth[right] - z)) < reach,
      max(abs(depth[above] - z), abs(depth[below] - z)) < reach
    else { return nil }
    let (gu, gv) = ((grey[right] - grey[left]) / 2, (grey[below] - grey[above]) / 2)
    // (x, y) = q / q.z by pixel, inverted: pixels by (x, y).
    let (a, b) = (
      (directions[right] - directions[left]) / 2, (directions[below] - directions[above]) / 2
    )
    let determinant = a.x * b.y - b.x * a.y
    guard gu.isFinite, gv.isFinite, grey[at].isFinite, abs(determinant) > 1e-12 else { return nil }
    let byX = SIMD2(b.y, -a.y) / determinant
    let byY = SIMD2(-b.x, a.x) / determinant
    func moved(_ g: SIMD2<Float>) -> SIMD3<Float> {
      let (sx, sy) = ((g * byX).sum(), (g * byY).sum())
      return SIMD3(sx, sy, -(q.x * sx + q.y * sy) / q.z) / q.z
    }
    value = grey[at] + gu * (u - Float(x)) + gv * (v - Float(y))
    slope = moved(SIMD2(gu, gv))
    noise = (moved(SIMD2(1, 0)), moved(SIMD2(0, 1)))
    steepness = (gu * gu + gv * gv).squareRoot()
  }

  /// By a pixel, grey values.
  let steepness: Float
}
