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
  ///   board is not seen as it should; then a picture beside the output shows what was seen.
  public func run(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    let files = CalibrationOutput(calibration: output)
    if !isForced { try files.checkIsNew() }
    let board = try CalibrationTarget(file: target)
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
    let corners = try TakeCorners(
      reader, chosen, target: board,
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, monitor: monitor)
    let adjustment: RigAdjustment
    do {
      adjustment = try RigAdjustment(
        cameras: cameras.compactMap { camera in camera.color.map { rigCamera(camera, $0) } },
        views: corners.views,
        reference: referenceIndex)
    } catch {
      throw explained(error, reader, corners, files)
    }
    let floorBoard = try floorBoard(adjustment, chosen)
    let result = RigResult(
      reader: reader, target: board, corners: corners, adjustment: adjustment,
      refinements: refinements, rig: files.rig, floorBoard: floorBoard)
    let report = RigReport(result)
    try AtomicFile.makeFolder(files.folder)
    try CalibrationFile.write(result.calibration, to: output)
    try AtomicFile.write(Data(report.json.text.utf8), to: files.reportJSON)
    try AtomicFile.write(Data(try report.html(reader).utf8), to: files.html)
    return Outcome(
      calibration: result.calibration, text: report.text, unreadable: corners.unreadable,
      hasFailed: report.verdict == .fail)
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
    let count = min(viewLimit, sets.count)
    var chosen = (0..<count).map { sets[$0 * sets.count / count] }
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

  /// The adjustment's error with the reason that the pictures give, and a picture that shows it.
  private func explained(
    _ error: CaptureError, _ reader: any Recording, _ corners: TakeCorners,
    _ files: CalibrationOutput
  ) -> CaptureError {
    var error = error.within(place)
    let blind = reader.take.cameras.indices.filter { c in
      !corners.views.contains { $0.camera == c }
    }
    if let first = blind.first {
      let problem =
        blind.count == reader.take.cameras.count
        ? corners.problem() : corners.problem(camera: first)
      error.remedy = problem.text + " " + error.remedy
    }
    do {
      try AtomicFile.makeFolder(files.folder)
      let sheet = try BoardSheet(reader, corners).picture()
      try BoardSheet.write(sheet, to: files.problem)
      error.remedy += " \(files.problem.path) shows what was seen."
    } catch let failure {
      error.remedy += " (The picture of it could not be written: \(failure.what))"
    }
    return error
  }
}
