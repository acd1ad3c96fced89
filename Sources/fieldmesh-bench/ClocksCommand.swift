internal import ArgumentParser
internal import CaptureCore
internal import ClockEstimation
internal import Foundation
internal import SyntheticRigs

/// `fieldmesh-bench clocks`: how well unrelated clocks are told from what moves.
struct ClocksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clocks",
    abstract: "Estimates the clocks of synthetic rigs or of a take, and compares with the truth.")

  @Option(help: "Who moves: walker, dancer, porter; several, separated by commas.")
  var subject = "dancer"
  @Option(help: "How fast, as a factor; 0 stands still.") var speed = 1.0
  @Option(help: "Images of each camera before a tenth is dropped.") var frames = 120
  @Option(help: "Rate, hertz.") var rate = 30.0
  @Option(help: "Cameras on the ring.") var cameras = 4
  @Option(help: "Width of the depth images; heights are nine tenths.") var width = 320
  @Option(help: "Seed of the first rig.") var seed = 1
  @Option(help: "Rigs of each subject, of seeds that follow each other.") var rigs = 1
  @Option(help: "Angle by which calibrations are wrong, degrees.") var rotationError = 0.0
  @Option(help: "Distance by which calibrations are wrong, metres.") var translationError = 0.0
  @Option(help: "Depth noise, as a factor.") var noise = 1.0
  @Option(help: "A recorded take to look at instead; needs --truth.") var take: String?
  @Option(help: "The take's truth: a JSON list of each camera's id and clockOffset.")
  var truth: String?
  @Option(help: "Folder for rendered images, so that the next run need not render them again.")
  var keep: String?
  @Flag(help: "Print only the summary.") var brief = false

  func validate() throws {
    guard (take == nil) == (truth == nil) else {
      throw ValidationError("--take and --truth belong together.")
    }
    guard rigs > 0 else { throw ValidationError("--rigs must be 1 or more.") }
  }

  func run() throws {
    if !brief { print(ClockOutcome.heading) }
    var all: [ClockOutcome] = []
    for trial in try trials() {
      let outcomes = try trial.outcomes()
      if !brief { outcomes.forEach { print($0.line) } }
      all += outcomes
    }
    ClockSummary(all).lines.forEach { print($0) }
  }

  private func trials() throws -> [any ClockTrial] {
    if let take, let truth {
      return [
        try TakeTrial(take: URL(fileURLWithPath: take), truth: URL(fileURLWithPath: truth))
      ]
    }
    return try subject.split(separator: ",").flatMap { name in
      try (seed..<seed + rigs).map { seed in
        try SyntheticTrial(knobs(String(name), seed), keep: keep.map { URL(fileURLWithPath: $0) })
      }
    }
  }

  private func knobs(_ subject: String, _ seed: Int) -> SyntheticRigConfiguration {
    var knobs = SyntheticRigConfiguration()
    (knobs.subject, knobs.speed, knobs.seed) = (subject, speed, seed)
    (knobs.frames, knobs.framesPerSecond, knobs.cameras) = (frames, rate, cameras)
    (knobs.depthWidth, knobs.depthHeight, knobs.depthNoise) = (width, width * 9 / 10, noise)
    (knobs.clockOffset, knobs.clockDrift, knobs.exposurePhase) = (0.5, 0.0004, 1 / rate)
    (knobs.droppedShare, knobs.timestampJitter) = (0.1, 0.0005)
    (knobs.rotationError, knobs.translationError) = (rotationError, translationError)
    return knobs
  }
}
