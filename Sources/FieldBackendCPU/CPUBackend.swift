internal import CFieldKernels
public import CaptureCore
internal import Foundation
public import NeuralFields

/// Runs fields on the processor's cores.
///
/// Work is cut into slices whose size does not depend on the number of threads, and partial sums are
/// added in the order of the slices: results are the same bytes for any number of threads.
public struct CPUBackend: FieldBackend {
  /// Instruction set in use.
  public let target: KernelTarget
  /// Threads in use.
  public let threads: Int

  /// A backend with as many threads as the machine has cores, unless told otherwise.
  public init(target: KernelTarget, threads: Int? = nil) {
    self.target = target
    self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Name of the backend with its instruction set.
  public var name: String { "cpu-\(target.name)" }

  /// The kernels run every activation and layer, up to 24 layers and 16 bands.
  public func objection(to layout: ParameterLayout) -> String? {
    layout.layers.count > CFK_MAX_LAYERS ? "More than 24 layers." : nil
  }

  /// Begins training from a state.
  public func session(_ layout: ParameterLayout, state: OptimizerState) throws(CaptureError)
    -> any FieldSession
  {
    guard
      [state.parameters, state.firstMoment, state.secondMoment].allSatisfy({
        $0.count == layout.count
      })
    else {
      throw CaptureError(
        .sizeMismatch,
        "The field has \(layout.count) parameters, the state \(state.parameters.count).")
    }
    return CPUSession(layout, state: state, target: target, threads: threads)
  }

  /// Composes a field at a position among its coefficient rows.
  public func slice(
    _ layout: ParameterLayout, parameters: [Float], bandWeights: [Float], position: Double
  ) throws(CaptureError) -> any FieldSlice {
    guard parameters.count == layout.count, bandWeights.count == layout.field.bands else {
      throw CaptureError(
        .sizeMismatch,
        "The field has \(layout.count) parameters, the state \(parameters.count).")
    }
    let weights = FloatBuffer(count: layout.composedCount)
    var coefficients = [Float](repeating: 0, count: ParameterLayout.limits.rank)
    parameters.withUnsafeBufferPointer { p in
      guard let base = p.baseAddress else { return }
      compose(layout, parameters: base, position: position, into: weights, &coefficients, target)
    }
    return CPUSlice(
      field: layout.kernelField(bandWeights: bandWeights), weights: weights, target: target,
      threads: threads)
  }
}

/// 64-byte aligned floats, zeroed at first.
final class FloatBuffer: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
    base = raw.bindMemory(to: Float.self, capacity: max(count, 16))
    base.initialize(repeating: 0, count: max(count, 16))
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

/// Writes the weights of one time: statics copied, ResField layers with their residual added.
/// `coefficients` is room for the interpolated row.
func compose(
  _ layout: ParameterLayout, parameters p: UnsafePointer<Float>, position: Double,
  into weights: FloatBuffer, _ coefficients: inout [Float], _ target: KernelTarget
) {
  memcpy(weights.base, p, layout.composedCount * 4)
  for layer in layout.layers where layer.block.rank > 0 {
    interpolate(layout, layer, parameters: p, position: position, &coefficients)
    target.kernels.pointee.compose(
      weights.base + layer.weight, p + layer.weight, coefficients, p + layer.basis,
      Int32(layer.block.rank), layer.weightCount)
  }
}

/// The coefficients of one layer at a position, linear between rows.
func interpolate(
  _ layout: ParameterLayout, _ layer: ParameterLayout.Layer, parameters p: UnsafePointer<Float>,
  position: Double, _ coefficients: inout [Float]
) {
  let rank = layer.block.rank
  let (first, second, share) = layout.rows(at: position)
  let table = p + layer.coefficients
  for r in 0..<rank {
    coefficients[r] = table[first * rank + r] * (1 - share) + table[second * rank + r] * share
  }
}

extension ParameterLayout {
  func kernelField(bandWeights: [Float]) -> cfk_field {
    var result = cfk_field()
    result.bands = Int32(field.bands)
    result.layers = Int32(field.distance.count)
    result.color_layers = Int32(field.color.count)
    withUnsafeMutableBytes(of: &result.band_weight) { raw in
      let weights = raw.bindMemory(to: Float.self)
      for (k, w) in bandWeights.enumerated() where k < weights.count { weights[k] = w }
    }
    withUnsafeMutableBytes(of: &result.layer) { raw in
      let out = raw.bindMemory(to: cfk_layer.self)
      for (index, layer) in layers.enumerated() {
        let (kind, scale) = layer.block.activation.kernel
        out[index] = cfk_layer(
          inputs: Int32(layer.inputs), outputs: Int32(layer.block.outputs),
          activation: Int32(kind.rawValue), scale: scale,
          concat: layer.block.concatenatesEncoding ? 1 : 0, reserved: 0, weight: layer.weight,
          bias: layer.bias)
      }
    }
    return result
  }
}

extension Activation {
  fileprivate var kernel: (cfk_activation, Float) {
    switch self {
    case .identity: (CFK_IDENTITY, 1)
    case .softplus(let beta): (CFK_SOFTPLUS, beta)
    case .relu: (CFK_RELU, 1)
    case .sine(let omega): (CFK_SINE, omega)
    case .sigmoid: (CFK_SIGMOID, 1)
    }
  }
}

/// A composed field: evaluation in parallel chunks.
final class CPUSlice: FieldSlice, @unchecked Sendable {
  private let field: cfk_field
  private let weights: FloatBuffer
  private let target: KernelTarget
  private let threads: Int

  init(field: cfk_field, weights: FloatBuffer, target: KernelTarget, threads: Int) {
    (self.field, self.weights, self.target, self.threads) = (field, weights, target, threads)
  }

  func evaluate(
    _ points: UnsafeBufferPointer<Float>, distance: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, rgb: UnsafeMutablePointer<Float>?
  ) {
    let count = points.count / 3
    guard count > 0, let base = points.baseAddress else { return }
    var field = field
    let room = cfk_scratch_floats(&field)
    let workers = min(threads, (count + 511) / 512)
    let perWorker = ((count + workers - 1) / workers + 63) / 64 * 64
    nonisolated(unsafe) let (points, distance, gradient, rgb) = (base, distance, gradient, rgb)
    nonisolated(unsafe) let kernels = target.kernels
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      let first = worker * perWorker
      guard first < count else { return }
      let scratch = FloatBuffer(count: room)
      var field = self.field
      kernels.pointee.evaluate(
        &field, self.weights.base, points + 3 * first, Int64(min(perWorker, count - first)),
        distance + first, gradient.map { $0 + 3 * first }, rgb.map { $0 + 3 * first },
        scratch.base)
    }
  }
}
