import ArgumentParser

/// `fieldmesh calibrate`: one line a subcommand.
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check calibrations of a rig, and exchange them with other programs.",
    subcommands: [
      CalibrateCheck.self,
      CalibrateExport.self,
      CalibrateImport.self,
    ])
}
