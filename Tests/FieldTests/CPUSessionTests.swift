import CaptureCore
import CaptureTestSupport
import FieldBackendCPU
import NeuralFields
import Testing

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
    var (random, first) = (RepeatableGenerator(seed: seed), 0)
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

  func step(_ session: any FieldSession, _ adam: AdamStep = AdamStep(rate: 1e-3)) {
    points.withUnsafeBufferPointer {
      session.step(points: $0, groups: groups, loss: LinearLoss(), adam: adam)
    }
  }
}

@Suite struct CPUSessionTests {
  static let names = BuiltinFields.all.map(\.name)

  @Test func rateScalesReachTheirKindAlone() throws {
    let c = try SessionCase("resfield", counts: [70, 40], seed: 1)
    let session = try c.session(threads: 1)
    var adam = AdamStep(rate: 1e-3)
    (adam.basisRateScale, adam.coefficientRateScale) = (0, 2)
    c.step(session, adam)
    let moved = zip(session.state.parameters, c.start.parameters).map { abs($0 - $1) }
    #expect(moved[..<c.layout.composedCount].max() ?? 0 > 9e-4)
    for layer in c.layout.layers where layer.block.rank > 0 {
      #expect(moved[layer.basis..<layer.coefficients].allSatisfy { $0 == 0 })
      // Adam's first step has the length of the rate.
      let rows = moved[layer.coefficients..<layer.coefficients + 3 * c.layout.field.capacity]
      #expect(abs((rows.max() ?? 0) - 2e-3) < 1e-5)
    }
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

  private func distances(_ slice: any FieldSlice, _ points: [Float]) -> [Float] {
    var result = [Float](repeating: .nan, count: points.count / 3)
    points.withUnsafeBufferPointer {
      slice.evaluate($0, distance: &result, gradient: nil, rgb: nil)
    }
    return result
  }
}
