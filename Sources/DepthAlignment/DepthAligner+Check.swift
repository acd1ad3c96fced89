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
    /// It stands so far off that the depth finds no place nearby, or one where it looks through what
    /// others saw.
    case lost
    /// Nothing tells: it shares too little with the others, or what it shares leaves motions open.
    case untold
  }

  /// One camera.
  public struct Camera: Sendable {
    /// What became of it.
    public var finding: Finding
    /// By how much it is off, relative to the cameras that hold: radians about its own axes, and
    /// metres in the world.
    public var turn, shift: SIMD3<Double>
    /// Standard deviations, degrees and metres; nil of the camera that the others are compared with.
    public var turnDeviation, shiftDeviation: Double?
    /// Share of its pixels that lie on what another camera measured, 0...1.
    public var overlap: Double
    /// Motions against the cameras that hold of which nothing tells whether they took place.
    public var unknown: [AlignmentResult.UnknownMotion]
  }

  /// In the order of the cameras.
  public var cameras: [Camera]
  /// Whether, of two cameras that disagree, nothing tells which one moved.
  public var isAmbiguous: Bool
}

extension DepthAligner {
  /// Turns and shifts that are of no consequence, radians and metres, however surely they are known.
  private static let tolerance = (turn: 0.25 * Double.pi / 180, shift: 0.006)
  /// Three standard deviations of more than so many tolerances would hide a bump.
  private static let hidden = 4.0

  /// Compares where the cameras are said to stand with what they measure.
  ///
  /// The places are refined from where they are said to be; what then stands otherwise relative to
  /// most of the others was moved. Two cameras whose images fit much better when their places are
  /// exchanged were swapped.
  /// - Throws: as ``refined(_:)``.
  public func checked(_ monitor: StageMonitor = .silent) throws(CaptureError) -> PlacementCheck {
    let (result, free) = try solved(monitor)
    let swaps = swaps()
    let motions = zip(result.cameras, cameras).map { now, then in
      now.worldFromColor * then.worldFromColor.inverse
    }
    let seeing = cameras.indices.filter { result.cameras[$0].overlap > 0.01 }
    let (anchor, isAmbiguous) = anchor(among: seeing, motions, result, free)
    var checked = cameras.indices.map { camera -> PlacementCheck.Camera in
      let stand = standing(of: camera, motions, anchor: anchor, result, free)
      var finding = PlacementCheck.Finding.holds
      if let swap = swaps.first(where: { $0.0 == camera || $0.1 == camera }) {
        finding = .swapped(with: swap.0 == camera ? swap.1 : swap.0)
      } else if result.strayed.contains(camera)
        || result.contradictions.contains(where: { $0.camera == camera })
      {
        finding = .lost
      } else if !seeing.contains(camera) || stand.open.count > 3 {
        finding = .untold
      } else if !stand.isNear {
        finding = Self.kind(stand.turn)
      } else if !stand.isTold {
        finding = .untold
      }
      return PlacementCheck.Camera(
        finding: finding, turn: stand.turn, shift: stand.shift,
        turnDeviation: camera == anchor ? nil : stand.deviations.turn,
        shiftDeviation: camera == anchor ? nil : stand.deviations.shift,
        overlap: result.cameras[camera].overlap, unknown: free.named(stand.open, of: camera))
    }
    // Where nobody can be told to stand right against the anchor, nor can the anchor.
    let others = seeing.filter { $0 != anchor }
    if let other = others.first, others.allSatisfy({ checked[$0].finding == .untold }) {
      checked[anchor].finding = .untold
      checked[anchor].unknown = free.named(free.basis(of: anchor, against: other), of: anchor)
    }
    return PlacementCheck(cameras: checked, isAmbiguous: isAmbiguous)
  }

  /// The camera relative to which most others stand where they should, and are known to; the
  /// reference among equals.
  private func anchor(
    among seeing: [Int], _ motions: [RigidTransform], _ result: AlignmentResult, _ free: FreeMotions
  ) -> (camera: Int, isAmbiguous: Bool) {
    let stands = seeing.map { anchor in
      seeing.map { standing(of: $0, motions, anchor: anchor, result, free) }
    }
    let counts = stands.map { $0.count { $0.isNear && $0.isTold } }
    let most = counts.max() ?? 0
    let best = zip(seeing, counts).filter { $0.1 == most }.map(\.0)
    let near = stands.map { $0.count(where: \.isNear) }.max() ?? 0
    let isAmbiguous = near < seeing.count && 2 * near <= seeing.count
    return (best.contains(reference) ? reference : best.first ?? reference, isAmbiguous)
  }

  /// How a camera stands against another one, the anchor.
  private struct Standing {
    /// About the camera's own axes, radians; in the world, metres.
    var turn, shift: SIMD3<Double>
    /// Standard deviations, degrees and metres.
    var deviations: (turn: Double, shift: Double)
    /// Whether what is known of both is as good as nothing.
    var isNear: Bool
    /// Whether a bump would show in every direction.
    var isTold: Bool
    /// As of ``FreeMotions/basis(of:against:)``.
    var open: [[Double]]
  }

  private func standing(
    of camera: Int, _ motions: [RigidTransform], anchor: Int, _ result: AlignmentResult,
    _ free: FreeMotions
  ) -> Standing {
    let then = cameras[camera].worldFromColor
    let now = motions[anchor].inverse * motions[camera] * then
    let (turn, shift) = ((then.inverse * now).turn, now.translation - then.translation)
    let open = free.basis(of: camera, against: anchor)
    let turned = then.rotate(turn) * free.lever
    var known = [turned.x, turned.y, turned.z, shift.x, shift.y, shift.z]
    for motion in open {
      let along = zip(motion, known).reduce(0) { $0 + $1.0 * $1.1 }
      for i in 0..<6 { known[i] -= along * motion[i] }
    }
    let deviations = deviations(of: camera, against: anchor, result)
    let three = (turn: 3 * deviations.turn * .pi / 180, shift: 3 * deviations.shift)
    let isNear =
      SIMD3(known[0], known[1], known[2]).length / free.lever <= Self.tolerance.turn + three.turn
      && SIMD3(known[3], known[4], known[5]).length <= Self.tolerance.shift + three.shift
    let isTold =
      open.isEmpty && three.turn <= Self.hidden * Self.tolerance.turn
      && three.shift <= Self.hidden * Self.tolerance.shift
    return Standing(
      turn: turn, shift: shift, deviations: deviations, isNear: isNear, isTold: isTold, open: open)
  }

  /// Standard deviations of a camera's place, degrees and metres: they are against the reference, whose own
  /// are those of the anchor, seen from where the reference stands.
  private func deviations(
    of camera: Int, against anchor: Int, _ result: AlignmentResult
  ) -> (turn: Double, shift: Double) {
    let known = result.cameras[camera == reference ? anchor : camera]
    guard camera == reference else { return (known.turnDeviation, known.shiftDeviation) }
    let places = [reference, anchor].map { result.cameras[$0].worldFromColor.translation }
    let swing = known.turnDeviation * .pi / 180 * (places[0] - places[1]).length
    return (
      known.turnDeviation,
      (known.shiftDeviation * known.shiftDeviation + swing * swing).squareRoot()
    )
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
