internal import CFieldKernels
internal import CaptureCore
internal import Foundation
internal import NeuralFields

/// Training on the processor. All memory is taken at the first steps and reused: a later step of the
/// same size allocates nothing.
///
/// A step is: weights of each time (`composePiece`), slices of points forward and backward into one
/// gradient each (`run`), then piece by piece of the parameters the sum over slices, the residuals'
/// backward and Adam, all while the piece is in the cache (`update`). Where Muon moves hidden matrices, their
/// directions come first (`directions`) and the matrices whole before other pieces, which fill up
/// what time they leave to some threads.
final class CPUSession: FieldSession, @unchecked Sendable {
  let layout: ParameterLayout
  let target: KernelTarget
  let threads: Int
  let parameters, firstMoment, secondMoment: FloatBuffer
  /// Gradient of the coefficient tables, one behind the other; zero between steps.
  let coefficientGradient: FloatBuffer
  let pieces: [ParameterPiece]
  let coefficientPieces: [CoefficientPiece]
  /// Pieces of the hidden matrices, by index.
  let followers: [Int]
  let plan: StepPlan
  /// One piece's gradient for each worker; zero between steps.
  let pieceGradient: [FloatBuffer]
  /// Where the hidden matrices are to go, in the place that their weights have, and each worker's room to
  /// find it.
  let directions: FloatBuffer
  private let matrixScratch: [FloatBuffer]
  /// Weights of each time, and gradient of each slice with respect to them.
  private(set) var composed: [FloatBuffer] = []
  private(set) var partial: [FloatBuffer] = []
  /// `[time][layer][rank]`: interpolated coefficients; `[time][piece][rank]`: their gradients.
  private(set) var rows = FloatBuffer(count: 0)
  private(set) var dots = FloatBuffer(count: 0)
  private let scratch: [FloatBuffer]
  private let timer: StepTimer?
  private let call = LossCall()
  /// What the workers of the present step need.
  private var points: UnsafePointer<Float>?
  private var optimizerStep = CorrectedStep()
  private var movedMatrices = 0
  private lazy var team = WorkerTeam(threads: threads) { [unowned self] phase, index, worker in
    self.work(phase, index, worker)
  }
  private var field: cfk_field
  private var steps: Int

  var bandWeights: [Float] {
    didSet { field = layout.kernelField(bandWeights: bandWeights) }
  }

  init(
    _ layout: ParameterLayout, state: OptimizerState, target: KernelTarget, threads: Int,
    clock: PhaseClock?
  ) {
    (self.layout, self.target, self.threads) = (layout, target, threads)
    timer = clock.map { StepTimer($0, threads: threads) }
    bandWeights = [Float](repeating: 1, count: layout.field.bands)
    field = layout.kernelField(bandWeights: bandWeights)
    parameters = FloatBuffer(count: layout.count)
    firstMoment = FloatBuffer(count: layout.count)
    secondMoment = FloatBuffer(count: layout.count)
    plan = StepPlan(layout)
    pieces = ParameterPiece.all(of: layout)
    followers = pieces.indices.filter { [pieces] in layout.isHidden(pieces[$0]) }
    coefficientPieces = CoefficientPiece.all(of: layout)
    coefficientGradient = FloatBuffer(count: layout.coefficientCount)
    let room = cfk_scratch_floats(&field)
    scratch = (0..<threads).map { _ in FloatBuffer(count: room) }
    pieceGradient = (0..<threads).map { _ in FloatBuffer(count: ParameterPiece.floats) }
    directions = FloatBuffer(count: layout.composedCount)
    let matrixRoom = layout.hiddenMatrices.map { l in
      cfk_orthogonalize_floats(
        Int64(layout.layers[l].block.outputs), Int64(layout.layers[l].stride))
    }
    matrixScratch = (0..<threads).map { _ in FloatBuffer(count: matrixRoom.max() ?? 0) }
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
    points: UnsafeBufferPointer<Float>, groups: [PointGroup], loss: any TileLoss,
    optimizer: OptimizerStep
  ) {
    precondition(
      groups.allSatisfy { $0.first >= 0 && $0.count <= points.count / 3 - $0.first },
      "groups lie within the points")
    timer?.begin()
    prepare(groups)
    run(.compose, pieces.count)
    timer?.composed()
    (call.loss, self.points) = (loss, points.baseAddress)
    run(.slices, plan.slices.count)
    (call.loss, self.points) = (nil, nil)
    timer?.ran()
    steps += 1
    optimizerStep = optimizer.corrected(at: steps)
    movedMatrices = optimizer.matrixRule == .muon ? layout.hiddenMatrices.count : 0
    if movedMatrices > 0 { run(.directions, followers.count) }
    run(.update, movedMatrices + pieces.count)
    gatherCoefficients()
    run(.updateCoefficients, coefficientPieces.count)
    timer?.updated()
  }

