internal import Foundation
internal import FrameSync

/// Draws the conclusions from when the images of a take were recorded.
struct StreamRules {
  private let sync: SyncReport
  /// When most cameras began and ended, seconds.
  private let usual: (start: Double, end: Double)
  /// The frame set with which most cameras ended.
  private let usualLastSet: Int
  /// How much earlier or later than others a camera may begin or end, seconds: three whole frame sets are no
  /// jitter of starting and stopping, and make meshes with a side that nobody saw.
  private let tolerance: Double
  /// How long all cameras stood still at once, seconds; 0 where they did not.
  private let pause: Double

  init(_ sync: SyncReport) {
    self.sync = sync
    let recorded = sync.cameras.filter { $0.depthFrames > 0 }
    let (starts, ends) = (recorded.map(\.first).sorted(), recorded.map(\.last).sorted())
    usual =
      recorded.isEmpty
      ? (sync.start, sync.end) : (starts[(starts.count - 1) / 2], ends[ends.count / 2])
    let lastSets = recorded.compactMap(\.lastSet).sorted()
    usualLastSet = lastSets.isEmpty ? 0 : lastSets[lastSets.count / 2]
    tolerance = 2.5 * sync.period
    let gaps = recorded.map(\.longestGap).sorted()
    let isShared =
      recorded.count > 1 && gaps[0] > 5 * sync.period
      && gaps[gaps.count - 1] - gaps[0] < 2 * sync.period
    pause = isShared ? gaps[0] : 0
  }

  /// The findings, camera by camera.
  func findings() -> [Inspection.Finding] {
    var found: [Inspection.Finding] = []
    if pause > 0, let last = sync.setBeforeLongestGap {
      found.append(
        Inspection.Finding(
          verdict: .usable, camera: nil, what: "All cameras paused for \(seconds(pause)).",
          remedy:
            "Nothing is known of that time: use --frames '..<\(last + 1)' or '\(last + 1)..<'."))
    }
    return found + sync.cameras.indices.flatMap { findings($0) }
  }

  private func findings(_ camera: Int) -> [Inspection.Finding] {
    let stream = sync.cameras[camera]
    let id = stream.id
    func finding(
      _ verdict: Inspection.Verdict, _ what: String, _ remedy: String
    ) -> Inspection.Finding {
      Inspection.Finding(verdict: verdict, camera: id, what: what, remedy: remedy)
    }
    guard stream.depthFrames > 0 else {
      return [
        finding(
          sync.cameras.count == 1 ? .broken : .usable, "Camera \(id) has no depth image.",
          "Leave it out, or find its recording.")
      ]
    }
    var found: [Inspection.Finding] = []
    let isElsewhere = stream.first > usual.end || stream.last < usual.start
    if isElsewhere {
      found.append(
        finding(
          .broken, "Camera \(id) recorded while none of the others did: its clock is another.",
          "Put its times right, or leave it out with --cameras."))
    } else {
      let (missing, more) = (usual.end - stream.last, stream.last - usual.end)
      if missing > tolerance {
        found.append(
          finding(
            missing > 0.5 * (usual.end - usual.start) ? .broken : .usable,
            "Camera \(id) stopped \(seconds(missing)) before the others.",
            "Use --frames '..<\((stream.lastSet ?? 0) + 1)', or look for a full disk or a loose cable."
          ))
      } else if more > tolerance {
        found.append(
          finding(
            .usable, "Camera \(id) went on for \(seconds(more)) after the others.",
            "Use --frames '..<\(usualLastSet + 1)'; if they did not stop, its last times are wrong."
          ))
      }
      let late = stream.first - usual.start
      if late > tolerance {
        found.append(
          finding(
            .usable, "Camera \(id) started \(seconds(late)) after the others.",
            "Use --frames '\(stream.firstSet ?? 0)..<'; start subordinates before the master."))
      }
    }
    let paused = pause > 0 ? Int((pause / sync.period).rounded()) - 1 : 0
    let beyond = max(stream.depthDrops, stream.colorDrops) - paused
    let isPauseAll = pause > 0 && beyond <= stream.depthFrames / 20
    // Of times that are wrong nobody knows what lies between them.
    if stream.depthDropShare > 0.05 || stream.colorDropShare > 0.05, !isPauseAll, !isElsewhere {
      found.append(
        finding(
          .usable,
          "Camera \(id) dropped \(stream.depthDropShare.percent) of its depth and \(stream.colorDropShare.percent) of its colour images, up to \(seconds(stream.longestGap)) at a time.",
          "Give it a USB controller and a disk of its own, or lower the rate."))
    }
    if stream.repeatedTimes > 0 {
      found.append(
        finding(
          .usable,
          "\(stream.repeatedTimes) images of camera \(id) have the time of the one before.",
          "Of each such pair one is used; the recorder is at fault."))
    }
    return found
  }

  private func seconds(_ time: Double) -> String { String(format: "%.2f s", time) }
}
