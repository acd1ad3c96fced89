public import CaptureCore
internal import Synchronization

extension ObservationSource {
  /// The observations with the cameras where a training left them.
  /// - Parameter places: Colour lens to world, one a camera.
  public func seen(from places: [RigidTransform]) -> any ObservationSource {
    CorrectedSource(self, worldFromColor: places)
  }
}

/// Observations with each camera's part moved by its correction.
///
/// Surface, free rays and lenses move; hidden cells, depth images and free space stay as they were
/// recorded: corrections are small against their margins.
final class CorrectedSource: ObservationSource {
  /// Bytes of moved frames that are kept; at least two frames are.
  private static let budget = 128 << 20

  let base: any ObservationSource
  let cameras: [PlacedCamera]
  private let motions: [RigidTransform]
  /// Added to the times of each camera's images, seconds.
  private let seconds: [Double]
  private let recent = Mutex<[(index: Int, frame: CorrectedFrame)]>([])

  /// - Parameters:
  ///   - motions: Of what each camera saw, in the world.
  ///   - seconds: Added to the times of its images.
  private init(
    _ base: any ObservationSource, motions: [RigidTransform], seconds: [Double]
  ) {
    precondition(motions.count == base.cameras.count, "one correction a camera")
    (self.base, self.motions, self.seconds) = (base, motions, seconds)
    cameras = zip(base.cameras, motions).map {
      PlacedCamera(description: $0.description, worldFromColor: $1 * $0.worldFromColor)
    }
  }

  /// - Parameter corrections: One a camera.
  convenience init(_ base: any ObservationSource, _ corrections: [CameraCorrection]) {
    let pivot = SIMD3<Double>(base.box.center)
    self.init(
      base, motions: corrections.map { $0.motion(about: pivot) },
      seconds: corrections.map(\.seconds))
  }

  /// - Parameter places: Colour lens to world, one a camera.
  convenience init(_ base: any ObservationSource, worldFromColor places: [RigidTransform]) {
    self.init(
      base, motions: zip(base.cameras, places).map { $1 * $0.worldFromColor.inverse },
      seconds: places.map { _ in 0 })
  }

  var frameCount: Int { base.frameCount }
  var times: [Double] { base.times }
  var box: BoundingBox { base.box }

  func timing(frame: Int, camera: Int) -> ObservationTiming {
    var timing = base.timing(frame: frame, camera: camera)
    timing.depth += seconds[camera]
    timing.color += seconds[camera]
    return timing
  }

  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations {
    let known = recent.withLock { recent -> CorrectedFrame? in
      guard let at = recent.firstIndex(where: { $0.index == index }) else { return nil }
      let entry = recent.remove(at: at)
      recent.append(entry)
      return entry.frame
    }
    if let known { return known }
    let frame = CorrectedFrame(try base.frame(index), motions)
    recent.withLock { recent in
      recent.append((index, frame))
      var bytes = recent.reduce(0) { $0 + $1.frame.bytes }
      while bytes > Self.budget, recent.count > 2 { bytes -= recent.removeFirst().frame.bytes }
    }
    return frame
  }
}

/// One frame of a ``CorrectedSource``: a copy of what moves.
final class CorrectedFrame: FrameObservations {
  nonisolated(unsafe) let surface: UnsafeBufferPointer<SurfaceObservation>
  nonisolated(unsafe) let freeRays: UnsafeBufferPointer<FreeRay>
  private let base: any FrameObservations

  init(_ base: any FrameObservations, _ motions: [RigidTransform]) {
    self.base = base
    let turns = motions.map { motion in
      (
        x: SIMD3<Float>(motion.rows.0), y: SIMD3<Float>(motion.rows.1),
        z: SIMD3<Float>(motion.rows.2), shift: SIMD3<Float>(motion.translation)
      )
    }
    func turned(_ v: SIMD3<Float>, _ camera: UInt32) -> SIMD3<Float> {
      let turn = turns[Int(camera)]
      return SIMD3(turn.x.dot(v), turn.y.dot(v), turn.z.dot(v))
    }
    surface = Self.moved(base.surface) { o in
      let (p, n) = (turned(o.position, o.camera) + turns[Int(o.camera)].shift, o.normal)
      let (m, d) = (turned(n, o.camera), turned(o.direction, o.camera))
      (o.x, o.y, o.z) = (p.x, p.y, p.z)
      (o.nx, o.ny, o.nz, o.dx, o.dy, o.dz) = (m.x, m.y, m.z, d.x, d.y, d.z)
    }
    freeRays = Self.moved(base.freeRays) { ray in
      let d = turned(SIMD3(ray.dx, ray.dy, ray.dz), ray.camera)
      (ray.dx, ray.dy, ray.dz) = (d.x, d.y, d.z)
    }
  }

  deinit {
    surface.deallocate()
    freeRays.deallocate()
  }

  private static func moved<Element>(
    _ elements: UnsafeBufferPointer<Element>, _ move: (inout Element) -> Void
  ) -> UnsafeBufferPointer<Element> {
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = copy.initialize(from: elements)
    for i in copy.indices { move(&copy[i]) }
    return UnsafeBufferPointer(copy)
  }

  var bytes: Int {
    surface.count * MemoryLayout<SurfaceObservation>.stride
      + freeRays.count * MemoryLayout<FreeRay>.stride
  }

  var hidden: HiddenCells { base.hidden }

  func depth(ofCamera camera: Int) -> ObservedDepth? { base.depth(ofCamera: camera) }

  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    base.freedom(of: points, into: result)
  }
}
