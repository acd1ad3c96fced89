internal import BundleAdjustment
internal import Calibration
internal import CalibrationTargets
public import CaptureCore
public import Foundation
internal import FrameSync
internal import Recordings

/// Calibrates a rig from a take in which a board is shown: `fieldmesh calibrate rig`.
public struct RigCalibrationJob: Sendable {
  /// What may be found out about the devices beside their places.
  public enum Refinement: String, Sendable, CaseIterable {
    /// Focal length, principal point and distortion of the colour lens, with a prior.
    case lens
    /// Depth lens against colour lens, with a prior.
    case depth
    /// The depth sensor's bias, with a prior.
    case bias
  }

  /// The recording.
  public var takes: [URL]
  /// The board's file.
  public var target: URL
  /// The calibration to write; its folder gives the rig its name.
  public var output: URL
  /// Whether a calibration that is there may be replaced.
  public var isForced = false
  /// What may be found out about the devices.
  public var refinements: Set<Refinement> = []
  /// The camera whose colour lens is the rig's frame; nil for the take's first.
  public var reference: String?
  /// Most frame sets that are looked at.
  public var viewLimit = 80
  /// Number of a frame set in which the board lies on the floor; nil to find the floor in depth.
  public var floorFrame: Int?
  /// The file of a tag or board that lies on the floor throughout; nil for none.
  public var floorTarget: URL?
  /// Threads to use; all cores if nil. The result does not depend on it.
  public var threads: Int?

  /// A job with the usual options.
  public init(takes: [URL], target: URL, output: URL) {
    (self.takes, self.target, self.output) = (takes, target, output)
  }

  /// What came out.
  public struct Outcome: Sendable {
    /// The calibration, as it was written.
    public var calibration: RigCalibration
    /// The report for the terminal.
    public var text: String
    /// Pictures that could not be read, a sentence each.
    public var unreadable: [String]
    /// Whether a camera or a pair failed.
    public var hasFailed: Bool
  }

  /// Runs it, and writes the calibration and its report.
  /// - Throws: ``CaptureError`` `usage` when a calibration is there already, `badInput` when the
  ///   board is not seen as it should, then a picture beside the output shows what was seen; and when
  ///   a failed calibration would replace one that is there.
  public func run(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    let files = CalibrationOutput(calibration: output)
    try files.prepare(replacing: isForced)
    let board = try CalibrationTarget(file: target)
    let floorTag = try floorTarget.map { (url) throws(CaptureError) in
      try CalibrationTarget(file: url)
    }
    guard floorFrame == nil || floorTag == nil else {
      throw CaptureError(
        .usage, "--floor-frame and --floor-target exclude each other.", remedy: "Leave one out.")
    }
    let reader = try RecordingFormats.open(takes)
    let cameras = reader.take.cameras
    let colorless = cameras.filter { $0.color == nil }.map { "`\($0.id)`" }
    guard colorless.isEmpty else {
      throw CaptureError(
        .badInput, "Camera \(colorless.joined(separator: ", ")) has no colour images.",
        at: place, remedy: "Record colour; the board is looked for in colour images.")
    }
    let referenceIndex = try index(of: reference, in: cameras)
    let clocks = try reader.clocks(
      nil, JobConfiguration().clocks, threads: threads, monitor: monitor)
    let sets = reader.synchronized(clocks: clocks).sets
    guard !sets.isEmpty else {
      throw CaptureError(
        .badInput, "The take has no frame sets.", at: place,
        remedy: "Look at it with 'fieldmesh inspect'.")
    }
    let chosen = try chosen(sets)
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let corners = try TakeCorners(
      reader, chosen, target: board, threads: threads, monitor: monitor)
    let adjustment: RigAdjustment
    do {
      try checkSize(corners, board)
      adjustment = try RigAdjustment(
        cameras: cameras.compactMap { camera in camera.color.map { rigCamera(camera, $0) } },
        views: corners.views,
        reference: referenceIndex)
      try checkTilts(adjustment)
    } catch {
      throw files.showing(explained(error, corners)) { () throws(CaptureError) in
        try corners.sheet(reader, board).picture(heading: reader.take.name)
      }
    }
    var floor = try floorBoard(adjustment, chosen).map { (name: board.name, pose: $0) }
    if let floorTag {
      let seen = try TakeCorners(
        reader, chosen.evenlySpread(Self.floorViews), target: floorTag, threads: threads,
        monitor: monitor)
      guard let pose = adjustment.pose(ofStanding: seen.views) else {
        let error = CaptureError(
          .badInput, "No camera sees `\(floorTag.name)` on the floor.", at: place,
          remedy: seen.problem().text)
        throw files.showing(error) { () throws(CaptureError) in
          try seen.sheet(reader, floorTag).picture(heading: reader.take.name)
        }
      }
      floor = (floorTag.name, pose)
    }
    let result = RigResult(
      reader: reader, target: board, corners: corners, adjustment: adjustment,
      refinements: refinements, rig: files.rig, floorBoard: floor)
    let report = RigReport(result)
    let page = Data(try report.html(reader).utf8)
    if report.verdict == .fail, files.isThere {
      try AtomicFile.write(page, to: files.failed)
      let reason = report.remarks.first { $0.verdict == .fail }
      throw CaptureError(
        .badInput,
        "The new calibration fails (\(reason.map { "\($0.about): \($0.text)" } ?? "")), so the one that is there was kept.",
        at: output.path, remedy: "\(files.failed.path) shows it.")
    }
    try CalibrationFile.write(result.calibration, to: output)
    try AtomicFile.write(Data(report.json.text.utf8), to: files.reportJSON)
    try AtomicFile.write(page, to: files.html)
    files.removeProblems()
    return Outcome(
      calibration: result.calibration, text: report.text, unreadable: corners.unreadable,
      hasFailed: report.verdict == .fail)
  }

