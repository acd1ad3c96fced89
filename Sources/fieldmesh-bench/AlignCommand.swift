internal import ArgumentParser
internal import CaptureCore
internal import Foundation
internal import SyntheticRigs

/// `fieldmesh-bench align`: how honest the deviations of aligned cameras are.
struct AlignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "align",
    abstract: "Aligns the cameras of synthetic rigs, and compares errors with deviations.")

  @Option(help: "Who moves: walker, dancer, porter; several, separated by commas, in turns.")
  var subject = "walker,dancer"
  @Option(help: "Moments that are compared.") var frames = 6
  @Option(help: "Rate of the moments, hertz.") var rate = 4.0
  @Option(help: "Cameras on the ring.") var cameras = 4
  @Option(help: "Width of the depth images; heights are nine tenths.") var width = 160
  @Option(help: "Distance of a wall behind the scene, metres; 0 for none.") var wall = 0.0
  @Option(help: "Seed of the first rig.") var seed = 1
  @Option(help: "Rigs, of seeds that follow each other.") var rigs = 100
  @Option(help: "Angle by which the start is wrong, degrees.") var rotationError = 1.0
  @Option(help: "Distance by which the start is wrong, metres.") var translationError = 0.01
  @Option(help: "Depth noise, as a factor.") var noise = 1.0
  @Option(help: "Threads; all cores by default.") var threads: Int?
  @Option(help: "Folder for rendered images, so that the next run need not render them again.")
  var keep: String?
  @Flag(help: "Look at depth alone, not at what is drawn on surfaces.") var depthOnly = false
  @Flag(help: "Print only the summary.") var brief = false

  func validate() throws {
    guard rigs > 0 else { throw ValidationError("--rigs must be 1 or more.") }
    guard !subjects.isEmpty else { throw ValidationError("--subject names nobody.") }
  }

  private var subjects: [String] { subject.split(separator: ",").map(String.init) }

  func run() throws {
    if !brief { print(AlignOutcome.heading) }
    var all: [AlignOutcome] = []
    for index in 0..<rigs {
      let trial = try AlignTrial(
        knobs(index), isColored: !depthOnly, keep: keep.map { URL(fileURLWithPath: $0) })
      let outcomes = try trial.outcomes(threads: threads)
      if !brief { outcomes.forEach { print($0.line) } }
      all += outcomes
    }
    AlignSummary(all).lines.forEach { print($0) }
  }

  private func knobs(_ index: Int) -> SyntheticRigConfiguration {
    var knobs = SyntheticRigConfiguration()
    (knobs.subject, knobs.seed) = (subjects[index % subjects.count], seed + index)
    (knobs.frames, knobs.framesPerSecond, knobs.cameras) = (frames, rate, cameras)
    (knobs.depthWidth, knobs.depthHeight, knobs.depthNoise) = (width, width * 9 / 10, noise)
    (knobs.colorWidth, knobs.colorHeight) = (2 * width, width * 9 / 8)
    (knobs.wallDistance, knobs.exposureSpread) = (wall, 0.1)
    (knobs.rotationError, knobs.translationError) = (rotationError, translationError)
    return knobs
  }
}

/// How many errors lie within one, two and three of the deviations that were said.
struct AlignSummary {
  private let outcomes: [AlignOutcome]

  init(_ outcomes: [AlignOutcome]) { self.outcomes = outcomes }

  var lines: [String] {
    // A motion that nothing tells may be one of several cameras together.
    let open = Set(outcomes.filter { $0.unknown > 0 }.map(\.trial))
    let known = outcomes.filter { !open.contains($0.trial) }
    let rigs = Set(outcomes.map(\.trial)).count
    var lines = ["\(rigs) rigs, \(open.count) left out as motions were said to be unknown"]
    guard !known.isEmpty else { return lines }
    for (name, part, unit, scale) in [
      ("turns", 0..<3, "degrees", 180 / .pi), ("shifts", 3..<6, "mm", 1000.0),
      ("all", 0..<6, "", 0.0),
    ] {
      let ratios = known.flatMap { $0.ratios[part] }.sorted()
      func within(_ bound: Double) -> String {
        (100 * Double(ratios.partitionPoint { $0 <= bound }) / Double(ratios.count)).text(1)
      }
      func median(_ of: KeyPath<AlignOutcome, [Double]>) -> String {
        let values = known.flatMap { $0[keyPath: of][part] }.map { scale * abs($0) }.sorted()
        return values[values.count / 2].text(3)
      }
      let square = ratios.reduce(0) { $0 + $1 * $1 } / Double(ratios.count)
      lines.append(
        "\(name): within 1 \(within(1)) %, 2 \(within(2)) %, 3 \(within(3)) %, mean square "
          + "\(square.text(2)), worst \((ratios.last ?? 0).text(1))"
          + (unit.isEmpty
            ? ""
            : "; median error \(median(\.errors)), deviation \(median(\.deviations)) \(unit)"))
    }
    return lines
  }
}
