internal import CaptureCore

extension ParameterLayout {
  /// Fresh parameters, `[count]`: the same for the same seed.
  ///
  /// Bases and coefficients are drawn with standard deviation 0.01, so that the residual starts near
  /// zero but gradients flow through both factors.
  /// Source: sphere start, Atzmon and Lipman, *SAL*, CVPR 2020; Siren, Sitzmann et al., NeurIPS 2020.
  public func freshParameters(seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    var p = [Float](repeating: 0, count: count)
    for (index, layer) in layers.enumerated() {
      let isColor = index >= field.distance.count
      for o in 0..<layer.block.outputs {
        for i in 0..<layer.inputs {
          p[layer.weight + o * layer.stride + i] =
            isColor
            ? uniform(layer, &generator) : distanceWeight(index, output: o, input: i, &generator)
        }
        if case .sphere(let radius) = field.initialization, index == field.distance.count - 1 {
          p[layer.bias + o] = -radius
        }
      }
      guard layer.block.rank > 0 else { continue }
      for row in 0..<layer.block.rank * layer.block.outputs {
        for i in 0..<layer.inputs {
          p[layer.basis + row * layer.stride + i] = 0.01 * generator.normal()
        }
      }
      for i in 0..<layer.block.rank * field.capacity {
        p[layer.coefficients + i] = 0.01 * generator.normal()
      }
    }
    return p
  }

  private func uniform(_ layer: Layer, _ generator: inout SeededGenerator) -> Float {
    (2 * generator.uniform() - 1) / Float(layer.inputs).squareRoot()
  }

  private func distanceWeight(
    _ index: Int, output: Int, input: Int, _ generator: inout SeededGenerator
  ) -> Float {
    let layer = layers[index]
    switch field.initialization {
    case .siren:
      let bound =
        index == 0 ? 1 / Float(layer.inputs) : (6 / Float(layer.inputs)).squareRoot() / 30
      return (2 * generator.uniform() - 1) * bound
    case .sphere:
      if index == field.distance.count - 1 {
        return (Float.pi / Float(layer.inputs)).squareRoot() + 1e-4 * generator.normal()
      }
      let draw = (2 / Float(layer.block.outputs)).squareRoot() * generator.normal()
      // Only the raw coordinates count at the start; waves come in by training.
      if index == 0 { return input < 3 ? draw : 0 }
      let own = layer.inputs - (layer.block.concatenatesEncoding ? field.encodedWidth : 0)
      return input < own + 3 ? draw : 0
    }
  }
}
