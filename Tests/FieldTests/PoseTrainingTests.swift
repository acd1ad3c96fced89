import CaptureCore
import CaptureTestSupport
import FieldBackendCPU
import Foundation
import Synchronization
import Testing

@testable import FieldTraining

/// Trainings that refine poses on the way.
@Suite struct PoseTrainingTests {
  let folder = Scratch.unused()
  let take = CorrectedSource(BoxTake(frames: 2), PoseRefinerTests.errors)

  private func configuration(_ steps: Int, rounds: Int) -> TrainingConfiguration {
    var c = FieldTrainerTests.small(steps: steps)
    (c.refinePoses, c.refineRounds, c.capacity, c.rank) = (true, rounds, 1, 0)
    (c.refineTranslation, c.refineRotation) = (0.02, 3)
    return c
  }

  private func train(
    _ c: TrainingConfiguration, in name: String, threads: Int = 2, monitor: StageMonitor = .silent
  ) throws -> (report: TrainingReport, field: Data) {
    let backend = CPUBackend(target: try KernelTarget.choose(), threads: threads)
    let folder = folder.appendingPathComponent(name)
    let report = try FieldTrainer.train(
      source: take, configuration: c, backend: backend, folder: folder, monitor: monitor)
    return (report, try Data(contentsOf: folder.appendingPathComponent("field.fmf")))
  }

  @Test func trainingBringsCamerasTogether() throws {
    let report = try train(configuration(400, rounds: 8), in: "wrong").report
    // Each camera's total motion: what the report says that it became, from where it truly is.
    let truth = take.base.cameras
    let motions = zip(report.cameras, truth).map { $0.worldFromColor * $1.worldFromColor.inverse }
    let before = PoseRefinerTests.disagreement(
      zip(take.cameras, truth).map { $0.worldFromColor * $1.worldFromColor.inverse })
    let after = PoseRefinerTests.disagreement(motions)
    #expect(before > 0.003 && after < 0.4 * before, "\(before) to \(after) m")
    let poses = try #require(report.poses)
    #expect(poses.map(\.camera) == ["cam0", "cam1", "cam2", "cam3"])
    #expect(poses.allSatisfy { $0.subjectMillimetres > 0.5 && $0.lensMillimetres > 0.5 })
  }

  @Test func threadsAndInterruptionsDoNotChangeTheBytes() throws {
    let c = configuration(60, rounds: 4)
    let whole = try train(c, in: "whole", threads: 1)
    // Rounds take place before the steps 12, 25, 38 and 51.
    for count in [12, 13, 30] {
      let steps = Atomic<Int>(0)
      let stopping = StageMonitor(isCancelled: {
        steps.add(1, ordering: .relaxed).newValue > count
      })
      #expect(throws: CaptureError.self) { try train(c, in: "\(count)", monitor: stopping) }
      let rest = try train(c, in: "\(count)", threads: 3)
      #expect(rest.report.resumedAt == count)
      #expect(rest.field == whole.field && rest.report.poses == whole.report.poses)
    }
  }

  @Test func withoutRefinementItsSettingsPlayNoPart() throws {
    var (plain, other) = (configuration(20, rounds: 3), configuration(20, rounds: 9))
    (plain.refinePoses, other.refinePoses) = (false, false)
    let (a, b) = (try train(plain, in: "a"), try train(other, in: "b"))
    #expect(a.field == b.field && a.report.poses == nil && a.report.cameras == take.cameras)
    #expect(try train(configuration(20, rounds: 3), in: "c").field != a.field)
  }
}
