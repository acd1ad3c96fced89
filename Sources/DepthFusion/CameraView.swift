internal import CaptureCore

/// What one camera says about points of the world at one instant.
struct CameraView {
  /// What is known of a point from all cameras.
  struct Evidence {
    /// Sum of weighted distances to the surface, and of the weights.
    var weighted: Float = 0, weight: Float = 0
    /// Some camera looked through the point, by a clear margin.
    var isFree = false
  }

  /// A seen surface at a pixel: a plane, of which little more than the pixel is believed.
  private struct Patch {
    /// Place and weight; weight 0 where nothing was observed.
    var place = SIMD4<Float>.zero
    /// Normal and z-depth.
    var normal = SIMD4<Float>.zero
    /// sRGB 0...255, and 1 in the last place where there is a colour.
    var color = SIMD4<Float>.zero

    /// Signed distance of a point to the plane, metres.
    @inline(__always) func distance(_ p: SIMD3<Float>) -> Float {
      let q = (SIMD4(p, 0) - place) * normal
      return q.x + q.y + q.z
    }
  }

  private let projection: PixelProjection
  private let width, height: Int
  private var patches: [Patch]
  /// Of each pixel: the z-depth up to which its whole neighbourhood of 3 × 3 pixels is free, 0 without; and
  /// the z-depth of its patch, endless without. Most points are done with these, and need no patch.
  private var depths: [SIMD2<Float>]

  init?(_ frame: any FrameObservations, camera index: Int, _ camera: PlacedCamera) {
    guard let model = camera.description.depth, let depth = frame.depth(ofCamera: index),
      depth.width == model.width, depth.height == model.height
    else { return nil }
    (width, height) = (depth.width, depth.height)
    projection = PixelProjection(model, worldFromCamera: camera.worldFromDepth)
    let known = depth.samples.map { Float($0) * ObservedDepth.step }
    depths = Self.clearance(known, width, height).map { SIMD2($0, .infinity) }
    patches = [Patch](repeating: Patch(), count: width * height)
    for o in frame.surface where o.camera == UInt32(index) { add(o) }
  }

  /// Puts an observation at the pixel it came from.
  private mutating func add(_ o: SurfaceObservation) {
    guard let (at, z) = projection.pixel(o.position), (o.normal * 0) == .zero else { return }
    let sigma = max(o.sigma, 1e-4)
    // A millimetre's worth is 1; sigma holds the incidence already.
    let weight = max(o.confidence, 1e-3) * 1e-6 / (sigma * sigma)
    guard weight > 0, weight.isFinite else { return }
    depths[at].y = z
    patches[at] = Patch(
      place: SIMD4(o.position, weight), normal: SIMD4(o.normal, z),
      color: SIMD4(Float(o.red), Float(o.green), Float(o.blue), o.hasColor == 1 ? 1 : 0))
  }

  private static func clearance(_ depths: [Float], _ width: Int, _ height: Int) -> [Float] {
    var clear = [Float](repeating: 0, count: depths.count)
    guard width > 2, height > 2 else { return clear }
    for v in 1..<(height - 1) {
      for u in 1..<(width - 1) {
        var least = Float.infinity
        for row in (v - 1)...(v + 1) {
          for at in (row * width + u - 1)...(row * width + u + 1) {
            least = min(least, abs(depths[at]))
          }
        }
        clear[v * width + u] = least
      }
    }
    return clear
  }

  /// Adds what this camera knows of a point.
  ///
  /// The distance is that to the planes seen at the four pixels around the point, which is right
  /// at any incidence; in front of the surface it is sure, behind it less with every millimetre,
  /// or else the two sides of a thin part would push each other away.
  @inline(__always) func add(_ p: SIMD3<Float>, _ truncation: Float, to evidence: inout Evidence) {
    guard let hit = projection.project(p) else { return }
    let at = Int(hit.v + 0.5) * width + Int(hit.u + 0.5)
    let depth = depths[at]
    if hit.z < depth.x - truncation { evidence.isFree = true }
    // Planes hold near their pixels only: far along the ray, they say nothing.
    guard abs(depth.y - hit.z) < 4 * truncation, abs(patches[at].distance(p)) < 2 * truncation,
      let (distance, weight) = plane(p, hit, depth.y), abs(distance) < truncation
    else { return }
    let trust = weight * (distance < 0 ? max(0.02, 1 + distance / truncation) : 1)
    evidence.weighted += trust * distance
    evidence.weight += trust
  }

  /// Distance to the planes around a point, blended as in bilinear interpolation, and its weight.
  @inline(__always) private func plane(
    _ p: SIMD3<Float>, _ hit: (u: Float, v: Float, z: Float), _ depth: Float
  ) -> (Float, Float)? {
    let (u, v) = (hit.u.rounded(.down), hit.v.rounded(.down))
    let (a, b) = (hit.u - u, hit.v - v)
    var (sum, weight): (Float, Float) = (0, 0)
    for corner in 0..<4 {
      let (x, y) = (Int(u) + corner & 1, Int(v) + corner >> 1)
      guard x >= 0, y >= 0, x < width, y < height else { continue }
      let patch = patches[y * width + x]
      // Another surface behind or before this one has no say here.
      guard patch.place.w > 0, abs(patch.normal.w - depth) < Self.step else { continue }
      let share = (corner & 1 == 1 ? a : 1 - a) * (corner >> 1 == 1 ? b : 1 - b) * patch.place.w
      sum += share * patch.distance(p)
      weight += share
    }
    return weight > 0 ? (sum / weight, weight) : nil
  }

  /// Largest difference in depth between neighbouring pixels of one surface, metres.
  private static let step: Float = 0.03

  /// Adds the colour at a point of the surface: sRGB 0...255 times the weight, and the weight.
  func addColor(at p: SIMD3<Float>, within: Float, to sum: inout SIMD4<Float>) {
    guard let hit = projection.project(p) else { return }
    let (u, v) = (hit.u.rounded(.down), hit.v.rounded(.down))
    for corner in 0..<4 {
      let (x, y) = (Int(u) + corner & 1, Int(v) + corner >> 1)
      guard x >= 0, y >= 0, x < width, y < height else { continue }
      let patch = patches[y * width + x]
      guard patch.color.w > 0, abs(patch.normal.w - hit.z) < within else { continue }
      let (a, b) = (hit.u - u, hit.v - v)
      sum +=
        patch.color
        * ((corner & 1 == 1 ? a : 1 - a) * (corner >> 1 == 1 ? b : 1 - b) * patch.place.w)
    }
  }
}
