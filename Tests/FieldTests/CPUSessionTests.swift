import CFieldKernels
import CHeapProbe
import CaptureCore
import CaptureTestSupport
import Foundation
import NeuralFields
import Testing

@testable import FieldBackendCPU

/// A loss that is linear in every output, with weights that depend on the point's index alone.
final class LinearLoss: TileLoss {
  /// The weight of output `k` (distance, gradient, colour) of point `p`.
  static func weight(_ p: Int, _ k: Int) -> Float { Float((p * 7 + k * 5) % 11) / 11 - 0.45 }

  func evaluate(_ tile: LossTile) {
    for p in 0..<tile.count {
      tile.dDistance[p] = Self.weight(tile.first + p, 0)
      for c in 0..<3 {
        if tile.hasGradient {
          tile.dGradient[c * tile.stride + p] = Self.weight(tile.first + p, 1 + c)
        }
        if tile.hasColor { tile.dRGB[c * tile.stride + p] = Self.weight(tile.first + p, 4 + c) }
      }
    }
  }
}

/// A small field, points of several groups and a session to train it.
struct SessionCase {
  let layout: ParameterLayout
  let start: OptimizerState
  let points: [Float]
  let groups: [PointGroup]

  init(_ name: String, counts: [Int], seed: UInt64) throws {
    let make = try #require(BuiltinFields.all.first { $0.name == name }).make
    layout = try ParameterLayout(make(FieldSize(width: 48, depth: 4, rank: 3, bands: 3), 5))
    start = OptimizerState(parameters: layout.freshParameters(seed: seed))
    var (random, first) = (SeededGenerator(seed: seed), 0)
    var groups: [PointGroup] = []
    for (index, count) in counts.enumerated() {
      groups.append(
        PointGroup(
          position: [0, 1.25, 2.5, 4][index % 4], first: first, count: count,
          needsGradient: index % 3 != 2, needsColor: index % 2 == 0))
      first += count
    }
    points = (0..<3 * first).map { _ in Float.random(in: -0.9...0.9, using: &random) }
    self.groups = groups
  }

  func session(threads: Int, target: KernelTarget? = nil) throws -> any FieldSession {
    let target = try target ?? KernelTarget.choose()
    return try CPUBackend(target: target, threads: threads).session(layout, state: start)
  }

  /// Ranges of the parameters by kind, padding left out.
  var kinds: [(String, [Range<Int>])] {
    var (fixed, bases, coefficients) = ([Range<Int>](), [Range<Int>](), [Range<Int>]())
    for layer in layout.layers {
      for row in 0..<layer.block.outputs {
        let at = row * layer.stride
        fixed.append(layer.weight + at..<layer.weight + at + layer.inputs)
        for r in 0..<layer.block.rank {
          let basis = layer.basis + r * layer.weightCount + at
          bases.append(basis..<basis + layer.inputs)
        }
      }
      fixed.append(layer.bias..<layer.bias + layer.block.outputs)
      let table = layer.block.rank * layout.field.capacity
      coefficients.append(layer.coefficients..<layer.coefficients + table)
    }
    return [
      ("static", fixed), ("bases", bases), ("coefficients", coefficients),
      ("all", fixed + bases + coefficients),
    ]
  }

  /// The step's loss in double, by the reference, after a move from the start.
  func exactLoss(moved h: Double, along direction: [Double]) -> Double {
    let p = zip(start.parameters, direction).map { Double($0) + h * $1 }
    var field = layout.kernelField(bandWeights: [Float](repeating: 1, count: layout.field.bands))
    var scratch = [Double](repeating: 0, count: cfk_reference_scratch_doubles(&field))
    var loss = 0.0
    for group in groups {
      var weights = Array(p[..<layout.composedCount])
      let (first, second, share) = layout.rows(at: group.position)
      for layer in layout.layers where layer.block.rank > 0 {
        for r in 0..<layer.block.rank {
          let row = layer.coefficients + r
          let coefficient =
            p[row + first * layer.block.rank] * (1 - Double(share))
            + p[row + second * layer.block.rank] * Double(share)
          for i in 0..<layer.weightCount {
            weights[layer.weight + i] += coefficient * p[layer.basis + r * layer.weightCount + i]
          }
        }
      }
      for q in group.first..<group.first + group.count {
        let x = points[3 * q..<3 * q + 3].map(Double.init)
        var o = cfk_reference_output()
        cfk_reference_point(&field, weights, x, &o, nil, nil, &scratch)
        func w(_ k: Int) -> Double { Double(LinearLoss.weight(q, k)) }
        loss += w(0) * o.distance
        if group.needsGradient {
          loss += w(1) * o.gradient.0 + w(2) * o.gradient.1 + w(3) * o.gradient.2
        }
        if group.needsColor { loss += w(4) * o.rgb.0 + w(5) * o.rgb.1 + w(6) * o.rgb.2 }
      }
    }
    return loss
  }

