internal import CaptureCore

/// A lens at its place in front of a scene: traces every pixel.
struct View: Sendable {
  let scene: Scene
  let rays: LensRays
  private let origin: SIMD3<Float>
  private let column0, column1, column2: SIMD3<Float>

  init(scene: Scene, rays: LensRays, worldFromLens: RigidTransform) {
    (self.scene, self.rays) = (scene, rays)
    origin = SIMD3<Float>(worldFromLens.translation)
    column0 = SIMD3<Float>(worldFromLens.rotate(SIMD3(1, 0, 0)))
    column1 = SIMD3<Float>(worldFromLens.rotate(SIMD3(0, 1, 0)))
    column2 = SIMD3<Float>(worldFromLens.rotate(SIMD3(0, 0, 1)))
  }

  /// First hit along a direction of the lens's frame; `t` is z-depth.
  @inline(__always) func trace(_ tracer: borrowing Tracer, _ direction: SIMD3<Float>) -> Hit {
    guard direction.x.isFinite else { return Hit() }
    return tracer.trace(
      origin, direction.x * column0 + direction.y * column1 + direction.z * column2)
  }

  /// |cos| of the angle between a direction of the lens's frame and a hit's normal.
  @inline(__always) func incidence(_ hit: Hit, _ direction: SIMD3<Float>) -> Float {
    let ray = direction.x * column0 + direction.y * column1 + direction.z * column2
    return abs(ray.dot(hit.normal)) / ray.length
  }

  /// The hit of every pixel's centre, row-major `[height × width]`.
  func hits() -> [Hit] {
    let (width, height) = (rays.width, rays.height)
    return [Hit](unsafeUninitializedCapacity: width * height) { hits, count in
      nonisolated(unsafe) let hits = hits
      concurrently(height) { v, _ in
        let tracer = Tracer(scene)
        for u in 0..<width {
          (hits.baseAddress! + v * width + u).initialize(to: trace(tracer, rays.direction(u, v)))
        }
      }
      count = width * height
    }
  }

  /// Whether the surface breaks between a pixel and one of its eight neighbours.
  static func isEdge(
    _ hits: UnsafeBufferPointer<Hit>, _ width: Int, _ height: Int, _ u: Int, _ v: Int
  ) -> Bool {
    let here = hits[v * width + u]
    for y in max(v - 1, 0)...min(v + 1, height - 1) {
      for x in max(u - 1, 0)...min(u + 1, width - 1) {
        let there = hits[y * width + x]
        if there.kind != here.kind { return true }
        // 30 mm: beyond what a surface at 75 degrees makes between pixels of 8 mm.
        if here.kind == .subject, abs(there.t - here.t) > 0.03 { return true }
      }
    }
    return false
  }
}
