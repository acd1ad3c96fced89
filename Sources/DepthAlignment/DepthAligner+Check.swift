public import CaptureCore
internal import Foundation

/// Whether cameras still stand where their calibration says.
public struct PlacementCheck: Sendable {
  /// What became of a camera.
  public enum Finding: Equatable, Sendable {
    /// It stands where it should, as far as depth tells.
    case holds
    /// It was turned and moved, or nodded down under its own weight.
    case bumped, sagged
    /// Its images are those of another camera, by place in the list, and the other way round.
    case swapped(with: Int)
    /// It stands so far off that the depth finds no place nearby.
    case lost
    /// It shares too little with the others to tell.
    case untold
  }

  /// One camera.
  public struct Camera: Sendable {
    /// What became of it.
    public var finding: Finding
    /// By how much it is off, relative to the cameras that hold: radians about its own axes, and
    /// metres in the world.
    public var turn, shift: SIMD3<Double>
    /// Standard deviations, degrees and metres.
    public var turnDeviation, shiftDeviation: Double
    /// Share of its pixels that lie on what another camera measured, 0...1.
    public var overlap: Double
  }

  /// In the order of the cameras.
  public var cameras: [Camera]
  /// Whether, of two cameras that disagree, nothing tells which one moved.
  public var isAmbiguous: Bool
}

extension DepthAligner {
  /// Turns and shifts that are of no consequence, radians and metres, however surely they are known.
  private static let tolerance = (turn: 0.25 * Double.pi / 180, shift: 0.006)

  /// Compares where the cameras are said to stand with what they measure.
  ///
  /// The places are refined from where they are said to be; what then stands otherwise relative to
  /// most of the others was moved. Two cameras whose images fit much better when their places are
  /// exchanged were swapped.
  /// - Throws: as ``refined(_:)``.
  public func checked(_ monitor: StageMonitor = .silent) throws(CaptureError) -> PlacementCheck {
    let result = try refined(monitor)
    let swaps = swaps()
    let motions = zip(result.cameras, cameras).map { now, then in
      now.worldFromColor * then.worldFromColor.inverse
    }
    let told = cameras.indices.filter { camera in
      result.cameras[camera].overlap > 0.01
        && result.unknown.count { $0.camera == camera } < 4
    }
    let (anchor, isAmbiguous) = anchor(among: told, motions, result)
    let checked = cameras.indices.map { camera -> PlacementCheck.Camera in
      let figures = result.cameras[camera]
      let (turn, shift) = difference(of: camera, motions, anchor: anchor)
      var finding = PlacementCheck.Finding.holds
      if let swap = swaps.first(where: { $0.0 == camera || $0.1 == camera }) {
        finding = .swapped(with: swap.0 == camera ? swap.1 : swap.0)
      } else if !told.contains(camera) {
        finding = isContradicted(camera, result) ? .lost : .untold
      } else if !isNear(turn, shift, figures) {
        finding = isContradicted(camera, result) ? .lost : Self.kind(turn)
      }
      return PlacementCheck.Camera(
        finding: finding, turn: turn, shift: shift, turnDeviation: figures.turnDeviation,
        shiftDeviation: figures.shiftDeviation, overlap: figures.overlap)
    }
    return PlacementCheck(cameras: checked, isAmbiguous: isAmbiguous)
  }

  /// The camera relative to which most others stand where they should; the reference among equals.
  private func anchor(
    among told: [Int], _ motions: [RigidTransform], _ result: AlignmentResult
  ) -> (camera: Int, isAmbiguous: Bool) {
    let counts = told.map { anchor in
      told.count { camera in
        let (turn, shift) = difference(of: camera, motions, anchor: anchor)
        return isNear(turn, shift, result.cameras[camera])
      }
    }
    let most = counts.max() ?? 0
    let best = zip(told, counts).filter { $0.1 == most }.map(\.0)
    let isAmbiguous = most < told.count && 2 * most <= told.count
    return (best.contains(reference) ? reference : best.first ?? reference, isAmbiguous)
  }

  private func difference(
    of camera: Int, _ motions: [RigidTransform], anchor: Int
  ) -> (turn: SIMD3<Double>, shift: SIMD3<Double>) {
    let then = cameras[camera].worldFromColor
    let now = motions[anchor].inverse * motions[camera] * then
    return ((then.inverse * now).turn, now.translation - then.translation)
  }

  private func isNear(
    _ turn: SIMD3<Double>, _ shift: SIMD3<Double>, _ figures: AlignmentResult.Camera
  ) -> Bool {
    turn.length <= Self.tolerance.turn + 3 * figures.turnDeviation * .pi / 180
      && shift.length <= Self.tolerance.shift + 3 * figures.shiftDeviation
  }

  /// Whether others look through what the camera saw, or it through what they saw.
  private func isContradicted(_ camera: Int, _ result: AlignmentResult) -> Bool {
    result.pairs.contains {
      ($0.first == camera || $0.second == camera) && $0.seenThrough > 0.3
    }
  }

  /// A camera that nods forward, and turns little otherwise, has sagged.
  private static func kind(_ turn: SIMD3<Double>) -> PlacementCheck.Finding {
    // Turning about +x by a negative angle lowers the view: +y is down.
    turn.x < -0.9 * turn.length && turn.length > tolerance.turn ? .sagged : .bumped
  }

  /// Pairs of cameras that agree much better with everything when they exchange their places.
  private func swaps() -> [(Int, Int)] {
    let rule = MatchRule(
      width: 0.05, gate: 0.1, likeness: 0.6, stride: 600, noise: 1, byPlace: false)
    func agreement(_ state: AlignmentState) -> Double {
      var (good, tried) = (0.0, 0)
      for g in gather(state, rule) {
        good += g.sums.robust - Double(g.sums.seenThrough) - 0.25 * Double(g.sums.blank)
        tried += g.sums.tried
      }
      return tried > 0 ? good / Double(tried) : 0
    }
    let state = start
    let now = agreement(state)
    var best: (gain: Double, pair: (Int, Int))?
    for a in cameras.indices {
      for b in cameras.indices where b > a {
        var other = state
        other.worldFromColor.swapAt(a, b)
        let gain = agreement(other) - now
        if gain > 0.02, gain > best?.gain ?? 0 {
          best = (gain, (a, b))
        }
      }
    }
    return best.map { [$0.pair] } ?? []
  }
}
