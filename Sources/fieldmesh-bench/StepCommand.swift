internal import ArgumentParser
internal import CaptureCore
internal import FieldBackendCPU
internal import Foundation
internal import NeuralFields

/// `fieldmesh-bench step`: the training step, with the losses of a plain signed distance fit.
struct StepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Times the training step: points a second, and where they go.")

  @OptionGroup var field: FieldOptions
  @OptionGroup var machine: MachineOptions
  @Option(help: "Frames in a step.") var framesPerStep = 4
  @Option(help: "Points of each frame.") var points = 4096
  @Option(help: "Share of the points whose gradient is wanted, 0 to 1.") var gradientShare = 1.0
  @Flag(help: "Leaves the eikonal term out: no gradients.") var noEikonal = false
  @Option(help: "Steps to measure, after three to warm up.") var steps = 15
  @Option(
    help: "What hidden layers' matrices follow: adam or muon.",
    transform: { name in
      guard let rule = MatrixRule(rawValue: name) else {
        throw ValidationError("There is no optimiser '\(name)'.")
      }
      return rule
    }) var optimizer = MatrixRule.adam

  func validate() throws {
    guard points > 0, framesPerStep > 0, steps > 0, (0...1).contains(gradientShare) else {
      throw ValidationError("Points, frames and steps must be above 0, the share in 0 to 1.")
    }
  }

  func run() throws {
    let (target, layout, clock) = (try machine.kernelTarget(), try field.layout(), PhaseClock())
    let backend = CPUBackend(target: target, threads: machine.threads, clock: clock)
    let session = try backend.session(
      layout, state: OptimizerState(parameters: layout.freshParameters(seed: 1)))
    let batch = PlainFit(
      rule: optimizer, frames: framesPerStep, points: points, capacity: field.frames,
      withGradient: noEikonal ? 0 : Int((Double(points) * gradientShare).rounded()))
    for _ in 0..<3 { batch.step(session) }
    clock.reset()
    let (times, peak) = secondsAndPeak(times: steps, backend) { batch.step(session) }
    try StepReport(times, peak, batch, FieldCost(layout), backend, clock, width: field.width)
      .show(asJSON: machine.json)
  }
}

/// Speed of the training step.
private struct StepReport: Report {
  var backend: String
  var threads, width, framesPerStep, points, withGradient: Int
  /// Of a step, seconds.
  var times: Times
  var pointsPerSecond: Double
  /// Operations a second: used, and what a core has while all work.
  var rate, corePeak: Double
  /// Core seconds of a step by what they were spent on, in order.
  var phases: [Phase]

  struct Phase: Encodable {
    var name: String
    var seconds: Double
  }

  init(
    _ times: [Double], _ corePeak: Double, _ batch: PlainFit, _ cost: FieldCost,
    _ backend: CPUBackend, _ clock: PhaseClock, width: Int
  ) {
    self.times = Times(times)
    (self.backend, threads, self.width) = (backend.name, backend.threads, width)
    (framesPerStep, points, withGradient) = (batch.frames, batch.points, batch.withGradient)
    let count = Double(framesPerStep * points)
    // Forward and two backward products; the gradient and its own backward double it.
    let operations =
      count * 3 * (cost.distance + cost.color)
      + Double(framesPerStep * withGradient) * 3 * cost.distance
    pointsPerSecond = count / self.times.median
    (rate, self.corePeak) = (operations / self.times.median, corePeak)
    phases = PhaseClock.Phase.allCases.map {
      Phase(name: "\($0)", seconds: clock.seconds($0) / Double(times.count))
    }
  }

  var text: String {
    let share = rate / corePeak / Double(threads) * 100
    let all = phases.reduce(0) { $0 + $1.seconds }
    let lines = phases.map {
      "  \($0.name)".padding(toLength: 22, withPad: " ", startingAt: 0)
        + "\(($0.seconds * 1e3).text(2)) ms of core time, "
        + "\(($0.seconds / max(all, 1e-12) * 100).text(1)) %"
    }
    return """
      \(backend), \(threads) threads, width \(width), \(framesPerStep) x \(points) points, \
      \(withGradient) a frame with gradient: \
      \(pointsPerSecond.text(0)) points/s, \((rate * 1e-9).text(1)) GFLOP/s
      \(times.text) a step; multiply-add peak of a core \
      \((corePeak * 1e-9).text(1)) GFLOP/s, of which \(share.text(0)) % is used

      """ + lines.joined(separator: "\n")
  }
}

/// Random points of random frames, fitted to a sphere of radius 0.5 and to grey: L1 on distance and
/// colour, and 0.1 times the eikonal term.
private final class PlainFit: TileLoss {
  let withGradient: Int
  let frames, points: Int
  private let capacity: Int
  nonisolated(unsafe) private var optimizer = OptimizerStep(rate: 5e-4)
  // Written between steps alone.
  nonisolated(unsafe) private let coordinates: UnsafeMutableBufferPointer<Float>
  nonisolated(unsafe) private var groups: [PointGroup] = []
  nonisolated(unsafe) private var generator = SeededGenerator(seed: 7)

  init(rule: MatrixRule, frames: Int, points: Int, capacity: Int, withGradient: Int) {
    optimizer.matrixRule = rule
    (self.frames, self.points, self.capacity) = (frames, points, capacity)
    self.withGradient = withGradient
    coordinates = .allocate(capacity: 3 * frames * points)
  }

  deinit { coordinates.deallocate() }

  func step(_ session: any FieldSession) {
    groups.removeAll(keepingCapacity: true)
    for index in coordinates.indices { coordinates[index] = 2 * generator.uniform() - 1 }
    for frame in 0..<frames {
      let position = Double(Int(generator.uniform() * Float(capacity)))
      let first = frame * points
      groups.append(
        PointGroup(
          position: position, first: first, count: withGradient, needsGradient: true,
          needsColor: true))
      groups.append(
        PointGroup(
          position: position, first: first + withGradient, count: points - withGradient,
          needsColor: true))
    }
    session.step(
      points: UnsafeBufferPointer(coordinates), groups: groups, loss: self,
      optimizer: optimizer)
  }

  func evaluate(_ tile: LossTile) {
    let each = 1 / Float(points)
    for p in 0..<tile.count {
      let at = 3 * (tile.first + p)
      let x = SIMD3(coordinates[at], coordinates[at + 1], coordinates[at + 2])
      let target = (x * x).sum().squareRoot() - 0.5
      tile.dDistance[p] = tile.distance[p] > target ? each : -each
    }
    if tile.hasColor { evaluateColor(tile, each / 3) }
    if tile.hasGradient { evaluateEikonal(tile, 0.2 / Float(max(withGradient, 1))) }
  }

  private func evaluateColor(_ tile: LossTile, _ each: Float) {
    for c in 0..<3 {
      for p in c * tile.stride..<c * tile.stride + tile.count {
        tile.dRGB[p] = tile.rgb[p] > 0.5 ? each : -each
      }
    }
  }

  private func evaluateEikonal(_ tile: LossTile, _ each: Float) {
    let (g, d, stride) = (tile.gradient, tile.dGradient, tile.stride)
    for p in 0..<tile.count {
      let (x, y, z) = (g[p], g[stride + p], g[2 * stride + p])
      let length = max((x * x + y * y + z * z).squareRoot(), 1e-9)
      let factor = each * (length - 1) / length
      (d[p], d[stride + p], d[2 * stride + p]) = (factor * x, factor * y, factor * z)
    }
  }
}
