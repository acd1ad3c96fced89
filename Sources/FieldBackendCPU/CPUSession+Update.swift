internal import CFieldKernels
internal import CaptureCore
internal import Foundation
internal import NeuralFields

/// The settings with the bias correction of one step folded in.
struct CorrectedStep {
  var rule = MatrixRule.adam
  var matrixRate: Float = 0
  var matrixMomentum: Float = 0
  var rate: Float = 0
  var beta1: Float = 0
  var beta2: Float = 0
  var epsilon: Float = 0
}

extension OptimizerStep {
  /// Steps count from 1.
  func corrected(at step: Int) -> CorrectedStep {
    let first = 1 - powf(beta1, Float(step))
    let second = (1 - powf(beta2, Float(step))).squareRoot()
    return CorrectedStep(
      rule: matrixRule, matrixRate: rate * matrixRateScale, matrixMomentum: matrixMomentum,
      rate: rate * second / first, beta1: beta1, beta2: beta2, epsilon: epsilon * second)
  }
}

/// From the slices' gradients to new parameters, one pass over each array.
extension CPUSession {
  func updateCoefficients(_ piece: CoefficientPiece, _ step: CorrectedStep) {
    adam(piece.parameter, coefficientGradient.base + piece.gradient, piece.count, step)
  }

  /// `gradient` is room for one piece, zero on entry and on return, here and below.
  func updatePiece(
    _ index: Int, _ step: CorrectedStep, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let piece = pieces[index]
    if step.rule != .muon || !layout.isHidden(piece) {
      sumSlices(piece, gradient)
      adam(piece.begin, gradient, piece.count, step)
    }
    guard let l = piece.layer else { return }
    let layer = layout.layers[l]
    for r in 0..<layer.block.rank {
      let basis = layer.basis + r * layer.weightCount + piece.begin - layer.weight
      for time in 0..<plan.times.count {
        dots.base[time * dotStride + index * layout.largestRank + r] =
          target.kernels.pointee.decompose(
            sumOfSlices(time, piece), row(time, l)[r], parameters.base + basis, gradient,
            piece.count)
      }
      adam(basis, gradient, piece.count, step)
    }
  }

  /// Momentum and direction of a piece of a hidden matrix.
  func directPiece(
    _ index: Int, _ step: CorrectedStep, _ gradient: UnsafeMutablePointer<Float>
  ) {
    sumSlices(pieces[index], gradient)
    follow(pieces[index], gradient, momentum: step.matrixMomentum)
  }

  /// Adds the slices of each time up and all times to `gradient`.
  private func sumSlices(_ piece: ParameterPiece, _ gradient: UnsafeMutablePointer<Float>) {
    let kernels = target.kernels
    for time in 0..<plan.times.count {
      let sum = sumOfSlices(time, piece)
      for slice in plan.times[time].slice + 1..<plan.slices.count
      where plan.slices[slice].time == time {
        kernels.pointee.add(sum, partial[slice].base + piece.begin, piece.count)
      }
      kernels.pointee.add(gradient, sum, piece.count)
    }
  }

  /// Clears the gradient.
  private func follow(
    _ piece: ParameterPiece, _ gradient: UnsafeMutablePointer<Float>, momentum: Float
  ) {
    let m = firstMoment.base + piece.begin
    let direction = directions.base + piece.begin
    for i in 0..<piece.count {
      m[i] = momentum * m[i] + gradient[i]
      direction[i] = momentum * m[i] + gradient[i]
      gradient[i] = 0
    }
  }

  /// Moves a hidden matrix along the orthogonal factor of its direction.
  func updateMatrix(
    _ index: Int, _ step: CorrectedStep, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let layer = layout.layers[layout.hiddenMatrices.lowerBound + index]
    let (rows, columns) = (layer.block.outputs, layer.stride)
    let direction = directions.base + layer.weight
    target.kernels.pointee.orthogonalize(direction, Int64(rows), Int64(columns), scratch)
    let length = step.matrixRate * 0.2 * Float(max(rows, layer.inputs)).squareRoot()
    let weights = parameters.base + layer.weight
    for i in 0..<layer.weightCount { weights[i] -= length * direction[i] }
  }

  /// One piece of a time's gradient; the first of its slices is where the sum builds up.
  private func sumOfSlices(_ time: Int, _ piece: ParameterPiece) -> UnsafeMutablePointer<Float> {
    partial[plan.times[time].slice].base + piece.begin
  }

  /// Distributes the coefficients' gradients to the rows that each time lies between.
  func gatherCoefficients() {
    for time in 0..<plan.times.count {
      let (first, second, share) = layout.rows(at: plan.times[time].position)
      for index in 0..<pieces.count {
        guard let l = pieces[index].layer else { continue }
        let rank = layout.layers[l].block.rank
        let table = coefficientGradient.base + layout.coefficientOffset(of: l)
        for r in 0..<rank {
          let dot = dots.base[time * dotStride + index * layout.largestRank + r]
          table[first * rank + r] += dot * (1 - share)
          table[second * rank + r] += dot * share
        }
      }
    }
  }

  /// One step of Adam over a range of the parameters; clears the gradient.
  private func adam(
    _ begin: Int, _ gradient: UnsafeMutablePointer<Float>, _ count: Int, _ step: CorrectedStep
  ) {
    target.kernels.pointee.adam(
      parameters.base + begin, gradient, firstMoment.base + begin, secondMoment.base + begin, count,
      step.rate, step.beta1, step.beta2, step.epsilon)
  }
}
