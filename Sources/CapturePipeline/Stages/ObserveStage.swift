internal import CaptureCore
internal import Foundation
internal import RayObservations

/// Turns depth images into observations on disk.
struct ObserveStage: PipelineStage {
  let name = StageName.observe

  func inputs(_ context: StageContext) throws(CaptureError) -> [String: String] {
    [
      "pair": try context.fingerprint(.pair),
      "observations": try context.hash(Self.configuration(context)),
    ]
  }

  /// Fusion averages by itself: it does without the average over time, which takes most of the time.
  private static func configuration(_ context: StageContext) -> ObservationConfiguration {
    var configuration = context.configuration.observations
    if context.configuration.method == .tsdf {
      configuration.averageRadius = 0
    }
    return configuration
  }

  func run(
    _ context: StageContext, claim: () throws(CaptureError) -> Void
  ) throws(CaptureError) -> StageResult {
    try claim()
    let list = try FrameList.read(context.output)
    let take = try OpenTake(list, in: context.output)
    let report = try ObservationStage.build(
      cameras: take.cameras, frames: list.sets,
      load: { set throws(CaptureError) in try take.images(of: set, threads: context.threads) },
      configuration: Self.configuration(context), folder: context.output.folder(.observe),
      resumes: true, threads: context.threads, monitor: context.monitor)
    let points = report.frames.reduce(0) { $0 + $1.surface }
    let rays = report.frames.reduce(0) { $0 + $1.freeRays }
    return StageResult(
      outputs: context.output.results(of: .observe),
      summary: "\(counted(points)) surface points, \(counted(rays)) free rays")
  }
}

/// `940`, `12.5 k`, `1.2 M`: a count for people.
func counted(_ number: Int) -> String {
  switch number {
  case ..<1000: "\(number)"
  case ..<1_000_000: String(format: "%.1f k", Double(number) / 1e3)
  default: String(format: "%.1f M", Double(number) / 1e6)
  }
}
