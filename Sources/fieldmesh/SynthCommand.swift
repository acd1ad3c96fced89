import ArgumentParser
import CapturePipeline
import Foundation
import SyntheticRigs

/// `fieldmesh synth`: a recording of a rig that does not exist, with its truth.
struct Synth: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make up a recording of a moving subject, with the true surfaces beside it.",
    discussion: """
      OUT becomes a take that 'fieldmesh run OUT' accepts; OUT/truth holds what \
      'fieldmesh evaluate' compares with, OUT/synth.json every knob.
      """)

  @Argument(help: ArgumentHelp("Folder of the new take.", valueName: "out"))
  var output: String

  @Option(help: "Which subject moves: walker, dancer or porter.")
  var subject = SyntheticRigConfiguration().subject

  @Option(help: "Seed of the subject's looks and of every random defect.")
  var seed = SyntheticRigConfiguration().seed

  @Flag(help: "Leave out the true surfaces, places and depth images.")
  var noTruth = false

  func run() throws {
    var knobs = SyntheticRigConfiguration()
    (knobs.subject, knobs.seed) = (subject, seed)
    let rig = try SyntheticRig(knobs)
    try SyntheticTake(rig, folder: URL(fileURLWithPath: output), withTruth: !noTruth).write()
  }
}
