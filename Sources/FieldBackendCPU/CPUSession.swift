internal import CFieldKernels
internal import CaptureCore
internal import Foundation
internal import NeuralFields
internal import Synchronization

/// Training on the processor. All memory is taken at the first steps and reused.
final class CPUSession: FieldSession, @unchecked Sendable {
  /// Points of one slice of work; also the unit of deterministic summation.
  static let slicePoints = 512
  /// Floats of one piece of the reduction and of Adam.
  static let chunkFloats = 4096

  private struct Slice { var group, first, count: Int }
  private struct Chunk { var layer: Int?, begin, end: Int }
  private enum Kind { case fixed, basis, coefficient }
  private struct Piece { var kind: Kind, begin, end: Int }

  private let layout: ParameterLayout
  private let target: KernelTarget
  private let threads: Int
  private var field: cfk_field
  private let parameters, gradient, firstMoment, secondMoment: FloatBuffer
  private let scratch: [FloatBuffer]
  private let chunks: [Chunk]
  private let pieces: [Piece]
  private var composed: [FloatBuffer] = []
  private var partial: [FloatBuffer] = []
  private var dots = FloatBuffer(count: 0)
  private var coefficients: [Float]
  private var rows = FloatBuffer(count: 0)
  private var slices: [Slice] = []
  private var steps: Int

  var bandWeights: [Float] {
    didSet { field = layout.kernelField(bandWeights: bandWeights) }
  }

