internal import Calibration
public import CaptureCore
internal import DepthAlignment
internal import Foundation
internal import Recordings

/// Whether a calibration still holds for each camera: `fieldmesh calibrate check`.
public struct CalibrationCheck: Codable, Equatable, Sendable {
  /// One camera.
  public struct Camera: Codable, Equatable, Sendable {
    /// Name of the camera.
    public var id: String
    /// What became of it: `holds`, `bumped`, `sagged`, `swapped`, `lost` or `untold`.
    public var finding: String
    /// How far it stands from where it should; nil where that is not known: it was swapped or is lost.
    public var turnDegrees, shiftMillimetres: Double?
    /// Standard deviations of both; nil of the camera that the others are compared with, too.
    public var turnDeviationDegrees, shiftDeviationMillimetres: Double?
    /// Share of its pixels that lie on what another camera measured, percent.
    public var overlapPercent: Double
    /// Motions of which nothing tells whether they took place, as parts of a sentence.
    public var unknown: [String]
    /// What was found and what to do, as a sentence; empty where it holds.
    public var advice: String

    /// Whether it is known where it stands.
    var isPlaced: Bool { !["swapped", "lost"].contains(finding) }
  }

  /// Name of the take.
  public var take: String
  /// In the take's order.
  public var cameras: [Camera]
  /// Of two cameras that disagree nothing tells which moved.
  public var isAmbiguous: Bool

  init(_ check: PlacementCheck, take: TakeDescription) {
    self.take = take.name
    isAmbiguous = check.isAmbiguous
    let ids = take.cameras.map(\.id)
    cameras = zip(ids, check.cameras).map { id, camera in
      let (turn, shift) = (camera.turn.length * 180 / .pi, 1000 * camera.shift.length)
      let deviations = (
        turn: camera.turnDeviation ?? 0, shift: 1000 * (camera.shiftDeviation ?? 0)
      )
      let unknown = camera.unknown.map(\.words)
      let size = String(format: "%.2f degrees and %.0f mm", turn, shift)
      let (finding, advice): (String, String) =
        switch camera.finding {
        case .holds: ("holds", "")
        case .bumped:
          (
            "bumped",
            "Camera \(id) stands \(size) from its calibration: align the take with 'fieldmesh align', or calibrate again."
          )
        case .sagged:
          (
            "sagged",
            "Camera \(id) has nodded down by \(size): tighten its mount, then align the take with 'fieldmesh align'."
          )
        case .swapped(let other):
          (
            "swapped",
            "Camera \(id) sees what camera \(ids[other]) should: exchange their cables or names."
          )
        case .lost:
          (
            "lost",
            "Camera \(id) contradicts the others wherever it is put nearby: it was moved far, or its place is wrong; calibrate again."
          )
        case .untold where camera.overlap > 0.01 && (1...3).contains(unknown.count):
          (
            "untold",
            "Nothing tells whether camera \(id) made \(unknown.joined(separator: ", or ")): only flat things that slide on themselves are shared. Put things of different shapes where several cameras see them."
          )
        case .untold where deviations.turn > 0.1 || deviations.shift > 5:
          (
            "untold",
            "Camera \(id) is known to \(String(format: "%.2f", deviations.turn)) degrees and \(String(format: "%.0f", deviations.shift)) mm only, too little to tell: record longer, with more in view of two cameras."
          )
        case .untold:
          (
            "untold",
            "Camera \(id) shares too little with the others to tell: let it see what they see."
          )
        }
      var result = Camera(
        id: id, finding: finding, overlapPercent: 100 * camera.overlap, unknown: unknown,
        advice: advice)
      // Of a place that is none, no figure is true.
      if result.isPlaced {
        (result.turnDegrees, result.shiftMillimetres) = (turn, shift)
        result.turnDeviationDegrees = camera.turnDeviation
        result.shiftDeviationMillimetres = camera.shiftDeviation.map { 1000 * $0 }
      }
      return result
    }
  }

