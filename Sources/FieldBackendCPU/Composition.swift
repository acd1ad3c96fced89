internal import CFieldKernels
internal import Foundation
internal import NeuralFields

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
func compose(
  _ layout: ParameterLayout, parameters p: UnsafePointer<Float>, position: Double,
  into weights: FloatBuffer, _ target: KernelTarget
) {
  memcpy(weights.base, p, layout.composedCount * 4)
  let row = FloatBuffer(count: layout.largestRank)
  for layer in layout.layers where layer.block.rank > 0 {
    interpolate(layout, layer, parameters: p, position: position, into: row.base)
    target.kernels.pointee.compose(
      weights.base + layer.weight, p + layer.weight, row.base, p + layer.basis,
      Int32(layer.block.rank), layer.weightCount, layer.weightCount)
  }
}

/// The coefficients of one layer at a position, linear between rows: `[rank]`.
func interpolate(
  _ layout: ParameterLayout, _ layer: ParameterLayout.Layer, parameters p: UnsafePointer<Float>,
  position: Double, into row: UnsafeMutablePointer<Float>
) {
  let rank = layer.block.rank
  let (first, second, share) = layout.rows(at: position)
  let table = p + layer.coefficients
  for r in 0..<rank {
    row[r] = table[first * rank + r] * (1 - share) + table[second * rank + r] * share
  }
}
