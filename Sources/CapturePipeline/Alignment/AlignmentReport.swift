public import CaptureCore
internal import DepthAlignment
internal import Foundation

/// What `fieldmesh align` says: per camera, per pair, and what to make of it.
public struct AlignmentReport: Codable, Equatable, Sendable {
  /// Whether a result can be used.
  public enum Verdict: String, Codable, Sendable, Comparable {
    /// Yes.
    case pass
    /// With what the advice names in mind.
    case warn
    /// No.
    case fail

    /// The worse is the greater.
    public static func < (a: Verdict, b: Verdict) -> Bool {
      let order: [Verdict] = [.pass, .warn, .fail]
      return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }
  }

  /// One camera.
  public struct Camera: Codable, Equatable, Sendable {
    /// Name of the camera.
    public var id: String
    /// How far it was turned and moved from the start; nil where there was no start.
    public var turnDegrees, shiftMillimetres: Double?
    /// Standard deviations against the reference camera; 0 for itself.
    public var turnDeviationDegrees, shiftDeviationMillimetres: Double
    /// Root mean square distance of its surfaces to those of the others, matches within 5 cm, before
    /// and after; nil without any match.
    public var before, after: Double?
    /// Share of its pixels that lie on what another camera measured, percent.
    public var overlapPercent: Double
    /// Where its clock comes from, as in a run's report, and what it is off by, milliseconds; nil
    /// where all cameras share one.
    public var clock: ClockEstimate?
    /// Motions that nothing told and that were left alone, such as `shift along (1, 0, 0)`.
    public var unknown: [String]
    /// What to make of it.
    public var verdict: Verdict
  }

  /// Two cameras.
  public struct Pair: Codable, Equatable, Sendable {
    /// Names.
    public var cameras: [String]
    /// Share of the pixels of both that lie on what the other measured, percent.
    public var overlapPercent: Double
    /// Root mean square distance between the surfaces, matches within 5 cm, millimetres.
    public var before, after: Double?
    /// Share of the pixels in view of the other that it looks through, percent.
    public var seenThroughPercent: Double
  }

  /// Name of the take, and the camera that stayed where it was.
  public var take, reference: String
  /// Whether the cameras were placed from nothing.
  public var fromNothing: Bool
  /// Moments of the recording that were compared.
  public var moments: Int
  /// Depth noise as a multiple of the expected one.
  public var noise: Double
  /// Per camera, in the take's order.
  public var cameras: [Camera]
  /// Per pair with any overlap.
  public var pairs: [Pair]
  /// The worst camera's verdict.
  public var verdict: Verdict
  /// What to do, as sentences.
  public var advice: [String]

  init(_ solution: TakeAlignment.Solution, take: TakeDescription, fromNothing: Bool) {
    let result = solution.result
    self.take = take.name
    self.fromNothing = fromNothing
    reference = take.cameras[solution.reference].id
    (moments, noise) = (result.moments, result.noise)
    pairs = result.pairs.filter { $0.overlap > 0 }.map { pair in
      Pair(
        cameras: [take.cameras[pair.first].id, take.cameras[pair.second].id],
        overlapPercent: 100 * pair.overlap,
        before: fromNothing ? nil : pair.before.map { 1000 * $0 },
        after: pair.after.map { 1000 * $0 }, seenThroughPercent: 100 * pair.seenThrough)
    }
    cameras = result.cameras.indices.map { index in
      Camera(index, solution, fromNothing: fromNothing)
    }
    verdict = cameras.map(\.verdict).max() ?? .fail
    advice = []
    if !result.hasConverged, fromNothing || cameras.contains(where: \.hasMoved) {
      advice.append("The steps had not come to rest: run again from the result with --start.")
      verdict = max(verdict, .warn)
    }
    advise(result)
  }

  private mutating func advise(_ result: AlignmentResult) {
    let strayed = result.strayed.map { cameras[$0].id }
    let contradictions = result.contradictions.map { found in
      (camera: cameras[found.camera].id, other: cameras[found.other].id, share: found.seenThrough)
    }
    for camera in cameras where camera.verdict != .pass {
      if let found = contradictions.first(where: { $0.camera == camera.id }) {
        advice.append(
          "Camera \(camera.id) was left at its start: where it fitted best, \(found.share.percent) of what it and \(found.other) saw would be looked through. \(fromNothing ? TakeAlignment.howToRecord : "Give a better start, or try --from-nothing.")"
        )
      } else if strayed.contains(camera.id) {
        advice.append(
          "Camera \(camera.id) was drawn farther from its start than a refinement is good for, and was left there: give a better start, or try --from-nothing."
        )
      } else if camera.unknown.count >= 6 {
        advice.append(
          "Camera \(camera.id) shares no surface with the others: let it see what they see, or place it by a target."
        )
      } else if !camera.unknown.isEmpty {
        advice.append(
          "Camera \(camera.id) was not moved by \(camera.unknown.joined(separator: ", ")): only flat things that slide on themselves are shared. Put boxes of different shapes into the scene and record again."
        )
      } else if camera.overlapPercent < 3 {
        advice.append(
          "Camera \(camera.id) shares \(String(format: "%.1f", camera.overlapPercent)) % of its surface with the others: turn it towards what they see."
        )
      } else {
        advice.append(
          "Camera \(camera.id) is known to \(String(format: "%.2f", camera.turnDeviationDegrees)) degrees and \(String(format: "%.1f", camera.shiftDeviationMillimetres)) mm only: record longer, with more in view of two cameras."
        )
      }
    }
    for pair in pairs where pair.seenThroughPercent > 15 {
      advice.append(
        "\(pair.cameras[0]) looks through \(String(format: "%.0f", pair.seenThroughPercent)) % of what \(pair.cameras[1]) saw: one of them may stand elsewhere than found."
      )
      verdict = max(verdict, .warn)
    }
    if noise > 4 {
      advice.append(
        "Surfaces disagree by \(String(format: "%.1f", noise)) times the expected noise: check the depth lenses' calibration, and that nothing moved between cameras without a common clock."
      )
      verdict = max(verdict, .warn)
    }
  }

