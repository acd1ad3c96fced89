internal import Calibration
internal import CalibrationFormats
public import CaptureCore
public import Foundation
internal import Recordings

/// Calibrations from and for other programs: `fieldmesh calibrate export` and `import`.
public enum CalibrationExchange {
  /// Names of the formats.
  public static let formats = CalibrationFormats.all.map { $0.name }

  /// Writes a calibration in another format.
  ///
  /// - Parameters:
  ///   - take: A take of the rig, whose serial numbers are written, and whose lenses where the calibration has
  ///     none of its own.
  ///   - undistorted: Whether pinholes are written, for images that were undistorted.
  ///   - replaces: Whether what is there may be written over.
  /// - Throws: ``CaptureError`` `usage` for a format that there is not and for an output that is there,
  ///   `badInput` where the format cannot hold the rig.
  public static func export(
    _ calibration: URL, to format: String, at output: URL, take: URL? = nil,
    undistorted: Bool = false, replaces: Bool = false
  ) throws(CaptureError) {
    let writer = try CalibrationFormats.named(format)
    try checkAbsent(output, replaces: replaces)
    let known = try CalibrationFile.read(calibration)
    var lenses: [CameraDescription] = []
    if let take {
      let cameras = try RecordingFormats.open([take]).take.cameras
      let rig = TakeDescription(name: "", framesPerSecond: 1, cameras: cameras)
      lenses = try place(rig, known).map(\.description)
    }
    let rig = CalibratedRig(known, lenses: lenses)
    try AtomicFile.makeFolder(output.deletingLastPathComponent())
    try writer.write(undistorted ? rig.undistorted : rig, to: output)
  }

  /// Reads a calibration in another format and writes it as our own.
  /// - Throws: ``CaptureError`` `usage` for a format that there is not and for an output that is there,
  ///   `badInput` for what cannot be read.
  public static func importing(
    _ input: URL, from format: String, to output: URL, replaces: Bool = false
  ) throws(CaptureError) {
    let reader = try CalibrationFormats.named(format)
    try checkAbsent(output, replaces: replaces)
    let calibration = try reader.read(input).calibration
    try AtomicFile.makeFolder(output.deletingLastPathComponent())
    try CalibrationFile.write(calibration, to: output)
  }

  private static func checkAbsent(_ url: URL, replaces: Bool) throws(CaptureError) {
    guard !replaces, FileManager.default.fileExists(atPath: url.path) else { return }
    throw CaptureError(
      .usage, "The output is there already.", at: url.path,
      remedy: "Choose another name with -o, or write over it with --force.")
  }
}
