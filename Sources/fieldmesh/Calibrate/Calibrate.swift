import ArgumentParser

/// `fieldmesh calibrate`: one line a subcommand.
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Calibrate lenses and rigs with a board, check and exchange calibrations.",
    subcommands: [
      CalibrateIntrinsics.self,
      CalibratePair.self,
      CalibrateRig.self,
      CalibrateCheck.self,
      CalibrateExport.self,
      CalibrateImport.self,
    ])
}
