internal import CFieldKernels
internal import CaptureCore
internal import NeuralFields
internal import Synchronization

/// A composed field: evaluation in parallel chunks. A point's result does not depend on its
/// neighbours, nor on the number of threads.
final class CPUSlice: FieldSlice, @unchecked Sendable {
  /// Points that one worker takes at a time.
  private static let chunkPoints = 1024

  private let field: cfk_field
  private let weights: FloatBuffer
  private let target: KernelTarget
  private let threads: Int
  /// Scratch that no call is using now: meshing asks for many small batches.
  private let idle = Mutex<[FloatBuffer]>([])

  init(field: cfk_field, weights: FloatBuffer, target: KernelTarget, threads: Int) {
    (self.field, self.weights, self.target, self.threads) = (field, weights, target, threads)
  }

  func evaluate(
    _ points: UnsafeBufferPointer<Float>, distance: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, rgb: UnsafeMutablePointer<Float>?
  ) {
    let count = points.count / 3
    guard count > 0, let base = points.baseAddress else { return }
    let chunks = (count + Self.chunkPoints - 1) / Self.chunkPoints
    let workers = min(threads, chunks)
    let scratch = (0..<workers).map { _ in takeScratch() }
    concurrently(chunks, threads: workers) { chunk, worker in
      let first = chunk * Self.chunkPoints
      var field = self.field
      target.kernels.pointee.evaluate(
        &field, weights.base, base + 3 * first, Int64(min(Self.chunkPoints, count - first)),
        distance + first, gradient.map { $0 + 3 * first }, rgb.map { $0 + 3 * first },
        scratch[worker].base)
    }
    idle.withLock { $0.append(contentsOf: scratch) }
  }

  private func takeScratch() -> FloatBuffer {
    if let free = idle.withLock({ $0.popLast() }) { return free }
    var field = field
    let fresh = FloatBuffer(count: cfk_scratch_floats(&field))
    target.kernels.pointee.prepare(&field, weights.base, fresh.base)
    return fresh
  }
}
