internal import BundleAdjustment
internal import CalibrationTargets
public import CaptureCore
public import Foundation

/// Finds where a depth camera's infrared lens stands to its colour lens, from pictures of a board that
/// both took: `fieldmesh calibrate pair`.
public struct LensPairJob: Sendable {
  /// Pictures of the colour lens and of the infrared lens, or folders of them, in the same order.
  public var color, infrared: [URL]
  /// Their lens files.
  public var colorLens, infraredLens: URL
  /// The board's file.
  public var target: URL
  /// The lens file to write.
  public var output: URL
  /// Whether a file that is there may be replaced.
  public var isForced = false
  /// Threads to use; all cores if nil. The result does not depend on it.
  public var threads: Int?

  /// A job of the given files.
  public init(
    color: [URL], infrared: [URL], colorLens: URL, infraredLens: URL, target: URL, output: URL
  ) {
    (self.color, self.infrared, self.target, self.output) = (color, infrared, target, output)
    (self.colorLens, self.infraredLens) = (colorLens, infraredLens)
  }

  /// What came out.
  public struct Outcome: Sendable {
    /// Infrared lens, which is the depth lens, to colour lens.
    public var colorFromDepth: RigidTransform
    /// The report for the terminal.
    public var text: String
  }

  /// Runs it, and writes a file with both lenses and `colorFromDepth`.
  /// - Throws: ``CaptureError`` `usage` when the output is there already or the pictures are not as
  ///   many; `badInput` when the board is not seen as it should; then a picture beside the output
  ///   shows what was seen.
  public func run(_ monitor: StageMonitor = .silent) throws(CaptureError) -> Outcome {
    let outputs = CalibrationOutput(calibration: output)
    try outputs.prepare(replacing: isForced)
    let board = try CalibrationTarget(file: target)
    let lenses = [
      try LensDocument.color(of: colorLens), try LensDocument.color(of: infraredLens),
    ]
    let files = [try BoardPictures.files(color), try BoardPictures.files(infrared)]
    guard files[0].count == files[1].count else {
      throw CaptureError(
        .usage,
        "There are \(files[0].count) colour and \(files[1].count) infrared pictures.",
        remedy:
          "Give the pictures of both lenses in the same order, as many of one as of the other.")
    }
    let names = ["color", "infrared"]
    var pictures: [BoardPictures] = []
    for lens in 0..<2 {
      let urls = files[lens]
      pictures.append(
        try BoardPictures(
          urls.map(\.lastPathComponent), target: board, threads: threads, monitor: monitor
        ) { i throws(CaptureError) in try BoardPictures.grey(at: urls[i]) })
      let size = pictures[lens].size
      guard size == SIMD2(lenses[lens].width, lenses[lens].height) else {
        throw CaptureError(
          .badInput, "The lens is not for pictures of \(size.x)x\(size.y).",
          at: (lens == 0 ? colorLens : infraredLens).path)
      }
    }
    let adjustment: RigAdjustment
    do throws(CaptureError) {
      for (name, pictures) in zip(names, pictures) {
        try pictures.checkSeen(at: "\(name) pictures")
      }
      adjustment = try RigAdjustment(
        cameras: (0..<2).map { .init(id: names[$0], model: lenses[$0]) },
        views: (0..<2).flatMap { lens in
          pictures[lens].views.map {
            BoardView(camera: lens, frame: $0.frame, points: $0.points)
          }
        })
    } catch {
      throw outputs.showing(error) { () throws(CaptureError) in
        var sheet = BoardSheet(target: board, cells: [])
        for (name, pictures) in zip(names, pictures) {
          sheet.cells += try pictures.cells(name: "\(name) ").prefix(2)
          sheet.seen.append((name, pictures.views.map { !$0.points.isEmpty }))
        }
        return try sheet.picture(heading: board.name)
      }
    }
    let transform = adjustment.rigFromColor[1]
    let document = LensDocument.document(
      color: lenses[0], depth: (lens: lenses[1], colorFromDepth: transform))
    try AtomicFile.write(Data(document.text.utf8), to: output)
    outputs.removeProblems()
    let figures = RigFigures(adjustment)
    let deviation = adjustment.uncertainty(camera: 1)
    let t = transform.translation * 1000
    let angle = acos(
      min(1, max(-1, (transform.rows.0.x + transform.rows.1.y + transform.rows.2.z - 1) / 2)))
    let text = String(
      format: """
        The infrared lens stands at (%.2f, %.2f, %.2f) mm in the colour lens's frame (± %.2f mm), turned by %.3f degrees (± %.3f).
        Corners are off by %.3f px in colour and %.3f px in infrared (rms); %d shared pictures.
        """,
      t.x, t.y, t.z, deviation.position * 1000, angle * 180 / .pi, deviation.rotation * 180 / .pi,
      figures.cameras[0].reprojection, figures.cameras[1].reprojection,
      figures.pairs.first?.views ?? 0)
    return Outcome(colorFromDepth: transform, text: text)
  }
}