  /// The report as a document.
  /// - Throws: ``CaptureError`` `badInput` for numbers that are not finite.
  public func json() throws(CaptureError) -> String { try jsonText(self) + "\n" }

  /// The report as text to read.
  public var text: String {
    var table = TextTable([
      "camera", ">turn deg", ">+-", ">shift mm", ">+-", ">RMS before mm", ">after", ">overlap %",
      ">clock ms", ">+-", "verdict",
    ])
    for c in cameras {
      let isReference = c.id == reference
      table.add([
        c.id, figure(c.turnDegrees, "%.3f"),
        isReference ? "-" : figure(c.turnDeviationDegrees, "%.3f"),
        figure(c.shiftMillimetres, "%.1f"),
        isReference ? "-" : figure(c.shiftDeviationMillimetres, "%.1f"),
        figure(c.before, "%.1f"), figure(c.after, "%.1f"), figure(c.overlapPercent, "%.1f"),
        figure(c.clock.map { 1000 * $0.fit.offset }, "%.1f"),
        figure(c.clock?.offsetDeviation.map { 1000 * $0 }, "%.1f"), c.verdict.rawValue,
      ])
    }
    var pairTable = TextTable([
      "pair", ">overlap %", ">RMS before mm", ">after", ">looked through %",
    ])
    for p in pairs {
      pairTable.add([
        p.cameras.joined(separator: " "), figure(p.overlapPercent, "%.1f"),
        figure(p.before, "%.1f"), figure(p.after, "%.1f"), figure(p.seenThroughPercent, "%.1f"),
      ])
    }
    let head =
      fromNothing
      ? "\(take): \(cameras.count) cameras placed from nothing, \(moments) moments compared"
      : "\(take): \(cameras.count) cameras aligned, \(moments) moments compared"
    return [
      head, table.text,
      "turn, shift: change from the start with \(reference) held where it was; RMS: distance between surfaces, matches within 5 cm",
      pairTable.text,
      (["Verdict: \(verdict.rawValue)"] + advice.map { "- " + $0 }).joined(separator: "\n"),
    ].joined(separator: "\n\n")
  }
}

extension AlignmentReport.Camera {
  /// Whether it went on from its start by more than what steps that wander around the best place make.
  fileprivate var hasMoved: Bool {
    turnDegrees ?? 0 > max(0.02, turnDeviationDegrees)
      || shiftMillimetres ?? 0 > max(0.5, shiftDeviationMillimetres)
  }

  init(_ index: Int, _ solution: TakeAlignment.Solution, fromNothing: Bool) {
    let (result, camera) = (solution.result, solution.result.cameras[index])
    let change = solution.start[index].inverse * camera.worldFromColor
    id = camera.id
    turnDegrees = fromNothing ? nil : change.angleDegrees
    shiftMillimetres =
      fromNothing
      ? nil : 1000 * (camera.worldFromColor.translation - solution.start[index].translation).length
    let isReference = index == solution.reference
    turnDeviationDegrees = isReference ? 0 : camera.turnDeviation
    shiftDeviationMillimetres = isReference ? 0 : 1000 * camera.shiftDeviation
    let own = result.pairs.filter { [$0.first, $0.second].contains(index) && $0.matches > 0 }
    func rms(_ value: (AlignmentResult.Pair) -> Double?) -> Double? {
      let weight = own.reduce(0) { $0 + ($1.matches) }
      let sum = own.reduce(0) { $0 + Double($1.matches) * ((value($1) ?? 0) * (value($1) ?? 0)) }
      return weight > 0 ? 1000 * (sum / Double(weight)).squareRoot() : nil
    }
    (before, after) = (fromNothing ? nil : rms(\.before), rms(\.after))
    overlapPercent = 100 * camera.overlap
    clock = solution.clocks?[index]
    unknown = result.unknown.filter { $0.camera == index }.map(\.words)
    // From nothing, what is not told is anywhere.
    verdict =
      unknown.count >= (fromNothing ? 1 : 6) || own.isEmpty
      ? .fail
      : !unknown.isEmpty || overlapPercent < 3 || shiftDeviationMillimetres > 5
        || turnDeviationDegrees > 0.2 ? .warn : .pass
  }
}

extension AlignmentResult.UnknownMotion {
  /// The motion as a part of a sentence.
  var words: String {
    let axis = String(format: "(%.2f, %.2f, %.2f)", axis.x, axis.y, axis.z)
    return kind == .turn ? "a turn about \(axis)" : "a shift along \(axis)"
  }
}

extension RigidTransform {
  /// Angle of the rotation, degrees, 0...180.
  var angleDegrees: Double {
    let w = SIMD3(rows.2.y - rows.1.z, rows.0.z - rows.2.x, rows.1.x - rows.0.y) / 2
    return atan2(w.length, (rows.0.x + rows.1.y + rows.2.z - 1) / 2) * 180 / .pi
  }
}