  func step(_ session: any FieldSession, _ step: OptimizerStep = OptimizerStep(rate: 1e-3)) {
    points.withUnsafeBufferPointer {
      session.step(points: $0, groups: groups, loss: LinearLoss(), optimizer: step)
    }
  }
}

@Suite struct CPUSessionTests {
  static let names = BuiltinFields.all.map(\.name)

  @Test func muonMovesHiddenMatricesAlone() throws {
    let c = try SessionCase("resfield", counts: [70, 40], seed: 6)
    let sessions = try (c.session(threads: 1), c.session(threads: 1))
    var muon = OptimizerStep(rate: 1e-3)
    muon.matrixRule = .muon
    c.step(sessions.0)
    c.step(sessions.1, muon)
    let (adam, moved) = (sessions.0.state.parameters, sessions.1.state.parameters)
    var matrices = Set<Int>()
    for l in c.layout.hiddenMatrices {
      let layer = c.layout.layers[l]
      let place = layer.weight..<layer.weight + layer.weightCount
      matrices.formUnion(place)
      // Singular values of about one, so many as the shorter side has.
      let square = place.reduce(Float(0)) {
        $0 + (moved[$1] - c.start.parameters[$1]) * (moved[$1] - c.start.parameters[$1])
      }
      let (short, long) = (
        Float(min(layer.block.outputs, layer.inputs)), Float(max(layer.block.outputs, layer.inputs))
      )
      let length = 3e-3 * 0.2 * long.squareRoot()
      #expect((0.5...1.25).contains((square / short).squareRoot() / length))
    }
    #expect(matrices.count > 1000)
    #expect(moved.indices.allSatisfy { matrices.contains($0) || moved[$0] == adam[$0] })
  }

  @Test(arguments: names) func evaluationSliceIsTheFieldOfTheMoment(_ name: String) throws {
    let c = try SessionCase(name, counts: [70], seed: 2)
    let session = try c.session(threads: 1)
    session.bandWeights = session.bandWeights.map { $0 / 2 }
    c.step(session)
    let slice = try session.evaluationSlice(position: 1.5)
    let backend = CPUBackend(target: try KernelTarget.choose(), threads: 1)
    let expected = try backend.slice(
      c.layout, parameters: session.state.parameters, bandWeights: session.bandWeights,
      position: 1.5)
    c.step(session)
    #expect(distances(slice, c.points) == distances(expected, c.points))
  }

  @Test(arguments: names) func threadsDoNotChangeTheBytes(_ name: String) throws {
    let c = try SessionCase(name, counts: [0, 1, 63, 64, 65, 1000, 700, 0, 30], seed: 3)
    let sessions = try [1, 2, 3].map { try c.session(threads: $0) }
    var muon = OptimizerStep(rate: 1e-3)
    muon.matrixRule = .muon
    for step in [OptimizerStep(rate: 1e-3), muon, muon] {
      for session in sessions { c.step(session, step) }
    }
    let states = sessions.map(\.state)
    #expect(states[0].parameters != c.start.parameters)
    #expect(states[1] == states[0])
    #expect(states[2] == states[0])
  }

  @Test(arguments: names) func threadsAndBatchesDoNotChangeAQuery(_ name: String) throws {
    let c = try SessionCase(name, counts: [2500], seed: 4)
    let slices = try [1, 2, 3].map { try c.session(threads: $0).evaluationSlice(position: 0.7) }
    let whole = distances(slices[0], c.points)
    #expect(distances(slices[1], c.points) == whole)
    #expect(distances(slices[2], c.points) == whole)
    #expect(distances(slices[0], Array(c.points[3 * 1000..<3 * 1037])) == Array(whole[1000..<1037]))
    #expect(distances(slices[0], []).isEmpty)
  }

