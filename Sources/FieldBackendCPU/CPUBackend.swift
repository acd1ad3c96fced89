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
  /// Where sessions book what their steps spend their time on, if anywhere.
  public let clock: PhaseClock?

  /// A backend with as many threads as the machine has cores, unless told otherwise.
  public init(target: KernelTarget, threads: Int? = nil, clock: PhaseClock? = nil) {
    (self.target, self.clock) = (target, clock)
    self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Name of the backend with its instruction set.
  public var name: String { "cpu-\(target.name)" }

  /// The kernels run every activation and layer, up to 24 layers.
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
    return CPUSession(
      layout, state: state, target: target, threads: threads, clock: clock)
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
    parameters.withUnsafeBufferPointer { p in
      guard let base = p.baseAddress else { return }
      compose(layout, parameters: base, position: position, into: weights, target)
    }
    return CPUSlice(
      field: layout.kernelField(bandWeights: bandWeights), weights: weights, target: target,
      threads: threads)
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
