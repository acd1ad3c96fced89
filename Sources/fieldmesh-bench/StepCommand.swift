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
  @Option(help: "Frames in a step.") var framesPerStep = 4
  @Option(help: "Points of each frame.") var points = 4096
  @Option(help: "Share of the points whose gradient is wanted, 0 to 1.") var gradientShare = 1.0
  @Flag(help: "Leaves the eikonal term out: no gradients.") var noEikonal = false
  @Option(help: "Steps to measure, after three to warm up.") var steps = 15

  func validate() throws {
    guard points > 0, framesPerStep > 0, steps > 0, (0...1).contains(gradientShare) else {
      throw ValidationError("Points, frames and steps must be above 0, the share in 0 to 1.")
    }
  }

  func run() throws {
    let (target, layout, clock) = (try field.kernelTarget(), try field.layout(), PhaseClock())
    let backend = CPUBackend(target: target, threads: field.threads, clock: clock)
    let session = try backend.session(
      layout, state: OptimizerState(parameters: layout.freshParameters(seed: 1)))
    let batch = PlainFit(
      frames: framesPerStep, points: points, capacity: field.frames,
      withGradient: noEikonal ? 0 : Int((Double(points) * gradientShare).rounded()))
    for _ in 0..<3 { batch.step(session) }
    clock.reset()
    let times = seconds(times: steps) { batch.step(session) }
    report(times, batch, FieldCost(layout), backend, clock)
  }

  private func report(
    _ times: [Double], _ batch: PlainFit, _ cost: FieldCost, _ backend: CPUBackend,
    _ clock: PhaseClock
  ) {
    let (median, count) = (times[times.count / 2], Double(framesPerStep * points))
    // Forward and two backward products; the gradient and its own backward double it.
    let operations =
      count * 3 * (cost.distance + cost.color)
      + Double(framesPerStep * batch.withGradient) * 3 * cost.distance
    let (rate, peak) = (operations / median * 1e-9, backend.target.measuredPeak() * 1e-9)
    let share = rate / peak / Double(backend.threads) * 100
    print(
      """
      \(backend.name), \(backend.threads) threads, width \(field.width), \
      \(framesPerStep) x \(points) points, \(batch.withGradient) a frame with gradient: \
      \((count / median).text(0)) points/s, \(rate.text(1)) GFLOP/s
      \((median * 1e3).text(1)) ms a step (min \((times[0] * 1e3).text(1)), \
      max \((times[times.count - 1] * 1e3).text(1))); multiply-add peak of a core \
      \(peak.text(1)) GFLOP/s, of which \(share.text(0)) % is used
      """)
    let all = PhaseClock.Phase.allCases.reduce(0) { $0 + clock.seconds($1) }
    for phase in PhaseClock.Phase.allCases {
      let spent = clock.seconds(phase)
      print(
        "  \(phase)".padding(toLength: 22, withPad: " ", startingAt: 0)
          + "\((spent / Double(steps) * 1e3).text(2)) ms of core time, "
          + "\((spent / max(all, 1e-12) * 100).text(1)) %")
    }
  }
}

/// Random points of random frames, fitted to a sphere of radius 0.5 and to grey: L1 on distance and
/// colour, and 0.1 times the eikonal term.
private final class PlainFit: TileLoss {
  let withGradient: Int
  private let frames, points, capacity: Int
  // Written between steps alone.
  nonisolated(unsafe) private let coordinates: UnsafeMutableBufferPointer<Float>
  nonisolated(unsafe) private var groups: [PointGroup] = []
  nonisolated(unsafe) private var generator = SeededGenerator(seed: 7)

  init(frames: Int, points: Int, capacity: Int, withGradient: Int) {
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
      adam: AdamStep(rate: 5e-4))
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
