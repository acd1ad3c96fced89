internal import CaptureCore

/// A piece of the moving subject's surface as one thumbnail shows it.
struct SurfacePiece: Sendable {
  /// Place, world metres.
  var position: SIMD3<Float>
  /// Unit normal, world, towards the camera.
  var normal: SIMD3<Float>
}

/// Which pixels of a camera that stands still something moves through.
struct MovingSurface: Sendable {
  /// Images that are compared at most.
  private static let compared = 60
  /// Depth may differ by this much, metres and a share of z², without anything moving.
  private static let stillness: (base: Float, square: Float) = (0.012, 0.003)

  /// The farthest depth that a pixel often has, metres; 0 where it has hardly any.
  private(set) var far: [Float]
  /// Pixels through which something moves.
  private(set) var isActive: [Bool]
  /// Pixels that often return nothing: one sees through them into the open.
  private(set) var isOpen: [Bool]
  /// Whether enough pixels are active to speak of motion.
  var moves: Bool { isActive.count { $0 } >= max(12, isActive.count / 1000) }

  init(_ images: [Thumbnail], pixels: Int) {
    far = [Float](repeating: 0, count: pixels)
    isActive = [Bool](repeating: false, count: pixels)
    isOpen = isActive
    let chosen = images.evenlySpread(Self.compared)
    guard chosen.count >= 4 else { return }
    var values: [Float] = []
    for pixel in 0..<pixels {
      values.removeAll(keepingCapacity: true)
      var empty = 0
      for image in chosen {
        let z = image[pixel]
        if z > 0 { values.append(z) } else if z < 0 { empty += 1 }
      }
      isOpen[pixel] = empty * 10 >= 3 * chosen.count
      guard values.count >= 3 else { continue }
      values.sort()
      let (near, distant) = (
        values[values.count / 10], values[values.count - 1 - values.count / 10]
      )
      far[pixel] = distant
      let comes = empty * 10 >= chosen.count && values.count * 10 >= chosen.count
      isActive[pixel] =
        comes || distant - near > Self.stillness.base + Self.stillness.square * near * near
    }
  }

  /// The pieces of surface in an image that lie before what is usually there, evenly thinned out to
  /// at most `limit`.
  func pieces(
    _ image: Thumbnail, _ view: ThumbnailView, limit: Int
  ) -> [SurfacePiece] {
    let (w, h) = (view.width, view.height)
    var found: [SurfacePiece] = []
    guard w > 2, h > 2 else { return [] }
    for v in 1..<h - 1 {
      for u in 1..<w - 1 {
        let i = v * w + u
        let z = image[i]
        guard isActive[i], z > 0, isOpen[i] || z < far[i] - 0.015 else { continue }
        if let piece = view.piece(i, image) { found.append(piece) }
      }
    }
    return found.evenlySpread(limit)
  }
}

/// One camera's thumbnails in the world.
struct ThumbnailView: Sendable {
  let width, height: Int
  let projection: PixelProjection
  private let directions: [SIMD3<Float>]

  init(_ lens: ThumbnailLens, worldFromDepth: RigidTransform) {
    (width, height) = (lens.width, lens.height)
    projection = lens.projection(worldFromDepth)
    directions = lens.directions()
  }

  /// The surface at a pixel that is not at the rim; nil where it is no smooth surface.
  func piece(_ i: Int, _ image: Thumbnail) -> SurfacePiece? {
    let (z, left, right) = (image[i], image[i - 1], image[i + 1])
    let (above, below) = (image[i - width], image[i + width])
    guard min(left, right, above, below) > 0, directions[i].x.isFinite,
      max(left, right, above, below) - min(left, right, above, below) < 0.08 * z,
      // What bends within a few pixels lies elsewhere than its mean depth.
      max(abs(left + right - 2 * z), abs(above + below - 2 * z)) < 0.06
    else { return nil }
    let a = directions[i + 1] * right - directions[i - 1] * left
    let b = directions[i + width] * below - directions[i - width] * above
    // Right times down points forward, away from the camera.
    let normal = a.cross(b).normalized * -1
    guard normal.x.isFinite, -normal.dot(directions[i].normalized) > 0.25 else { return nil }
    let d = directions[i]
    return SurfacePiece(
      position: projection.origin + rotate(d) * z, normal: rotate(normal))
  }

  /// One over the squared cosine at which the camera sees a piece, 25 at most.
  func graze(_ piece: SurfacePiece) -> Float {
    let cosine = piece.normal.dot((projection.origin - piece.position).normalized)
    return 1 / max(0.04, cosine * cosine)
  }

  func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> {
    projection.right * v.x + projection.down * v.y + projection.forward * v.z
  }

  /// Where a world point falls: the pixel up and left of it, how far it lies beyond, and its z-depth.
  func place(_ p: SIMD3<Float>) -> Place? {
    guard let hit = projection.project(p), hit.u >= 0, hit.v >= 0 else { return nil }
    let (u, v) = (Int(hit.u), Int(hit.v))
    guard u + 1 < width, v + 1 < height else { return nil }
    return Place(
      index: v * width + u, a: hit.u - Float(u), b: hit.v - Float(v), z: hit.z)
  }

  struct Place {
    var index: Int
    var a, b: Float
    var z: Float
  }

  /// z-depth of an image between four pixels, as a plane's would be; nil where they are not one
  /// surface.
  @inline(__always) func depth(_ image: Thumbnail, at p: Place) -> Float? {
    let (q, r) = (image[p.index], image[p.index + 1])
    let (s, t) = (image[p.index + width], image[p.index + width + 1])
    let least = min(q, r, s, t)
    guard least > 0, max(q, r, s, t) < 1.04 * least else { return nil }
    let top = (1 - p.a) / q + p.a / r
    let bottom = (1 - p.a) / s + p.a / t
    return 1 / ((1 - p.b) * top + p.b * bottom)
  }

  /// Unit normal, world, towards the camera, and the factor by which a difference in z becomes one
  /// along the normal.
  @inline(__always) func normal(
    _ image: Thumbnail, at p: Place
  ) -> (normal: SIMD3<Float>, factor: Float)? {
    let i = p.index
    let a =
      directions[i + 1] * image[i + 1] - directions[i] * image[i]
      + directions[i + width + 1] * image[i + width + 1]
      - directions[i + width] * image[i + width]
    let b =
      directions[i + width] * image[i + width] - directions[i] * image[i]
      + directions[i + width + 1] * image[i + width + 1] - directions[i + 1] * image[i + 1]
    let n = a.cross(b).normalized * -1
    guard n.x.isFinite else { return nil }
    let d = directions[i]
    let factor = -n.dot(d)
    guard factor > 0.25 * d.length else { return nil }
    return (rotate(n), factor)
  }
}
