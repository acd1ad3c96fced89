import CaptureCore
import Foundation

/// Places that cameras saw, and nothing else: no space is free.
class SeenPlaces: FrameObservations, @unchecked Sendable {
  let surface: UnsafeBufferPointer<SurfaceObservation>
  let freeRays = UnsafeBufferPointer<FreeRay>(start: nil, count: 0)

  init(_ all: [SurfaceObservation]) {
    let copy = UnsafeMutableBufferPointer<SurfaceObservation>.allocate(capacity: all.count)
    _ = copy.initialize(from: all)
    surface = UnsafeBufferPointer(copy)
  }

  deinit { surface.deallocate() }

  func depth(ofCamera camera: Int) -> ObservedDepth? { nil }
  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    for i in points.indices { result[i] = -1 }
  }
}

/// A ball, of 0.4 m unless said, as cameras on some of the axes see it.
final class SeenBall: SeenPlaces, @unchecked Sendable {
  static let radius: Float = 0.4

  /// - Parameter step: Between pixels, in radii.
  init(from cameras: [SIMD3<Float>], step: Float = 0.02, radius: Float = SeenBall.radius) {
    var all: [SurfaceObservation] = []
    for (c, side) in cameras.enumerated() {
      for z in stride(from: Float(-1), through: 1, by: step) {
        for a in stride(from: Float(0), to: 2 * .pi, by: step) {
          let r = (1 - z * z).squareRoot()
          let n = SIMD3(r * cosf(a), r * sinf(a), z)
          guard n.dot(side) > 0.2 else { continue }
          var o = SurfaceObservation()
          (o.x, o.y, o.z) = (n.x * radius, n.y * radius, n.z * radius)
          (o.nx, o.ny, o.nz) = (n.x, n.y, n.z)
          (o.camera, o.confidence, o.incidence) = (UInt32(c), 0.8, 1)
          (o.red, o.green, o.blue, o.hasColor) = (200, UInt8(c), 30, 1)
          all.append(o)
        }
      }
    }
    super.init(all)
  }
}
