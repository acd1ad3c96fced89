public import CaptureCore
public import Foundation

/// Rig calibrations on disk: `calibration/<rig>/<date>.json`, or `calibration.json` in a take.
public enum CalibrationFile {
  /// Reads a calibration.
  /// - Throws: ``CaptureError`` that names the file and the key: another format or version,
  ///   unknown keys, a camera that stands twice, NaN, matrices that are not rotations.
  public static func read(_ url: URL) throws(CaptureError) -> RigCalibration {
    try RigCalibration(file: url)
  }

  /// Writes a calibration, whole or not at all.
  /// - Throws: ``CaptureError`` for numbers that could not be read back, and for what writing meets.
  public static func write(_ calibration: RigCalibration, to url: URL) throws(CaptureError) {
    _ = try RigCalibration(JSONNode(calibration.json))
    try AtomicFile.write(Data(calibration.json.text.utf8), to: url)
  }
}
