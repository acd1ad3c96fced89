import ArgumentParser
import CaptureCore
import CapturePipeline
import Foundation
import SyntheticRigs

/// `fieldmesh synth`: a recording of a rig that does not exist, with its truth.
struct Synth: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make up a recording of a moving subject, with the true surfaces beside it.",
    discussion: """
      OUT becomes a take for 'fieldmesh run OUT'; OUT/truth holds what 'fieldmesh evaluate' \
      compares with, OUT/synth.json every knob. Knobs are set in the order file, options, --set; \
      --list shows them all.
      """)

  @Argument(help: ArgumentHelp("Folder of the new take.", valueName: "out"))
  var output: String?

  @Option(
    help: ArgumentHelp("File with any part of the knobs, such as synth.json.", valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Who moves: \(SyntheticRigConfiguration.subjects.joined(separator: ", ")).",
      valueName: "name"))
  var subject: String?

  @Option(help: ArgumentHelp("Seed of the looks and of every random defect.", valueName: "n"))
  var seed: Int?

  @Option(help: ArgumentHelp("Number of cameras.", valueName: "n"))
  var cameras: Int?

  @Option(help: ArgumentHelp("Number of frames.", valueName: "n"))
  var frames: Int?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One knob, such as clockOffset=0.05; may be repeated.", valueName: "key=value"))
  var settings: [String] = []

  @Option(
    help: ArgumentHelp(
      "How images are stored: take, or mkv, one file a camera as Azure Kinects record, colour of 1280x720 and depth of 320x288 unless the knobs say another of their sizes.",
      valueName: "name"))
  var format = "take"

  @Flag(help: "The small rig that tests use: 8 frames and, in a take, 64x48 depth.")
  var tiny = false

  @Flag(help: "Leave out the true surfaces, places and depth images.")
  var noTruth = false

  @Flag(help: "Print every knob with value, unit and meaning, and write nothing.")
  var list = false

  @Flag(name: .shortAndLong, help: "Show no progress.")
  var quiet = false

  func run() throws {
    let chosen = try chosenFormat()
    let knobs = try loaded(for: chosen)
    if list { return print(try knobs.listing(), terminator: "") }
    guard let output else {
      throw CaptureError(
        .usage, "There is no folder for the take.", remedy: "Write 'fieldmesh synth OUT'.")
    }
    let rig = try SyntheticRig(knobs)
    let take = try SyntheticTake(
      rig, folder: URL(fileURLWithPath: output), format: chosen, withTruth: !noTruth)
    Interruption.listen()
    let isQuiet = quiet
    try take.write(
      monitor: StageMonitor(
        report: { done, total, _ in
          if !isQuiet { StandardError.writeTenth("synth ", done, total, "frames") }
        },
        isCancelled: { Interruption.isPending }))
  }

  private func chosenFormat() throws(CaptureError) -> SyntheticTake.Format {
    guard let chosen = SyntheticTake.Format(rawValue: format) else {
      throw CaptureError(
        .usage, "There is no format '\(format)'.", at: "--format",
        remedy:
          "Choose one of: \(SyntheticTake.Format.allCases.map(\.rawValue).joined(separator: ", "))."
      )
    }
    return chosen
  }

  private func loaded(
    for format: SyntheticTake.Format
  ) throws(CaptureError) -> SyntheticRigConfiguration {
    var knobs = format.sized(tiny ? .tiny : SyntheticRigConfiguration())
    if let config { knobs = try knobs.reading(URL(fileURLWithPath: config)) }
    if let subject { knobs.subject = subject }
    if let seed { knobs.seed = seed }
    if let cameras { knobs.cameras = cameras }
    if let frames { knobs.frames = frames }
    return try knobs.setting(settings)
  }
}
