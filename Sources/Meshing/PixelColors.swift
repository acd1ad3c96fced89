internal import CaptureCore

/// The colours that one camera's pixels show, for places of a surface before them.
///
/// A place takes those of the pixels around its image, as far from there as pixels, or the mesh's vertices,
/// lie apart: its weights are, of a pixel `k`,
///
///     tent(u − u_k) · tent(v − v_k) · (1 − h_k² / H²)² · ⟨n, n_k⟩ · confidence_k
///
/// with the place's image `(u, v)` and the height `h_k` of what the pixel saw above the place; more pixels on a
/// vertex weigh more. So neither noise along the ray nor the thickness of a mesh's sheets takes colour
/// away, and the other side of a sheet gives none.
struct PixelColors {
  /// How far along its normal a place may lie from what a pixel saw, metres: `H`.
  private static let height: Float = 0.016
  /// Normals that are further apart belong to different surfaces, cosine.
  private static let facing: Float = 0.5
  /// How far across its normal, in half widths of the tent where the surface lies: a surface that leans shows
  /// what is farther apart in a pixel.
  private static let slant: Float = 3
  /// Half width of the tent where that is more than a pixel, in edges of the mesh's voxels.
  private static let spread: Float = 0.6
  /// Most that it is, pixels: what is close to a lens takes no more time than the rest.
  private static let widest: Float = 8
  /// Pixels whose neighbours are nearer or farther by this, metres, lie at an edge, as those without a neighbour do:
  /// their colours are part of what is behind.
  private static let edge: Float = 0.03
  /// What the colours at edges count for beside those of other cameras.
  private static let edgeWeight: Float = 0.2

  /// What is known around a place, as sums over pixels.
  struct Sum {
    /// Red, green, blue and 1, by weights that choose among the cameras.
    var color = SIMD4<Float>.zero
    /// The weights alone: how well the place was seen.
    var weight: Float = 0

    static func += (a: inout Sum, b: Sum) {
      a.color += b.color
      a.weight += b.weight
    }
  }

  /// What a pixel saw.
  private struct Sample {
    var place, normal: SIMD3<Float>
    /// Red, green, blue and 1, times what they count for beside other cameras'.
    var color: SIMD4<Float>
    var confidence, z: Float
  }

  private let lens: PixelProjection
  /// Focal length, pixels.
  private let focal: Float
  private let voxel: Float
  /// The part of the image that shows anything.
  private let left, top, columns, rows: Int
  /// By pixel of that part: its sample, or -1.
  private let numbers: [Int32]
  private let samples: [Sample]

  /// Nil for a camera that saw no colours. O(observations + pixels of the rectangle around them).
  init?(
    _ frame: any FrameObservations, camera index: Int, _ camera: PlacedCamera, voxel: Float
  ) {
    guard let model = camera.description.depth else { return nil }
    let lens = PixelProjection(model, worldFromCamera: camera.worldFromDepth)
    self.lens = lens
    self.voxel = voxel
    focal = Float(model.intrinsics.fx + model.intrinsics.fy) / 2
    func pixel(_ o: SurfaceObservation) -> (at: SIMD2<Int>, z: Float)? {
      guard o.camera == UInt32(index), o.hasColor == 1, let hit = lens.project(o.position)
      else { return nil }
      return (SIMD2(Int(hit.u.rounded()), Int(hit.v.rounded())), hit.z)
    }
    var (low, high) = (SIMD2(Int.max, .max), SIMD2(Int.min, .min))
    for o in frame.surface {
      guard let (at, _) = pixel(o) else { continue }
      (low, high) = (pointwiseMin(low, at), pointwiseMax(high, at))
    }
    guard low.x <= high.x else { return nil }
    (left, top, columns, rows) = (low.x, low.y, high.x - low.x + 1, high.y - low.y + 1)
    var numbers = [Int32](repeating: -1, count: columns * rows)
    var samples: [Sample] = []
    for o in frame.surface {
      guard let (at, z) = pixel(o) else { continue }
      let color = SIMD4(Float(o.red), Float(o.green), Float(o.blue), 1)
      let sample = Sample(
        place: o.position, normal: o.normal, color: color * o.confidence * o.incidence,
        confidence: o.confidence, z: z)
      let place = (at.y - top) * columns + at.x - left
      if numbers[place] < 0 {
        numbers[place] = Int32(samples.count)
        samples.append(sample)
      } else if samples[Int(numbers[place])].confidence < sample.confidence {
        samples[Int(numbers[place])] = sample
      }
    }
    self.numbers = numbers
    self.samples = Self.doubtingEdges(samples, numbers, columns)
  }

  /// The samples, with less weight where a surface ends.
  private static func doubtingEdges(
    _ samples: [Sample], _ numbers: [Int32], _ columns: Int
  ) -> [Sample] {
    var result = samples
    for (i, number) in numbers.enumerated() where number >= 0 {
      let (z, u) = (samples[Int(number)].z, i % columns)
      func isBeside(_ k: Int, _ isInside: Bool) -> Bool {
        isInside && numbers[k] >= 0 && abs(samples[Int(numbers[k])].z - z) < edge
      }
      let isWhole =
        isBeside(i - 1, u > 0) && isBeside(i + 1, u < columns - 1)
        && isBeside(i - columns, i >= columns)
        && isBeside(i + columns, i < numbers.count - columns)
      if !isWhole { result[Int(number)].color *= edgeWeight }
    }
    return result
  }

  /// What the pixels say of a place with a unit normal.
  func around(_ p: SIMD3<Float>, facing n: SIMD3<Float>) -> Sum {
    guard let hit = lens.project(p) else { return Sum() }
    let reach = min(max(1, Self.spread * voxel * focal / hit.z), Self.widest)
    let farthest = Self.slant * reach * hit.z / focal
    let (u, v) = (hit.u - Float(left), hit.v - Float(top))
    let across = Self.pixels(u, reach, columns)
    var sum = Sum()
    for y in Self.pixels(v, reach, rows) {
      let tent = 1 - abs(Float(y) - v) / reach
      for x in across {
        let number = numbers[y * columns + x]
        guard number >= 0 else { continue }
        let sample = samples[Int(number)]
        let cosine = (sample.normal * n).sum()
        guard cosine > Self.facing else { continue }
        let d = sample.place - p
        let h = (d * n).sum()
        let near = 1 - h * h / (Self.height * Self.height)
        guard near > 0, (d * d).sum() - h * h < farthest * farthest else { continue }
        let weight = tent * (1 - abs(Float(x) - u) / reach) * near * near * cosine
        sum += Sum(color: sample.color * weight, weight: sample.confidence * weight)
      }
    }
    return sum
  }

  /// The pixels of a row or column of so many that lie less than `reach` from a place.
  private static func pixels(_ place: Float, _ reach: Float, _ count: Int) -> Range<Int> {
    let first = max(0, Int((place - reach).rounded(.down)) + 1)
    return first..<max(first, min(count, Int((place + reach).rounded(.up))))
  }
}