  /// Cameras for which the calibration does not hold.
  public var failed: [Camera] { cameras.filter { !["holds", "untold"].contains($0.finding) } }
  /// Cameras of which nothing can be said.
  public var untold: [Camera] { cameras.filter { $0.finding == "untold" } }

  /// Sentences for the user; empty when all is well.
  public var sentences: [String] {
    let hint =
      isAmbiguous
      ? ["Nothing tells which of the cameras that disagree was moved; another one may be it."] : []
    return (failed + untold).map(\.advice) + (failed.isEmpty ? [] : hint)
  }

  /// The check as text to read.
  public var text: String {
    var table = TextTable([
      "camera", "calibration", ">turn deg", ">+-", ">shift mm", ">+-", ">overlap %",
    ])
    for c in cameras {
      table.add([
        c.id, c.finding == "untold" ? "cannot tell" : c.finding,
        figure(c.turnDegrees, "%.3f"), figure(c.turnDeviationDegrees, "%.3f"),
        figure(c.shiftMillimetres, "%.1f"), figure(c.shiftDeviationMillimetres, "%.1f"),
        String(format: "%.1f", c.overlapPercent),
      ])
    }
    let verdict =
      failed.isEmpty
      ? untold.isEmpty
        ? "The calibration holds."
        : untold.count == cameras.count
          ? "Nothing tells whether the calibration holds."
          : "The calibration holds where it can be told."
      : "The calibration does not hold."
    return "\(take)\n\n\(table.text)\n\n"
      + ([verdict] + sentences.map { "- " + $0 }).joined(separator: "\n")
  }

  /// The check as a document.
  /// - Throws: ``CaptureError`` `badInput` for numbers that are not finite.
  public func json() throws(CaptureError) -> String { try jsonText(self) + "\n" }

  /// - Throws: ``CaptureError`` `badInput` where the calibration does not hold, `partialResult` where
  ///   nothing can be said of a camera.
  public func checkHolds() throws(CaptureError) {
    if let first = failed.first {
      throw CaptureError(
        .badInput, "The calibration does not hold for \(failed.map(\.id).joined(separator: ", ")).",
        at: take, remedy: first.advice)
    }
    if let first = untold.first {
      throw CaptureError(
        .partialResult,
        "Nothing can be said of \(untold.map(\.id).joined(separator: ", ")).", at: take,
        remedy: first.advice)
    }
  }
}

extension TakeAlignment {
  /// Tells from the take's depth, and from what is drawn on things, whether its calibration still
  /// holds.
  ///
  /// - Parameter isQuick: Looks at the depth of a few moments in thumbnails, for a second or two.
  /// - Throws: ``CaptureError`` `badInput` without a calibration or with depth of one camera alone.
  public func check(
    isQuick: Bool = false, monitor: StageMonitor = .silent
  ) throws(CaptureError) -> CalibrationCheck {
    guard let start else {
      throw CaptureError(
        .badInput, "The take has no calibration.", at: reader.take.name,
        remedy: "Name one with --calibration, such as calibration/<rig>/<date>.json.")
    }
    let placed = try place(reader.take, start)
    let clocks = try reader.clocks(placed, configuration.clocks, threads: threads, monitor: monitor)
    return try check(placed, clocks, isQuick: isQuick, monitor)
  }

  func check(
    _ placed: [PlacedCamera], _ clocks: [ClockEstimate]?, isQuick: Bool, _ monitor: StageMonitor
  ) throws(CaptureError) -> CalibrationCheck {
    var settings = AlignmentConfiguration.quick
    if !isQuick { (settings.moments, settings.longest, settings.reach) = (12, 320, 0.3) }
    let reference = placed.firstIndex { $0.description.id == start?.reference } ?? 0
    // What it reports on the way is no progress of a stage that it is part of.
    let silent = StageMonitor(warn: monitor.warn, isCancelled: monitor.isCancelled)
    let aligner = try aligner(
      cameras(placed.map(\.worldFromColor), clocks, leastDeviation: 0.005), reference: reference,
      settings, isColored: !isQuick, silent)
    return CalibrationCheck(try aligner.checked(silent), take: reader.take)
  }
}
