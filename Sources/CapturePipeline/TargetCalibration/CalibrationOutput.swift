internal import CaptureCore
internal import Foundation
internal import ImageFiles

/// The files of a calibration: `<rig>/<date>.json` and what stands beside it.
struct CalibrationOutput: Sendable {
  let calibration: URL

  var folder: URL { calibration.deletingLastPathComponent() }
  /// The rig's name: its folder's.
  var rig: String { folder.standardizedFileURL.lastPathComponent }
  var html: URL { sibling("html") }
  var reportJSON: URL { sibling("report.json") }
  var problem: URL { sibling("problem.jpg") }
  /// The page of a calibration that was not fit to replace the one that is there.
  var failed: URL { sibling("failed.html") }

  private func sibling(_ ending: String) -> URL {
    calibration.deletingPathExtension().appendingPathExtension(ending)
  }

  /// Checks the name, before any work is done, and makes the folder.
  /// - Throws: ``CaptureError`` `usage` when the file is there, unless it may be replaced, or is no `.json`.
  func prepare(replacing: Bool) throws(CaptureError) {
    guard calibration.pathExtension == "json" else {
      throw CaptureError(
        .usage, "A calibration is a .json file.", at: calibration.path,
        remedy: "Name it calibration/<rig>/<date>.json.")
    }
    guard replacing || !isThere else {
      throw CaptureError(
        .usage, "There is a calibration of this name already.", at: calibration.path,
        remedy: "Give the new one another name, or replace the old one with --force.")
    }
    try AtomicFile.makeFolder(folder)
  }

  var isThere: Bool { FileManager.default.fileExists(atPath: calibration.path) }

  /// Takes away what an earlier run could not calibrate from, once another one has.
  func removeProblems() {
    for url in [problem, failed] { unlink(url.path) }
  }

  /// An error, after its picture was written beside the output and is named in it.
  func showing(
    _ error: CaptureError, _ draw: () throws(CaptureError) -> ColorImage
  ) -> CaptureError {
    var error = error
    if !error.remedy.isEmpty { error.remedy += " " }
    do {
      try ImageFile.writeJPEG(try draw(), quality: 88, to: problem)
      error.remedy += "\(problem.path) shows what was seen."
    } catch let failure {
      error.remedy += "(The picture of it could not be written: \(failure.what))"
    }
    return error
  }
}