  init(_ layout: ParameterLayout, state: OptimizerState, target: KernelTarget, threads: Int) {
    (self.layout, self.target, self.threads) = (layout, target, threads)
    bandWeights = [Float](repeating: 1, count: layout.field.bands)
    field = layout.kernelField(bandWeights: bandWeights)
    (parameters, gradient) = (FloatBuffer(count: layout.count), FloatBuffer(count: layout.count))
    firstMoment = FloatBuffer(count: layout.count)
    secondMoment = FloatBuffer(count: layout.count)
    let room = cfk_scratch_floats(&field)
    scratch = (0..<threads).map { _ in FloatBuffer(count: room) }
    coefficients = [Float](repeating: 0, count: ParameterLayout.limits.rank)
    var chunks: [Chunk] = []
    func cut(_ layer: Int?, _ range: Range<Int>) {
      for begin in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunkFloats) {
        chunks.append(
          Chunk(layer: layer, begin: begin, end: min(begin + Self.chunkFloats, range.upperBound)))
      }
    }
    for (index, layer) in layout.layers.enumerated() {
      cut(layer.block.rank > 0 ? index : nil, layer.weight..<layer.bias)
      let next = index + 1 < layout.layers.count ? layout.layers[index + 1].weight : nil
      cut(nil, layer.bias..<(next ?? layout.composedCount))
    }
    self.chunks = chunks
    pieces = Self.pieces(of: layout)
    steps = 0
    self.state = state
  }

  var state: OptimizerState {
    get {
      func copy(_ b: FloatBuffer) -> [Float] {
        Array(UnsafeBufferPointer(start: b.base, count: layout.count))
      }
      var state = OptimizerState(parameters: copy(parameters))
      (state.firstMoment, state.secondMoment) = (copy(firstMoment), copy(secondMoment))
      state.step = steps
      return state
    }
    set {
      precondition(newValue.parameters.count == layout.count, "checked by CPUBackend.session")
      func fill(_ b: FloatBuffer, _ a: [Float]) { b.base.update(from: a, count: layout.count) }
      fill(parameters, newValue.parameters)
      fill(firstMoment, newValue.firstMoment)
      fill(secondMoment, newValue.secondMoment)
      steps = newValue.step
    }
  }

  func step(
    points: UnsafeBufferPointer<Float>, groups: [PointGroup], loss: any TileLoss, adam: AdamStep
  ) {
    prepare(groups)
    parallel(groups.count) { group, _ in self.composeGroup(group, groups[group]) }
    nonisolated(unsafe) let base = points.baseAddress
    let box = LossBox(loss)
    parallel(slices.count) { slice, worker in
      guard let base else { return }
      self.run(slice, groups, base, box, worker)
    }
    parallel(chunks.count) { chunk, _ in self.reduce(chunk, groups.count) }
    finishCoefficients(groups)
    steps += 1
    let c1 = 1 - powf(adam.beta1, Float(steps))
    let c2 = (1 - powf(adam.beta2, Float(steps))).squareRoot()
    let (rate, epsilon) = (adam.rate * c2 / c1, adam.epsilon * c2)
    parallel(pieces.count) { index, _ in
      let piece = self.pieces[index]
      let at = piece.begin
      let scale =
        switch piece.kind {
        case .fixed: Float(1)
        case .basis: adam.basisRateScale
        case .coefficient: adam.coefficientRateScale
        }
      self.target.kernels.pointee.adam(
        self.parameters.base + at, self.gradient.base + at, self.firstMoment.base + at,
        self.secondMoment.base + at, piece.end - at, rate * scale, adam.beta1, adam.beta2, epsilon)
    }
  }

  func evaluationSlice(position: Double) throws(CaptureError) -> any FieldSlice {
    let weights = FloatBuffer(count: layout.composedCount)
    compose(
      layout, parameters: parameters.base, position: position, into: weights, &coefficients, target)
    return CPUSlice(field: field, weights: weights, target: target, threads: threads)
  }

  /// Cuts all parameters into pieces of one kind each.
  private static func pieces(of layout: ParameterLayout) -> [Piece] {
    var pieces: [Piece] = []
    func cut(_ kind: Kind, _ begin: Int, _ end: Int) {
      for at in stride(from: begin, to: end, by: chunkFloats) {
        pieces.append(Piece(kind: kind, begin: at, end: min(at + chunkFloats, end)))
      }
    }
    cut(.fixed, 0, layout.composedCount)
    for (index, layer) in layout.layers.enumerated() where layer.block.rank > 0 {
      let next = index + 1 < layout.layers.count ? layout.layers[index + 1].basis : layout.count
      cut(.basis, layer.basis, layer.coefficients)
      cut(.coefficient, layer.coefficients, next)
    }
    return pieces
  }

  private func prepare(_ groups: [PointGroup]) {
    slices.removeAll(keepingCapacity: true)
    for (index, group) in groups.enumerated() {
      for first in stride(from: 0, to: group.count, by: Self.slicePoints) {
        slices.append(
          Slice(
            group: index, first: group.first + first,
            count: min(Self.slicePoints, group.count - first)))
      }
    }
    while composed.count < groups.count {
      composed.append(FloatBuffer(count: layout.composedCount))
    }
    while partial.count < slices.count { partial.append(FloatBuffer(count: layout.composedCount)) }
    let rank = ParameterLayout.limits.rank
    let dotCount = groups.count * chunks.count * rank
    if dots.count < dotCount { dots = FloatBuffer(count: dotCount) }
    let rowCount = groups.count * layout.layers.count * rank
    if rows.count < rowCount { rows = FloatBuffer(count: rowCount) }
    for (g, group) in groups.enumerated() {
      for (l, layer) in layout.layers.enumerated() where layer.block.rank > 0 {
        interpolate(
          layout, layer, parameters: parameters.base, position: group.position, &coefficients)
        let at = (g * layout.layers.count + l) * rank
        for r in 0..<layer.block.rank { rows.base[at + r] = coefficients[r] }
      }
    }
  }

  private func composeGroup(_ index: Int, _ group: PointGroup) {
    let weights = composed[index].base
    memcpy(weights, parameters.base, layout.composedCount * 4)
    for (l, layer) in layout.layers.enumerated() where layer.block.rank > 0 {
      target.kernels.pointee.compose(
        weights + layer.weight, parameters.base + layer.weight,
        rows.base + (index * layout.layers.count + l) * ParameterLayout.limits.rank,
        parameters.base + layer.basis, Int32(layer.block.rank), layer.weightCount)
    }
  }

  private func run(
    _ index: Int, _ groups: [PointGroup], _ points: UnsafePointer<Float>, _ box: LossBox,
    _ worker: Int
  ) {
    let slice = slices[index]
    let group = groups[slice.group]
    let sums = partial[index].base
    memset(sums, 0, layout.composedCount * 4)
    let flags =
      (group.needsGradient ? CFK_NEEDS_GRADIENT : 0) | (group.needsColor ? CFK_NEEDS_COLOR : 0)
    var field = field
    target.kernels.pointee.train(
      &field, composed[slice.group].base, points + 3 * slice.first, Int64(slice.first),
      Int64(slice.count), Int32(flags), evaluateLoss, Unmanaged.passUnretained(box).toOpaque(),
      sums, scratch[worker].base)
  }

  /// Adds one chunk of all slices in their order, and takes ResField layers apart.
  private func reduce(_ index: Int, _ groupCount: Int) {
    let chunk = chunks[index]
    let length = chunk.end - chunk.begin
    let kernels = target.kernels.pointee
    let limit = ParameterLayout.limits.rank
    var next = 0
    for group in 0..<groupCount {
      let head = next
      while next < slices.count, slices[next].group == group { next += 1 }
      guard next > head else { continue }
      let sum = partial[head].base
      for s in head + 1..<max(next, head + 1) {
        kernels.add(sum + chunk.begin, partial[s].base + chunk.begin, length)
      }
      kernels.add(gradient.base + chunk.begin, sum + chunk.begin, length)
      guard let l = chunk.layer else { continue }
      let layer = layout.layers[l]
      kernels.decompose(
        sum + layer.weight, rows.base + (group * layout.layers.count + l) * limit,
        parameters.base + layer.basis, gradient.base + layer.basis,
        dots.base + (group * chunks.count + index) * limit, Int32(layer.block.rank),
        layer.weightCount, chunk.begin - layer.weight, chunk.end - layer.weight)
    }
  }

  private func finishCoefficients(_ groups: [PointGroup]) {
    for (g, group) in groups.enumerated() where group.count > 0 {
      let (first, second, share) = layout.rows(at: group.position)
      for (c, chunk) in chunks.enumerated() {
        guard let l = chunk.layer else { continue }
        let layer = layout.layers[l]
        let target = gradient.base + layer.coefficients
        let rank = layer.block.rank
        for r in 0..<rank {
          let dot = dots.base[(g * chunks.count + c) * ParameterLayout.limits.rank + r]
          target[first * rank + r] += dot * (1 - share)
          target[second * rank + r] += dot * share
        }
      }
    }
  }

  /// Calls `body(index, worker)` for every index; indices go to whichever worker is free.
  private func parallel(_ count: Int, _ body: @escaping (Int, Int) -> Void) {
    let next = Atomic<Int>(0)
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: min(threads, max(count, 1))) { worker in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index, worker)
      }
    }
  }
}

private final class LossBox: Sendable {
  let loss: any TileLoss
  init(_ loss: any TileLoss) { self.loss = loss }
}

private func evaluateLoss(_ context: UnsafeMutableRawPointer?, _ tile: UnsafePointer<cfk_tile>?) {
  guard let context, let tile = tile?.pointee else { return }
  let flags = Int(tile.flags)
  Unmanaged<LossBox>.fromOpaque(context).takeUnretainedValue().loss.evaluate(
    LossTile(
      first: Int(tile.first), count: Int(tile.count), stride: CFK_TILE,
      hasGradient: flags & CFK_NEEDS_GRADIENT != 0,
      hasColor: flags & CFK_NEEDS_COLOR != 0, distance: tile.distance,
      gradient: tile.gradient, rgb: tile.rgb, dDistance: tile.d_distance,
      dGradient: tile.d_gradient, dRGB: tile.d_rgb))
}
