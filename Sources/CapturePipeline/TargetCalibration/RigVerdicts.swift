internal import BundleAdjustment
internal import CaptureCore
internal import Foundation

/// Whether a figure is as it should be.
enum CalibrationVerdict: String, Comparable, Sendable, CaseIterable {
  case pass, warn, fail

  private var rank: Int { CalibrationVerdict.allCases.firstIndex(of: self) ?? 0 }
  static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
}

/// What is to be said about a camera or a pair.
struct CalibrationRemark: Sendable {
  var verdict: CalibrationVerdict
  /// What is the matter and what to do, as sentences.
  var text: String
}

/// The rules by which a rig is judged.
struct RigVerdicts: Sendable {
  private let result: RigResult

  init(_ result: RigResult) { self.result = result }

  /// Pixels, metres and shares from which on a figure is a warning, and a failure.
  private enum Limit {
    static let reprojection = (warn: 1.0, fail: 3.0)
    static let distance = (warn: 0.008, fail: 0.025)
    static let bias = 0.004
    static let shape = 0.004
    static let agreement = (warn: 0.010, fail: 0.030)
    static let position = (warn: 0.005, fail: 0.03)
    static let rotation = (warn: 0.25 * .pi / 180, fail: 1.5 * .pi / 180)
    static let measured = 0.5
    static let views = 5
    static let depthViews = 10
    static let coverage = 0.25
  }

  /// The remarks about a camera, the worst first; none where all is well.
  func remarks(camera index: Int) -> [CalibrationRemark] {
    let figures = result.figures.cameras[index]
    let uncertainty = result.adjustment.uncertainty(camera: index)
    var remarks: [CalibrationRemark] = []
    func add(_ value: Double, _ limit: (warn: Double, fail: Double), _ text: String) {
      guard value > limit.warn else { return }
      remarks.append(.init(verdict: value > limit.fail ? .fail : .warn, text: text))
    }
    add(
      figures.reprojection, Limit.reprojection,
      String(
        format: "Corners are off by %.2f px: the lens is not known well enough",
        figures.reprojection)
        + (result.adjustment.given[index].freedom.focal == 0
          ? "; allow --refine lens, or calibrate it with 'fieldmesh calibrate intrinsics'."
          : ", or images and depth were not taken at one time: hold the board still."))
    if figures.depths > 0 {
      add(figures.distance, Limit.distance, distanceText(index))
      if figures.measured < Limit.measured {
        remarks.append(
          .init(
            verdict: .warn,
            text: String(
              format:
                "Depth is missing on %.0f %% of the board: keep it within the sensor's range, dull, and away from the rim of the depth image.",
              (1 - figures.measured) * 100)))
      }
    }
    add(
      uncertainty.position, Limit.position,
      String(
        format:
          "Its place is known to %.1f mm only: show the board to it and its neighbours more often, near and far.",
        uncertainty.position * 1000))
    add(
      uncertainty.rotation, Limit.rotation,
      String(
        format:
          "Its direction is known to %.2f degrees only: show the board in the corners of its picture too.",
        uncertainty.rotation * 180 / .pi))
    let (given, adjusted) = (
      result.adjustment.given[index], result.adjustment.adjusted.problem.cameras[index]
    )
    if figures.views < Limit.depthViews,
      adjusted.bias != .none || adjusted.colorFromDepth != given.colorFromDepth
    {
      remarks.append(
        .init(
          verdict: .warn,
          text:
            "What was found out about its depth rests on \(figures.views == 1 ? "one view" : "\(figures.views) views"): record ten or more, or leave --refine depth and --refine bias out."
        ))
    }
    if figures.views < Limit.views {
      remarks.append(
        .init(
          verdict: .warn,
          text:
            "It saw the board \(figures.views == 1 ? "once" : "\(figures.views) times") only: a chance error goes into its place. Record twenty views or more, tilted in all directions."
        ))
    } else if figures.coverage < Limit.coverage {
      remarks.append(
        .init(
          verdict: .warn,
          text: String(
            format: "The board was in %.0f %% of its picture only: show it in the corners too.",
            figures.coverage * 100)))
    }
    return remarks.sorted { $0.verdict > $1.verdict }
  }

