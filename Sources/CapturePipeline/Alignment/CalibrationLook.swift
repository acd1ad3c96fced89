internal import CaptureCore
internal import ClockEstimation
internal import DepthAlignment
internal import Foundation

/// Whether cameras stand where their calibration says, as far as a look of seconds tells: what `inspect` and the
/// start of a `run` say of it.
struct CalibrationLook {
  /// Depth images of fewer pixels tell a centimetre from nothing hardly ever.
  private static let leastPixels = 10_000

  let take: OpenTake
  let sets: [FrameSet]
  let clocks: [ClockEstimate]?
  let configuration: JobConfiguration
  let threads: Int?

  /// Cameras that were exchanged; where none were, those that the quick check suspects and the thorough one
  /// finds elsewhere too: a few moments in thumbnails are surer of themselves than they are right.
  /// - Throws: ``CaptureError`` `tryAgain` when asked to stop.
  func findings(
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(CaptureError) -> [Inspection.Finding] {
    if let swap = SwappedCameras(take.cameras, images()).finding() { return [swap] }
    let telling = take.cameras.count { camera in
      camera.description.depth.map { $0.width * $0.height >= Self.leastPixels } ?? false
    }
    guard telling >= 2 else { return [] }
    let alignment = TakeAlignment(take, configuration: configuration, threads: threads)
    // Images that cannot be read are named by those who read all of them.
    let monitor = StageMonitor(isCancelled: isCancelled)
    do throws(CaptureError) {
      var failed: [CalibrationCheck.Camera] = []
      for isQuick in [true, false] {
        failed = try alignment.check(take.cameras, clocks, isQuick: isQuick, monitor).failed
          .filter(\.isHarmful)
        if failed.isEmpty { return [] }
      }
      return failed.map { camera in
        Inspection.Finding(
          verdict: camera.isPlaced ? .usable : .broken, camera: camera.id, what: camera.advice,
          remedy: "'fieldmesh calibrate check' shows the figures.")
      }
    } catch {
      guard error.code == .badInput else { throw error }
      return [
        Inspection.Finding(
          verdict: .usable, camera: nil, what: "The calibration was not checked.",
          remedy: error.description)
      ]
    }
  }

  /// Depth of a few sets, by set and camera; nil where it cannot be read.
  private func images() -> [[DepthImage?]] {
    sets.evenlySpread(SwappedCameras.sets).map { set in
      set.entries.enumerated().map { camera, entry in
        entry.depth.flatMap { try? take.depth(camera: camera, index: $0) }
      }
    }
  }
}

extension CalibrationCheck.Camera {
  /// Whether it is off by what harms a mesh.
  fileprivate var isHarmful: Bool {
    !isPlaced || turnDegrees ?? 0 > 0.4 || shiftMillimetres ?? 0 > 12
  }
}
