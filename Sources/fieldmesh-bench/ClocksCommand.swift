internal import ArgumentParser
internal import CaptureCore
internal import ClockEstimation
internal import Foundation
internal import Synchronization
internal import SyntheticRigs

/// `fieldmesh-bench clocks`: how well unrelated clocks are told from what moves.
struct ClocksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clocks",
    abstract: "Estimates the clocks of synthetic rigs, and compares with the truth.")

  @Option(help: "Who moves: walker, dancer, porter.") var subject = "dancer"
  @Option(help: "How fast, as a factor; 0 stands still.") var speed = 1.0
  @Option(help: "Images of each camera before a tenth is dropped.") var frames = 120
  @Option(help: "Rate, hertz.") var rate = 30.0
  @Option(help: "Cameras on the ring.") var cameras = 4
  @Option(help: "Width of the depth images; heights are nine tenths.") var width = 320
  @Option(help: "Seed of the first rig.") var seed = 1
  @Option(help: "Rigs, of seeds that follow each other.") var rigs = 1
  @Option(help: "Angle by which calibrations are wrong, degrees.") var rotationError = 0.0
  @Option(help: "Distance by which calibrations are wrong, metres.") var translationError = 0.0

  func run() throws {
    print("seed  camera  clock from  error ms  +- ms  rate ppm  true ppm  seconds")
    for seed in seed..<seed + rigs { try measure(seed) }
  }

  private func measure(_ seed: Int) throws(CaptureError) {
    var knobs = SyntheticRigConfiguration()
    (knobs.subject, knobs.speed, knobs.seed) = (subject, speed, seed)
    (knobs.frames, knobs.framesPerSecond, knobs.cameras) = (frames, rate, cameras)
    (knobs.depthWidth, knobs.depthHeight) = (width, width * 9 / 10)
    (knobs.clockOffset, knobs.clockDrift, knobs.exposurePhase) = (0.5, 0.0004, 1 / rate)
    (knobs.droppedShare, knobs.timestampJitter) = (0.1, 0.0005)
    (knobs.rotationError, knobs.translationError) = (rotationError, translationError)
    let rig = try SyntheticRig(knobs)
    let samples = rig.clocks.indices.map { rig.samples(camera: $0, kind: .depth) }
    let places = rig.calibration
    let cameras = rig.take.cameras.enumerated().map { index, camera in
      ClockCamera(
        description: camera,
        worldFromDepth: places.rigFromColor[camera.id].map {
          places.worldFromRig * $0 * camera.colorFromDepth
        }, depthTimes: samples[index].map(\.deviceTime))
    }
    // Rendering is no part of the estimation: the time without it is what counts.
    let rendering = Mutex(0.0)
    let start = DispatchTime.now().uptimeNanoseconds
    let estimates = try ClockEstimator(cameras, threads: 1) { camera, index in
      let begin = DispatchTime.now().uptimeNanoseconds
      let image = rig.depth(camera: camera, frame: samples[camera][index].frame).measured
      let spent = Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
      rendering.withLock { $0 += spent }
      return image
    }.estimate()
    let spent = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    report(rig, estimates, seconds: spent - rendering.withLock { $0 })
  }

  private func report(_ rig: SyntheticRig, _ estimates: [ClockEstimate], seconds: Double) {
    guard let lead = estimates.firstIndex(where: { $0.source == .shared }) else { return }
    for (camera, estimate) in estimates.enumerated() where camera != lead {
      let (own, other) = (rig.clocks[camera], rig.clocks[lead])
      let begin = rig.configuration.startTime
      let time = estimate.fit.reference
      let exposure = (time - own.offset + own.drift * begin) / (1 + own.drift)
      let truth = time - (exposure + other.offset + other.drift * (exposure - begin))
      let cells = [
        "\(rig.configuration.seed)", "\(camera)", estimate.source.rawValue,
        ((estimate.fit.offset - truth) * 1000).text(2),
        estimate.offsetDeviation.map { ($0 * 1000).text(2) } ?? "-",
        (estimate.fit.rate * 1e6).text(0), ((own.drift - other.drift) * 1e6).text(0),
        seconds.text(1),
      ]
      let widths = [4, 6, 10, 8, 5, 8, 8, 7]
      print(
        zip(cells, widths).map { String(repeating: " ", count: max(0, $1 - $0.count)) + $0 }
          .joined(separator: "  "))
    }
  }
}
