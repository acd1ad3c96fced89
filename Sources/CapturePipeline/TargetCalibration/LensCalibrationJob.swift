internal import BundleAdjustment
internal import CalibrationTargets
public import CaptureCore
public import Foundation
internal import Recordings

/// Calibrates a lens from pictures of a board: `fieldmesh calibrate intrinsics`.
public struct LensCalibrationJob: Sendable {
  /// How much of the lens is looked for.
  public enum Lens: String, Sendable, CaseIterable {
    /// Focal length and principal point.
    case pinhole
    /// And k1, k2, p1, p2, k3.
    case polynomial
    /// And k4, k5, k6.
    case rational
  }

  /// Pictures, folders of them, or one take.
  public var sources: [URL]
  /// The board's file.
  public var target: URL
  /// The lens file to write; a report stands beside it as `.html`.
  public var output: URL
  /// The camera of a take; nil for its only one.
  public var camera: String?
  /// A lens file to begin with; nil for the take's own lens, and for pictures to begin from nothing.
  public var start: URL?
  /// How much of the lens is looked for.
  public var lens = Lens.rational
  /// Most pictures of a take that are looked at.
  public var viewLimit = 80
  /// Whether a file that is there may be replaced.
  public var isForced = false
  /// Threads to use; all cores if nil. The result does not depend on it.
  public var threads: Int?

  /// A job with the usual options.
  public init(sources: [URL], target: URL, output: URL) {
    (self.sources, self.target, self.output) = (sources, target, output)
  }

  /// What came out.
  public struct Outcome: Sendable {
    /// The lens.
    public var model: CameraModel
    /// Root mean square distance of predicted from seen corners, pixels.
    public var error: Double
    /// The report for the terminal.
    public var text: String
  }

  /// Runs it, and writes the lens and its report.
  /// - Throws: ``CaptureError`` `usage` when the output is there already, `badInput` when the board is
  ///   not seen as it should; then a picture beside the output shows what was seen.
  public func run(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    let files = CalibrationOutput(calibration: output)
    try files.prepare(replacing: isForced)
    let board = try CalibrationTarget(file: target)
    var model: CameraModel?
    let pictures: BoardPictures
    if sources.count == 1, RecordingFormats.recognizes(sources[0]) {
      let reader = try RecordingFormats.open(sources)
      let index = try cameraIndex(reader.take.cameras)
      model = reader.take.cameras[index].color
      let count = reader.samples(camera: index, kind: .color).count
      let used = min(count, max(1, viewLimit))
      let indices = (0..<used).map { $0 * count / used }
      pictures = try BoardPictures(
        indices.map { "frame \($0)" }, target: board, threads: threads, monitor: monitor
      ) { i throws(CaptureError) in
        GreyImage(try reader.color(camera: index, index: indices[i]))
      }
    } else {
      let images = try BoardPictures.files(sources)
      pictures = try BoardPictures(
        images.map(\.lastPathComponent), target: board, threads: threads, monitor: monitor
      ) { i throws(CaptureError) in try BoardPictures.grey(at: images[i]) }
    }
    if let start {
      model = try LensDocument.color(of: start)
      guard let model, model.width == pictures.size.x, model.height == pictures.size.y else {
        throw CaptureError(
          .badInput, "The lens is not for pictures of \(pictures.size.x)x\(pictures.size.y).",
          at: start.path)
      }
    }
    let lens = LensCalibration.Lens(rawValue: lens.rawValue) ?? .rational
    let result: LensCalibration
    do {
      try pictures.checkSeen()
      result = try LensCalibration(
        pictures.views, size: pictures.size, start: model, lens: lens)
    } catch {
      var error = error
      let blind = pictures.pictures.count { $0.problem != nil }
      if blind > 0, blind < pictures.pictures.count {
        error.remedy += " It is not seen in \(blind): \(pictures.problem.text)"
      }
      throw files.showing(error) { () throws(CaptureError) in
        try BoardSheet(target: board, cells: pictures.cells()).picture(heading: board.name)
      }
    }
    let report = LensReport(
      title: board.name, target: board, pictures: pictures, result: result, start: model)
    try AtomicFile.write(Data(LensDocument.document(color: result.model).text.utf8), to: output)
    try AtomicFile.write(Data(try report.html().utf8), to: files.html)
    files.removeProblems()
    return Outcome(model: result.model, error: result.error, text: report.text)
  }

  private func cameraIndex(_ cameras: [CameraDescription]) throws(CaptureError) -> Int {
    let names = cameras.map(\.id).joined(separator: ", ")
    guard let camera else {
      guard cameras.count == 1 else {
        throw CaptureError(
          .usage, "The take has \(cameras.count) cameras.", at: "--camera",
          remedy: "Choose one of: \(names).")
      }
      return 0
    }
    guard let index = cameras.firstIndex(where: { $0.id == camera }) else {
      throw CaptureError(
        .usage, "The take has no camera `\(camera)`.", at: "--camera",
        remedy: "Choose one of: \(names).")
    }
    return index
  }
}
