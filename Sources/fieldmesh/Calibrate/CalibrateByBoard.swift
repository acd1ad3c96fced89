public import ArgumentParser
import CaptureCore
public import CapturePipeline
import Foundation

/// What every calibration by a board is told.
struct BoardOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The board's file, such as calibration/targets/charuco-a3.json.", valueName: "file"))
  var target: String

  @Flag(help: "Replace an output that is there already.")
  var force = false

  @Option(help: ArgumentHelp("Threads to use; all cores if left out.", valueName: "n"))
  var threads: Int?

  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  /// Reports tenths on stderr and stops on Ctrl-C.
  var monitor: StageMonitor {
    Interruption.listen()
    let isQuiet = quiet
    return StageMonitor(
      report: { done, total, _ in
        if !isQuiet { StandardError.writeTenth("board ", done, total, "pictures") }
      },
      isCancelled: { Interruption.isPending })
  }

  /// - Throws: ``CaptureError`` `usage` for a number of them out of range.
  func checkedThreads() throws(CaptureError) -> Int? { try threads?.checked("--threads", 1...1024) }
}

/// `fieldmesh calibrate intrinsics`: one lens.
struct CalibrateIntrinsics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "intrinsics",
    abstract: "Calibrate one lens from pictures of a board: focal length, centre, distortion.",
    discussion: """
      Writes the lens as camera folders have it in intrinsics.json, and a report as .html beside it. \
      A take's own lens is the start; pictures begin from nothing unless --start names a lens.
      """)

  @Argument(
    help: ArgumentHelp("Pictures, a folder of pictures, or a take.", valueName: "source"))
  var sources: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("Lens file to write.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Camera of the take.", valueName: "name"))
  var camera: String?

  @Option(help: ArgumentHelp("Lens file to begin with.", valueName: "file"))
  var start: String?

  @Option(
    help: ArgumentHelp(
      "How much to look for: pinhole, polynomial (k1-k3) or rational (k1-k6).", valueName: "model"))
  var lens: LensCalibrationJob.Lens = .rational

  @Option(help: ArgumentHelp("Most pictures of a take to look at.", valueName: "n"))
  var views = 80

  @OptionGroup var board: BoardOptions

  func run() throws {
    var job = LensCalibrationJob(
      sources: sources.map { URL(fileURLWithPath: $0) },
      target: URL(fileURLWithPath: board.target), output: URL(fileURLWithPath: output))
    job.camera = camera
    job.start = start.map { URL(fileURLWithPath: $0) }
    (job.lens, job.viewLimit) = (lens, views)
    (job.isForced, job.threads) = (board.force, try board.checkedThreads())
    print(try job.run(board.monitor).text)
  }
}

extension LensCalibrationJob.Lens: ExpressibleByArgument {}
extension RigCalibrationJob.Refinement: ExpressibleByArgument {}

/// `fieldmesh calibrate pair`: an infrared lens against a colour lens.
struct CalibratePair: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pair",
    abstract: "Find where a depth camera's infrared lens stands to its colour lens.",
    discussion: """
      Both lenses must be known, see 'fieldmesh calibrate intrinsics'. The n-th colour picture and the \
      n-th infrared picture show the board at one time.
      """)

  @Option(help: ArgumentHelp("Colour picture, or a folder; may be repeated.", valueName: "path"))
  var color: [String]

  @Option(help: ArgumentHelp("Infrared picture, or a folder; may be repeated.", valueName: "path"))
  var infrared: [String]

  @Option(help: ArgumentHelp("Lens file of the colour lens.", valueName: "file"))
  var colorLens: String

  @Option(help: ArgumentHelp("Lens file of the infrared lens.", valueName: "file"))
  var infraredLens: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Lens file to write.", valueName: "file"))
  var output: String

  @OptionGroup var board: BoardOptions

  func run() throws {
    func urls(_ paths: [String]) -> [URL] { paths.map { URL(fileURLWithPath: $0) } }
    var job = LensPairJob(
      color: urls(color), infrared: urls(infrared), colorLens: URL(fileURLWithPath: colorLens),
      infraredLens: URL(fileURLWithPath: infraredLens), target: URL(fileURLWithPath: board.target),
      output: URL(fileURLWithPath: output))
    (job.isForced, job.threads) = (board.force, try board.checkedThreads())
    print(try job.run(board.monitor).text)
  }
}

/// `fieldmesh calibrate rig`: the places of all cameras.
struct CalibrateRig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rig",
    abstract: "Calibrate a rig from a take in which a board is shown to its cameras.",
    discussion: """
      No camera need see all of the board, nor all cameras at once; shared views must join them all. \
      Beside the calibration stand <date>.html with figures and pictures and <date>.report.json. Where \
      the board is not seen as it should, <date>.problem.jpg shows what was seen, and no calibration is \
      written. Exit status 4: the calibration fails its own report, or pictures could not be read.
      """)

  @OptionGroup var recording: SourceArguments

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Calibration to write: calibration/<rig>/<date>.json.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "What to find out about the devices too: lens (where intrinsics are a guess), depth (depth lens against colour lens), bias (of the depth sensor); may be repeated.",
      valueName: "part"))
  var refine: [RigCalibrationJob.Refinement] = []

  @Option(help: ArgumentHelp("Camera that gives the rig its frame.", valueName: "name"))
  var reference: String?

  @Option(help: ArgumentHelp("Most frame sets to look at.", valueName: "n"))
  var views = 80

  @Option(
    help: ArgumentHelp(
      "Frame set in which the board lies on the floor; without it depth shows the floor.",
      valueName: "n"))
  var floorFrame: Int?

  @Option(
    help: ArgumentHelp(
      "A tag or another board that lies on the floor: calibration/targets/floor-tag.json.",
      valueName: "file"))
  var floorTarget: String?

  @OptionGroup var board: BoardOptions

  func run() throws {
    var job = RigCalibrationJob(
      takes: recording.urls, target: URL(fileURLWithPath: board.target),
      output: URL(fileURLWithPath: output))
    (job.isForced, job.threads) = (board.force, try board.checkedThreads())
    job.refinements = Set(refine)
    (job.reference, job.viewLimit, job.floorFrame) = (reference, views, floorFrame)
    job.floorTarget = floorTarget.map { URL(fileURLWithPath: $0) }
    let outcome = try job.run(board.monitor)
    print(outcome.text)
    guard !outcome.hasFailed else {
      throw CaptureError(
        .partialResult, "The calibration was written, but it fails: see the report above.")
    }
    guard outcome.unreadable.isEmpty else {
      throw CaptureError(
        .partialResult,
        "\(outcome.unreadable.count) pictures could not be read. \(outcome.unreadable[0])")
    }
  }
}
