internal import CaptureCore
internal import Foundation

/// The files of a calibration: `<rig>/<date>.json` and what stands beside it.
struct CalibrationOutput: Sendable {
  let calibration: URL

  var folder: URL { calibration.deletingLastPathComponent() }
  /// The rig's name: its folder's.
  var rig: String { folder.standardizedFileURL.lastPathComponent }
  var html: URL { sibling("html") }
  var reportJSON: URL { sibling("report.json") }
  var problem: URL { sibling("problem.jpg") }

  private func sibling(_ ending: String) -> URL {
    calibration.deletingPathExtension().appendingPathExtension(ending)
  }

  /// - Throws: ``CaptureError`` `usage` when the file is there or is no `.json`.
  func checkIsNew() throws(CaptureError) {
    guard calibration.pathExtension == "json" else {
      throw CaptureError(
        .usage, "A calibration is a .json file.", at: calibration.path,
        remedy: "Name it calibration/<rig>/<date>.json.")
    }
    guard !FileManager.default.fileExists(atPath: calibration.path) else {
      throw CaptureError(
        .usage, "There is a calibration of this name already.", at: calibration.path,
        remedy: "Give the new one another name, or replace the old one with --force.")
    }
  }
}