  /// Why a camera's depth does not lie on the board.
  func distanceText(_ index: Int) -> String {
    let figures = result.figures.cameras[index]
    var causes: [String] = []
    if abs(figures.bias) > Limit.bias {
      causes.append(
        String(
          format: "depth reads %.1f mm too %@", abs(figures.bias) * 1000,
          figures.bias > 0 ? "far" : "near"))
    }
    if figures.shape > Limit.shape {
      causes.append(
        String(
          format:
            "the board leans by %.1f mm across it, as with a wrong principal point or distortion",
          figures.shape * 1000))
    }
    if abs(figures.scale - 1) > 0.006 {
      causes.append(
        String(
          format: "the board looks %.1f %% too %@, as with a wrong focal length or depth scale",
          abs(figures.scale - 1) * 100, figures.scale > 1 ? "large" : "small"))
    }
    if !causes.isEmpty, result.adjustment.given[index].freedom.biasScale == 0,
      figures.views >= Limit.views
    {
      causes.append("--refine bias measures what the sensor adds")
    }
    if causes.isEmpty {
      causes.append(String(format: "depth scatters by %.1f mm", figures.noise * 1000))
    }
    return String(format: "Its depth is off the board by %.1f mm rms: ", figures.distance * 1000)
      + causes.joined(separator: "; ") + "."
  }

  /// The remark about a pair; nil where all is well.
  func remark(pair: RigFigures.Pair) -> CalibrationRemark? {
    guard let agreement = pair.agreement, agreement > Limit.agreement.warn else { return nil }
    let failed = agreement > Limit.agreement.fail
    return CalibrationRemark(
      verdict: failed ? .fail : .warn,
      text: String(format: "The two put the same corners %.1f mm apart (rms).", agreement * 1000))
  }

  /// The remark about the board's size; nil where depth has nothing against it.
  var size: CalibrationRemark? {
    guard let scale, abs(scale.mean - 1) > max(0.01, 2 * scale.deviation) else { return nil }
    return CalibrationRemark(
      verdict: .warn,
      text: String(
        format:
          "Depth says that the board is %.1f %% %@ than described: measure the print with its ruler, and correct the target file.",
        abs(scale.mean - 1) * 100, scale.mean > 1 ? "larger" : "smaller"))
  }

  /// The worst of everything.
  var overall: CalibrationVerdict {
    let all =
      [size].compactMap { $0 }
      + result.adjustment.given.indices.flatMap { remarks(camera: $0) }
      + result.figures.pairs.compactMap { remark(pair: $0) }
    return all.map(\.verdict).max() ?? .pass
  }

  /// The camera whose depth lies farthest from the board, and why; nil without depth or with one
  /// camera only.
  var worst: (camera: Int, text: String)? {
    let cameras = result.figures.cameras
    guard cameras.count > 1,
      let index = cameras.indices.max(by: { cameras[$0].distance < cameras[$1].distance }),
      cameras[index].distance > 0
    else { return nil }
    return (index, distanceText(index))
  }

  /// What depth says about the board's described size: the mean over cameras, and their standard
  /// deviation; nil without depth.
  var scale: (mean: Double, deviation: Double)? {
    let scales = result.figures.cameras.filter { $0.depths > 0 }.map(\.scale)
    guard !scales.isEmpty else { return nil }
    let mean = scales.reduce(0, +) / Double(scales.count)
    let squares = scales.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    return (mean, (squares / Double(max(1, scales.count - 1))).squareRoot())
  }

  /// Root mean square distance of the same corners as two cameras see them, metres, over all pairs
  /// of the given cameras; nil without any.
  func agreement(of cameras: Set<Int>) -> Double? {
    var (sum, count) = (0.0, 0.0)
    for pair in result.figures.pairs {
      guard cameras.contains(pair.first), cameras.contains(pair.second), let a = pair.agreement
      else { continue }
      sum += a * a * Double(pair.points)
      count += Double(pair.points)
    }
    return count > 0 ? (sum / count).squareRoot() : nil
  }
}
