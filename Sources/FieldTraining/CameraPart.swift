internal import CaptureCore

/// What one camera saw in a frame set: its observations alone, for cameras that took theirs at times
/// of their own.
final class CameraPart: FrameObservations {
  nonisolated(unsafe) let surface: UnsafeBufferPointer<SurfaceObservation>
  nonisolated(unsafe) let freeRays: UnsafeBufferPointer<FreeRay>
  /// Keeps the buffers alive, and knows what all cameras saw through, and what none did.
  private let whole: any FrameObservations

  /// - Parameter whole: Its observations stand camera by camera.
  init(_ whole: any FrameObservations, camera: Int) {
    self.whole = whole
    surface = Self.slice(whole.surface, camera) { Int($0.camera) }
    freeRays = Self.slice(whole.freeRays, camera) { Int($0.camera) }
  }

  private static func slice<Element>(
    _ all: UnsafeBufferPointer<Element>, _ camera: Int, _ key: (Element) -> Int
  ) -> UnsafeBufferPointer<Element> {
    func first(_ least: Int) -> Int { all.partitionPoint { key($0) < least } }
    return UnsafeBufferPointer(rebasing: all[first(camera)..<first(camera + 1)])
  }

  var hidden: HiddenCells { whole.hidden }

  func depth(ofCamera camera: Int) -> ObservedDepth? { whole.depth(ofCamera: camera) }

  func freedom(
    of points: UnsafeBufferPointer<SIMD3<Float>>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    whole.freedom(of: points, into: result)
  }
}