  /// Frame sets in which a tag on the floor is looked for.
  private static let floorViews = 12
  /// How far the board's size by depth may be from the described one, as a share: more than lenses and
  /// sensors of one kind differ.
  private static let sizeTolerance = 0.05

  /// - Throws: ``CaptureError`` `badInput` where depth says that the board has another size.
  private func checkSize(
    _ corners: TakeCorners, _ board: CalibrationTarget
  ) throws(CaptureError) {
    guard let share = corners.share, abs(share - 1) > Self.sizeTolerance else { return }
    throw CaptureError(
      .badInput,
      String(
        format:
          "Depth says that the board is %.0f %% %@ than described: %.1f mm where the target file says %.1f.",
        abs(share - 1) * 100, share > 1 ? "larger" : "smaller", board.pitch * share * 1000,
        board.pitch * 1000),
      at: place,
      remedy:
        "Measure the print with its ruler and correct the sizes in the target file; if they are right, the focal lengths of the take are not."
    )
  }

  /// - Throws: ``CaptureError`` `badInput` where the board was parallel to itself in all frames.
  private func checkTilts(_ adjustment: RigAdjustment) throws(CaptureError) {
    let frames = adjustment.rigFromBoard.count
    guard frames > 1, adjustment.spread < LensCalibration.leastSpread else { return }
    throw CaptureError(
      .badInput,
      String(
        format:
          "The board has the same tilt in all %d frames (within %.1f degrees): errors of lenses and depth would go into the places unseen.",
        frames, adjustment.spread),
      at: place,
      remedy:
        "Tilt the board by 20 to 45 degrees, to the left, right, up and down; --views 1 calibrates from one frame on purpose."
    )
  }

  private var place: String { takes.map(\.path).joined(separator: ", ") }

  private func index(
    of reference: String?, in cameras: [CameraDescription]
  ) throws(CaptureError) -> Int {
    guard let reference else { return 0 }
    guard let index = cameras.firstIndex(where: { $0.id == reference }) else {
      throw CaptureError(
        .usage, "The take has no camera `\(reference)`.", at: "--reference",
        remedy: "Choose one of: \(cameras.map(\.id).joined(separator: ", ")).")
    }
    return index
  }

  /// Up to ``viewLimit`` sets, spread evenly, and the one with the board on the floor.
  private func chosen(_ sets: [FrameSet]) throws(CaptureError) -> [FrameSet] {
    guard viewLimit >= 1 else {
      throw CaptureError(
        .usage, "\(viewLimit) is out of range.", at: "--views", remedy: "Choose 1 or more.")
    }
    var chosen = sets.evenlySpread(viewLimit)
    if let floorFrame, !chosen.contains(where: { $0.index == floorFrame }) {
      guard let set = sets.first(where: { $0.index == floorFrame }) else {
        throw CaptureError(
          .usage, "There is no frame set \(floorFrame); the take has \(sets.count).",
          at: "--floor-frame")
      }
      chosen.append(set)
    }
    return chosen
  }

  private func rigCamera(
    _ camera: CameraDescription, _ model: CameraModel
  ) -> RigAdjustment.Camera {
    var freedom = CameraFreedom.held
    if refinements.contains(.lens) {
      // As far as devices of one kind differ from each other.
      freedom.focal = 0.01 * model.intrinsics.fx
      freedom.center = 0.005 * Double(model.width)
      freedom.radial = 0.1
      freedom.tangential = 0.002
    }
    if refinements.contains(.depth), !camera.isRegistered {
      (freedom.depthRotation, freedom.depthTranslation) = (0.005, 0.003)
    }
    if refinements.contains(.bias) {
      (freedom.biasOffset, freedom.biasScale, freedom.biasRadial) = (0.005, 0.01, 0.01)
    }
    return RigAdjustment.Camera(
      id: camera.id, model: model, colorFromDepth: camera.colorFromDepth,
      isRegistered: camera.isRegistered, freedom: freedom)
  }

  private func floorBoard(
    _ adjustment: RigAdjustment, _ sets: [FrameSet]
  ) throws(CaptureError) -> RigidTransform? {
    guard let floorFrame else { return nil }
    guard let position = sets.firstIndex(where: { $0.index == floorFrame }),
      let board = adjustment.rigFromBoard[position]
    else {
      throw CaptureError(
        .badInput, "No camera sees the board in frame set \(floorFrame).", at: place,
        remedy: "Give --floor-frame a set in which the board lies on the floor in view.")
    }
    return board
  }

  /// The adjustment's error with the reason that the pictures give.
  private func explained(_ error: CaptureError, _ corners: TakeCorners) -> CaptureError {
    guard error.place.isEmpty else { return error }
    var error = error.within(place)
    if let first = corners.blind.first {
      let problem = corners.views.isEmpty ? corners.problem() : corners.problem(camera: first)
      error.remedy = problem.text + " " + error.remedy
    }
    return error
  }
}
