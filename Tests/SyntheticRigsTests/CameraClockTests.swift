import CaptureCore
import Foundation
import FrameSync
import SyntheticRigs
import Testing

@Suite struct CameraClockTests {
  private func knobs(_ change: (inout SyntheticRigConfiguration) -> Void)
    -> SyntheticRigConfiguration
  {
    var knobs = SyntheticRigConfiguration.tiny
    knobs.timestampJitter = 0
    change(&knobs)
    return knobs
  }

  @Test func wiredCamerasReportTheirDelays() throws {
    let rig = try SyntheticRig(knobs { _ in })
    #expect(rig.take.cameras[0].sync == SyncRole(mode: .master, delay: 0))
    #expect(rig.take.cameras[3].sync == SyncRole(mode: .subordinate, delay: 3 * 0.00016))
    for camera in 0..<4 {
      for sample in rig.samples(camera: camera, kind: .depth) {
        let trigger = sample.deviceTime - rig.take.cameras[camera].sync.delay
        #expect(abs(trigger - rig.triggerTime(sample.frame)) < 1e-12)
        #expect(sample.exposureTime == sample.deviceTime)
      }
    }
  }

  @Test func offsetsAndDriftsShowInTheTimes() throws {
    let rig = try SyntheticRig(
      knobs { ($0.clockOffset, $0.clockDrift, $0.frames) = (0.05, 0.001, 100) })
    for camera in 0..<4 {
      #expect(rig.take.cameras[camera].sync == SyncRole(mode: .standalone))
      let clock = rig.clocks[camera]
      #expect(abs(clock.offset) <= 0.05 && abs(clock.offset) > 1e-4)
      #expect(abs(clock.drift) <= 0.001 && abs(clock.drift) > 1e-6)
      let samples = rig.samples(camera: camera, kind: .color)
      let errors = samples.map { $0.deviceTime - $0.exposureTime }
      #expect(abs(errors[0] - clock.offset) < 1e-9)
      let span = samples[99].exposureTime - samples[0].exposureTime
      #expect(abs((errors[99] - errors[0]) / span - clock.drift) < 1e-9)
    }
    #expect(Set(rig.clocks.map(\.offset)).count == 4)
  }

  @Test func jitterHasTheKnobsDeviation() throws {
    let rig = try SyntheticRig(knobs { ($0.timestampJitter, $0.frames) = (0.001, 2000) })
    let errors = rig.samples(camera: 1, kind: .depth).map { $0.deviceTime - $0.exposureTime }
    let variance = errors.map { $0 * $0 }.reduce(0, +) / 2000
    #expect(abs(variance.squareRoot() - 0.001) < 0.00006)
    let times = rig.samples(camera: 1, kind: .depth).map(\.deviceTime)
    #expect(times == times.sorted())
  }

  @Test func shuttersOfFreeRunningCamerasOpenLater() throws {
    let rig = try SyntheticRig(knobs { $0.exposurePhase = 0.03 })
    let delays = (0..<4).map { rig.exposureTime(camera: $0, frame: 2) - rig.triggerTime(2) }
    #expect(delays.allSatisfy { $0 >= 0 && $0 <= 0.03 } && Set(delays).count == 4)
    #expect(rig.take.cameras.allSatisfy { $0.sync == SyncRole(mode: .standalone) })
  }

  @Test func theKnobsShareOfImagesIsDropped() throws {
    let rig = try SyntheticRig(knobs { ($0.droppedShare, $0.frames) = (0.2, 2000) })
    var kept: [[Int]] = []
    for camera in 0..<2 {
      for kind in [StreamKind.depth, .color] {
        let frames = rig.samples(camera: camera, kind: kind).map(\.frame)
        #expect(abs(Double(frames.count) / 2000 - 0.8) < 0.03)
        kept.append(frames)
      }
    }
    #expect(Set(kept).count == 4)
    #expect(
      rig.samples(camera: 0, kind: .mask).map(\.frame)
        == rig.samples(camera: 0, kind: .color).map(\.frame))
    #expect(try SyntheticRig(knobs { _ in }).samples(camera: 0, kind: .depth).count == 8)
  }

  @Test func frameSetsOfAWiredRigAreTheTriggers() throws {
    let rig = try SyntheticRig(.tiny)
    let cameras = rig.take.cameras.indices.map { camera in
      CameraTimes(
        id: rig.take.cameras[camera].id, sync: rig.take.cameras[camera].sync,
        times: [
          .depth: rig.samples(camera: camera, kind: .depth).map(\.deviceTime),
          .color: rig.samples(camera: camera, kind: .color).map(\.deviceTime), .mask: [],
        ])
    }
    let (sets, _) = frameSets(of: cameras, framesPerSecond: rig.take.framesPerSecond)
    #expect(sets.count == 8)
    for set in sets {
      #expect(set.entries.allSatisfy { $0.depth == set.index && $0.color == set.index })
      #expect(abs(set.time - rig.triggerTime(set.index)) < 1e-4)
    }
  }
}