  /// The parts of a step that are shared out among the workers.
  private enum Phase: Int {
    case compose, slices, directions, update, updateCoefficients
  }

  private func run(_ phase: Phase, _ count: Int) { team.run(phase.rawValue, count: count) }

  private func work(_ phase: Int, _ index: Int, _ worker: Int) {
    switch Phase(rawValue: phase) {
    case .compose: composePiece(pieces[index])
    case .slices: run(index, worker)
    case .directions:
      directPiece(followers[index], optimizerStep, pieceGradient[worker].base)
    case .update where index < movedMatrices:
      updateMatrix(index, optimizerStep, matrixScratch[worker].base)
    case .update:
      updatePiece(index - movedMatrices, optimizerStep, pieceGradient[worker].base)
    case .updateCoefficients: updateCoefficients(coefficientPieces[index], optimizerStep)
    case nil: preconditionFailure("phases come from run(_:_:)")
    }
  }

  func evaluationSlice(position: Double) throws(CaptureError) -> any FieldSlice {
    let weights = FloatBuffer(count: layout.composedCount)
    compose(layout, parameters: parameters.base, position: position, into: weights, target)
    return CPUSlice(field: field, weights: weights, target: target, threads: threads)
  }

  private func prepare(_ groups: [PointGroup]) {
    plan.cut(groups)
    let times = plan.times.count
    while composed.count < times { composed.append(FloatBuffer(count: layout.composedCount)) }
    while partial.count < plan.slices.count {
      partial.append(FloatBuffer(count: layout.composedCount))
    }
    let (rowCount, dotCount) = (layout.layers.count * layout.largestRank, dotStride)
    if rows.count < times * rowCount { rows = FloatBuffer(count: times * rowCount) }
    if dots.count < times * dotCount { dots = FloatBuffer(count: times * dotCount) }
    for time in 0..<times {
      for l in 0..<layout.layers.count where layout.layers[l].block.rank > 0 {
        interpolate(
          layout, layout.layers[l], parameters: parameters.base,
          position: plan.times[time].position, into: row(time, l))
      }
    }
  }

  /// Floats of ``dots`` for each time.
  var dotStride: Int { pieces.count * layout.largestRank }

  /// Coefficients of a layer at one of the step's times.
  func row(_ time: Int, _ layer: Int) -> UnsafeMutablePointer<Float> {
    rows.base + (time * layout.layers.count + layer) * layout.largestRank
  }

  /// One piece of the weights of all times, while its part of the bases is in the cache.
  private func composePiece(_ piece: ParameterPiece) {
    let source = parameters.base + piece.begin
    for time in 0..<plan.times.count {
      let weights = composed[time].base + piece.begin
      guard let l = piece.layer else {
        memcpy(weights, source, piece.count * 4)
        continue
      }
      let layer = layout.layers[l]
      target.kernels.pointee.compose(
        weights, source, row(time, l), parameters.base + layer.basis + piece.begin - layer.weight,
        Int32(layer.block.rank), layer.weightCount, piece.count)
    }
  }

  private func run(_ index: Int, _ worker: Int) {
    guard let points else { return }
    let slice = plan.slices[index]
    let sums = partial[index].base
    memset(sums, 0, layout.composedCount * 4)
    var field = field
    target.kernels.pointee.train(
      &field, composed[slice.time].base, points + 3 * slice.first, Int64(slice.first),
      Int64(slice.count), slice.flags, LossCall.evaluate,
      Unmanaged.passUnretained(call).toOpaque(), sums, scratch[worker].base,
      timer?.ticks(worker))
  }
}

/// Carries a step's loss through the kernels' callback.
private final class LossCall: @unchecked Sendable {
  // Set before and cleared after the parallel part of a step.
  var loss: (any TileLoss)?

  static let evaluate: cfk_loss = { context, tile in
    guard let context, let tile = tile?.pointee else { return }
    let flags = Int(tile.flags)
    Unmanaged<LossCall>.fromOpaque(context).takeUnretainedValue().loss?.evaluate(
      LossTile(
        first: Int(tile.first), count: Int(tile.count), stride: CFK_TILE,
        hasGradient: flags & CFK_NEEDS_GRADIENT != 0,
        hasColor: flags & CFK_NEEDS_COLOR != 0, distance: tile.distance,
        gradient: tile.gradient, rgb: tile.rgb, dDistance: tile.d_distance,
        dGradient: tile.d_gradient, dRGB: tile.d_rgb))
  }
}
