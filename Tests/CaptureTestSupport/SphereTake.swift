public import CaptureCore

/// Observations of a sphere that moves along x, as a perfect rig would make them, in memory.
public final class SphereTake: ObservationSource {
  /// Radius of the sphere, metres.
  public let radius: Float = 0.3
  /// Region of interest.
  public let box = BoundingBox(lower: SIMD3(-0.6, -0.5, -0.5), upper: SIMD3(0.6, 0.5, 0.5))
  /// Times of the frames, seconds.
  public let times: [Double]
  /// One pinhole camera on each side, two metres away.
  public let cameras: [PlacedCamera]
  private let frames: [SphereFrame]

  /// A take of the given number of frames.
  public init(frames count: Int) {
    times = (0..<count).map { 1 + Double($0) / 15 }
    let lens = CameraModel(
      width: 48, height: 48, intrinsics: Intrinsics(fx: 60, fy: 60, cx: 23.5, cy: 23.5))
    cameras = (0..<4).map { side in
      let eye = [
        SIMD3(2.0, 0, 0), SIMD3(-2.0, 0, 0), SIMD3(0.0, 0, 2), SIMD3(0.0, 0, -2),
      ][side]
      return PlacedCamera(
        description: CameraDescription(
          id: "cam\(side)", sync: SyncRole(mode: .master), color: nil, depth: lens),
        worldFromColor: .looking(from: eye, at: .zero))
    }
    let (cameras, box) = (cameras, box)
    frames = (0..<count).map { SphereFrame(center: Self.center($0), 0.3, cameras, box) }
  }

  /// Centre of the sphere in a frame.
  public static func center(_ frame: Int) -> SIMD3<Float> { SIMD3(0.05 * Float(frame), 0, 0) }

  /// Number of frames.
  public var frameCount: Int { frames.count }

  /// One frame.
  public func frame(_ index: Int) throws(CaptureError) -> any FrameObservations { frames[index] }
}

/// One frame of a ``SphereTake``.
final class SphereFrame: FrameObservations, @unchecked Sendable {
  let surface: UnsafeBufferPointer<SurfaceObservation>
  let freeRays: UnsafeBufferPointer<FreeRay>
  let hidden: HiddenCells
  private let depths: [UnsafeBufferPointer<Int16>]
  private let cameras: [PlacedCamera]

  init(center: SIMD3<Float>, _ radius: Float, _ cameras: [PlacedCamera], _ box: BoundingBox) {
    self.cameras = cameras
    var (surface, free): ([SurfaceObservation], [FreeRay]) = ([], [])
    var depths: [UnsafeBufferPointer<Int16>] = []
    for (c, camera) in cameras.enumerated() {
      let lens = camera.description.depth!
      var samples = [Int16](repeating: 0, count: lens.width * lens.height)
      let origin = SIMD3<Float>(camera.worldFromDepth.translation)
      for (i, pixel) in lens.directionTable().enumerated() {
        let ray = SIMD3<Float>(camera.worldFromDepth.rotate(SIMD3<Double>(pixel)))
        let d = ray.normalized
        let b = d.dot(center - origin)
        let discriminant = b * b - (center - origin).dot(center - origin) + radius * radius
        if discriminant > 0 {
          let range = b - discriminant.squareRoot()
          let p = origin + d * range
          let n = (p - center) / radius
          var o = SurfaceObservation()
          (o.x, o.y, o.z, o.nx, o.ny, o.nz) = (p.x, p.y, p.z, n.x, n.y, n.z)
          (o.dx, o.dy, o.dz, o.range, o.near) = (d.x, d.y, d.z, range, 1.3)
          (o.sigma, o.incidence, o.confidence) = (0.001, -n.dot(d), 1)
          (o.red, o.green, o.blue, o.hasColor) = (200, 100, 50, 1)
          o.camera = UInt32(c)
          surface.append(o)
          samples[i] = Int16(range / ray.length / ObservedDepth.step)
        } else if let hit = box.interval(origin: origin, direction: d) {
          // How far the ray passes by, in pixels of this lens at that distance.
          let miss = ((center - origin) - d * b).length - radius
          free.append(
            FreeRay(
              direction: d, near: hit.near, far: hit.far, silhouette: miss * 60 / b,
              camera: UInt32(c)))
          samples[i] = -16_000
        }
      }
      let copy = UnsafeMutableBufferPointer<Int16>.allocate(capacity: samples.count)
      _ = copy.initialize(from: samples)
      depths.append(UnsafeBufferPointer(copy))
    }
    func keep<T>(_ values: [T]) -> UnsafeBufferPointer<T> {
      let copy = UnsafeMutableBufferPointer<T>.allocate(capacity: values.count)
      _ = copy.initialize(from: values)
      return UnsafeBufferPointer(copy)
    }
    (self.surface, freeRays, self.depths) = (keep(surface), keep(free), depths)
    hidden = Self.hidden(center, radius, box, keep)
  }

  /// Cells of 4 cm that the sphere hides.
  private static func hidden(
    _ center: SIMD3<Float>, _ radius: Float, _ box: BoundingBox,
    _ keep: ([UInt32]) -> UnsafeBufferPointer<UInt32>
  ) -> HiddenCells {
    let edge: Float = 0.04
    let n = SIMD3<Int32>((box.size / edge).rounded(.up))
    var packed: [UInt32] = []
    for z in 0..<n.z {
      for y in 0..<n.y {
        for x in 0..<n.x {
          let p = box.lower + (SIMD3(Float(x), Float(y), Float(z)) + 0.5) * edge
          let depth = (radius - (p - center).length) / edge
          guard depth > -1 else { continue }
          let layer = depth > 0 ? -min(HiddenCells.deepest, Int(depth) + 1) : 1
          let index = (z * n.y + y) * n.x + x
          packed.append(HiddenCells.pack(index: Int(index), layer: layer))
        }
      }
    }
    return HiddenCells(origin: box.lower, edge: edge, counts: n, packed: keep(packed))
  }

  deinit {
    surface.deallocate()
    freeRays.deallocate()
    hidden.packed.deallocate()
    for d in depths { d.deallocate() }
  }

  func depth(ofCamera camera: Int) -> ObservedDepth? {
    let lens = cameras[camera].description.depth!
    return ObservedDepth(width: lens.width, height: lens.height, samples: depths[camera])
  }

  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    for (i, point) in points.enumerated() {
      result[i] = -1
      for (c, camera) in cameras.enumerated() {
        let lens = camera.description.depth!
        let q = camera.worldFromDepth.inverse.apply(SIMD3<Double>(point))
        guard let pixel = lens.project(q) else { continue }
        let (u, v) = (Int(pixel.x.rounded()), Int(pixel.y.rounded()))
        guard u >= 0, v >= 0, u < lens.width, v < lens.height else { continue }
        let sample = Float(depths[c][v * lens.width + u]) * ObservedDepth.step
        if sample != 0 { result[i] = max(result[i], abs(sample) - 0.03 - Float(q.z)) }
      }
    }
  }
}