  @Test func aStepWithoutPointsMovesNothingAtFirst() throws {
    let c = try SessionCase("resfield", counts: [], seed: 5)
    let session = try c.session(threads: 2)
    c.step(session)
    #expect(session.state.parameters == c.start.parameters)
    #expect(session.state.step == 1)
  }

  @Test(arguments: KernelTarget.supported.map(\.name), names)
  func gradientOfAWholeStepMatchesDifferences(_ target: String, _ name: String) throws {
    let chosen = try KernelTarget.choose(environment: ["FIELDMESH_FORCE_TARGET": target])
    // Two groups share the position 0, and two lie between rows.
    let c = try SessionCase(name, counts: [65, 40, 30, 20, 17], seed: 6)
    let session = try c.session(threads: 2, target: chosen)
    c.step(session)
    // After the first step, Adam's first moment is a tenth of the gradient.
    let gradient = session.state.firstMoment.map { Double($0) / (1 - Double(Float(0.9))) }
    var random = SeededGenerator(seed: 7)
    for (kind, ranges) in c.kinds {
      for _ in 0..<3 {
        var direction = [Double](repeating: 0, count: c.layout.count)
        var (slope, squares, lengths) = (0.0, 0.0, 0.0)
        for i in ranges.joined() {
          direction[i] = .random(in: -1...1, using: &random)
          slope += direction[i] * gradient[i]
          squares += gradient[i] * gradient[i]
          lengths += direction[i] * direction[i]
        }
        let h = 1e-6
        let difference =
          (c.exactLoss(moved: h, along: direction) - c.exactLoss(moved: -h, along: direction))
          / (2 * h)
        // What single precision leaves of a gradient points anywhere: compare with the length that
        // the projection of a vector of that size has.
        let usual = (squares * lengths / Double(ranges.joined().count)).squareRoot()
        #expect(
          abs(difference - slope) < gradientError(target, single: 1e-2) * usual, "\(kind)")
      }
    }
  }

  @Test func stepsFollowAdamsFormula() throws {
    let c = try SessionCase("resfield", counts: [65, 40], seed: 8)
    let session = try c.session(threads: 1)
    for step in 1...3 {
      let before = session.state.parameters
      c.step(session, OptimizerStep(rate: 1e-3))
      let after = session.state
      let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      for i in 0..<c.layout.count {
        let move =
          1e-3 * (Double(after.firstMoment[i]) / c1)
          / ((Double(after.secondMoment[i]) / c2).squareRoot() + 1e-8)
        #expect(abs(Double(after.parameters[i]) - (Double(before[i]) - move)) < 2e-7)
      }
    }
  }

  @Test func paddingStaysZero() throws {
    let c = try SessionCase("resfield", counts: [65, 40], seed: 9)
    let session = try c.session(threads: 1)
    for _ in 0..<3 { c.step(session) }
    let parameters = session.state.parameters
    for layer in c.layout.layers {
      for row in 0..<layer.block.outputs {
        let at = layer.weight + row * layer.stride
        #expect(parameters[at + layer.inputs..<at + layer.stride].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func laterStepsTakeNoMemory() async throws {
    // In a process of its own: other tests take memory at the same time.
    await #expect(processExitsWith: .success) {
      let c = try SessionCase("resfield", counts: [65, 600, 300, 64], seed: 10)
      for threads in [1, 2, 3] {
        let session = try c.session(threads: threads)
        // A thread's first piece of work may come late, and brings what the runtime keeps for it.
        let isStill = (0..<8).contains { _ in
          let before = chp_bytes_in_use()
          for _ in 0..<50 { c.step(session) }
          return chp_bytes_in_use() == before
        }
        if !isStill { exit(1) }
      }
      exit(0)
    }
  }

  private func distances(_ slice: any FieldSlice, _ points: [Float]) -> [Float] {
    var result = [Float](repeating: .nan, count: points.count / 3)
    points.withUnsafeBufferPointer {
      slice.evaluate($0, distance: &result, gradient: nil, rgb: nil)
    }
    return result
  }
}
