import CaptureCore
import Foundation
import NeuralFields

/// Observations of a rounded box that swings, as a perfect rig would make them: unlike a sphere, it
/// shows every motion of a camera.
final class BoxTake: ObservationSource {
  static let half = SIMD3<Float>(0.22, 0.16, 0.12)
  static let rounding: Float = 0.02

  let box = BoundingBox(lower: SIMD3(repeating: -0.45), upper: SIMD3(repeating: 0.45))
  let times: [Double]
  let cameras: [PlacedCamera]
  /// How much later than the frame's time each camera looked, and how much later it says.
  let delays, claimed: [Double]
  /// Half of the way that the box swings, metres.
  let swing: Float
  private let frames: [BoxFrame]

  init(
    frames count: Int, swing: Float = 0, delays: [Double] = [0, 0, 0, 0],
    claimed: [Double]? = nil
  ) {
    times = (0..<count).map { Double($0) / 15 }
    (self.delays, self.claimed, self.swing) = (delays, claimed ?? delays, swing)
    let lens = CameraModel(
      width: 36, height: 36, intrinsics: Intrinsics(fx: 66, fy: 66, cx: 17.5, cy: 17.5))
    let eyes = [
      SIMD3(1.2, 0.9, 0.9), SIMD3(-1.1, 0.8, 1.0), SIMD3(-0.9, 1.0, -1.1), SIMD3(1.0, 0.9, -1.0),
    ]
    cameras = eyes.enumerated().map {
      PlacedCamera(
        description: CameraDescription(
          id: "cam\($0)", sync: SyncRole(mode: .master), color: nil, depth: lens),
        worldFromColor: .looking(from: $1, at: .zero))
    }
    let (cameras, box) = (cameras, box)
    frames = times.map { time in
      BoxFrame(delays.map { BoxTake.center(time + $0, swing) }, cameras, box)
    }
  }

  /// Centre of the box: it swings once in half a second.
  static func center(_ time: Double, _ swing: Float) -> SIMD3<Float> {
    SIMD3(1, 0.6, -0.8) * swing * Float(sin(4 * .pi * time))
  }

  /// Signed distance and normal at a point of the box's own frame.
  static func distance(_ p: SIMD3<Float>) -> (value: Float, normal: SIMD3<Float>) {
    let sign = p.replacing(with: 1, where: p .>= 0).replacing(with: -1, where: p .< 0)
    let q = p * sign - (half - rounding)
    let outside = q.replacing(with: 0, where: q .< 0)
    let length = outside.length
    if length > 0 { return (length - rounding, outside / length * sign) }
    let most = q.max()
    let face = SIMD3<Float>(q.x == most ? 1 : 0, q.y == most ? 1 : 0, q.z == most ? 1 : 0)
    return (most - rounding, face.normalized * sign)
  }

  var frameCount: Int { times.count }
  func timing(frame: Int, camera: Int) -> ObservationTiming {
    ObservationTiming(depth: claimed[camera], color: claimed[camera])
  }
  func frame(_ index: Int) throws(CaptureError) -> any FrameObservations { frames[index] }
}

/// One frame of a ``BoxTake``.
private final class BoxFrame: FrameObservations {
  nonisolated(unsafe) let surface: UnsafeBufferPointer<SurfaceObservation>
  nonisolated(unsafe) let freeRays: UnsafeBufferPointer<FreeRay>

  init(_ centers: [SIMD3<Float>], _ cameras: [PlacedCamera], _ box: BoundingBox) {
    var (surface, free): ([SurfaceObservation], [FreeRay]) = ([], [])
    for (c, camera) in cameras.enumerated() {
      let origin = SIMD3<Float>(camera.worldFromDepth.translation)
      for pixel in camera.description.depth?.directionTable() ?? [] {
        let d = SIMD3<Float>(camera.worldFromDepth.rotate(SIMD3<Double>(pixel))).normalized
        guard let near = box.interval(origin: origin, direction: d) else { continue }
        let start = origin - centers[c]
        var (t, left) = (near.near, 40)
        var hit = BoxTake.distance(start + d * t)
        while hit.value > 1e-5, t < near.far, left > 0 {
          (t, left) = (t + hit.value, left - 1)
          hit = BoxTake.distance(start + d * t)
        }
        guard hit.value < 1e-4 else {
          free.append(
            FreeRay(
              direction: d, near: near.near, far: near.far, silhouette: 3, camera: UInt32(c)))
          continue
        }
        var o = SurfaceObservation()
        let (p, n) = (origin + d * t, hit.normal)
        (o.x, o.y, o.z, o.nx, o.ny, o.nz) = (p.x, p.y, p.z, n.x, n.y, n.z)
        (o.dx, o.dy, o.dz, o.range, o.near) = (d.x, d.y, d.z, t, near.near)
        (o.sigma, o.incidence, o.confidence, o.camera) = (0.001, -n.dot(d), 1, UInt32(c))
        if o.incidence > 0.2 { surface.append(o) }
      }
    }
    func keep<T>(_ values: [T]) -> UnsafeBufferPointer<T> {
      let copy = UnsafeMutableBufferPointer<T>.allocate(capacity: values.count)
      _ = copy.initialize(from: values)
      return UnsafeBufferPointer(copy)
    }
    (self.surface, freeRays) = (keep(surface), keep(free))
  }

  deinit {
    surface.deallocate()
    freeRays.deallocate()
  }

  func depth(ofCamera camera: Int) -> ObservedDepth? { nil }
  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) { result.update(repeating: -1) }
}

/// The true field of a ``BoxTake`` at one time.
struct BoxSlice: FieldSlice {
  let center: SIMD3<Float>
  /// World centre and metres of a field unit.
  let space: (center: SIMD3<Float>, scale: Float)

  func evaluate(
    _ points: UnsafeBufferPointer<Float>, distance: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, rgb: UnsafeMutablePointer<Float>?
  ) {
    for i in 0..<points.count / 3 {
      let p = SIMD3(points[3 * i], points[3 * i + 1], points[3 * i + 2])
      let found = BoxTake.distance(p * space.scale + space.center - center)
      distance[i] = found.value / space.scale
      for c in 0..<3 { gradient?[3 * i + c] = found.normal[c] }
    }
  }
}
