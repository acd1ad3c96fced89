internal import CalibrationTargets
public import CaptureCore
public import Foundation

/// Draws boards for the printer: `fieldmesh target`.
public enum BoardPrint {
  /// Draws the board of a target file as SVG or PDF.
  /// - Throws: ``CaptureError`` for a target that cannot be read and for another kind of drawing.
  public static func write(target: URL, to output: URL) throws(CaptureError) {
    try TargetDrawing(CalibrationTarget(file: target)).write(to: output)
  }
}
