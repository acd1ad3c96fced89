internal import CaptureCore
internal import RayObservations
internal import Synchronization

/// How the subject moved from frames to those beside them, each told once while frames are asked for one
/// after the other.
final class NeighbourMotions: Sendable {
  /// The motions, one after the other, from a frame to another.
  struct Way {
    let to: Int
    let motions: [SubjectMotion]
  }

  private struct Step: Hashable {
    let from, to: Int
  }

  private let source: any ObservationSource
  /// Frames before and after one that are asked for.
  private let reach: Int
  private let known = Mutex<[Step: SubjectMotion]>([:])

  init(_ source: any ObservationSource, reach: Int) { (self.source, self.reach) = (source, reach) }

  /// The ways from a frame to those beside it, as far as the motion is understood.
  func ways(from frame: Int) throws(CaptureError) -> [Way] {
    var ways: [Way] = []
    for side in [-1, 1] {
      var motions: [SubjectMotion] = []
      for distance in 0..<reach {
        let step = Step(from: frame + side * distance, to: frame + side * (distance + 1))
        guard (0..<source.frameCount).contains(step.to) else { break }
        motions.append(try motion(step))
        ways.append(Way(to: step.to, motions: motions))
      }
    }
    // Several frames may be worked on side by side.
    let near = frame - 2 * reach - 4...frame + 2 * reach + 4
    known.withLock { $0 = $0.filter { near.contains($0.key.from) } }
    return ways
  }

  private func motion(_ step: Step) throws(CaptureError) -> SubjectMotion {
    if let motion = known.withLock({ $0[step] }) { return motion }
    let (first, second) = (try source.frame(step.from), try source.frame(step.to))
    let cameras = [first, second].map { frame in Set(frame.surface.map(\.camera)) }
    func seen(_ frame: any FrameObservations) -> [SurfaceObservation] {
      frame.surface.filter { o in cameras.allSatisfy { $0.contains(o.camera) } }
    }
    let motion = SubjectMotion(from: seen(first), to: seen(second), carrying: [])
    known.withLock { $0[step] = motion }
    return motion
  }
}
