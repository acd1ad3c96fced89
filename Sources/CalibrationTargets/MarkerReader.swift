internal import CTargetDetection
internal import CaptureCore

/// A marker as it was read in a picture.
public struct ReadMarker: Equatable, Sendable {
  /// Its number in the dictionary.
  public var id: Int
  /// Corners as printed, from the upper left clockwise, pixels.
  public var corners: [SIMD2<Double>]
}

/// Reads one dictionary's markers in pictures.
final class MarkerReader {
  private static let capacity = 1024
  private let reader: OpaquePointer

  /// - Throws: ``CaptureError`` `tryAgain` when memory runs out.
  init(_ dictionary: TargetDictionary) throws(CaptureError) {
    guard
      let reader = ctd_create(
        Int32(dictionary.cells), dictionary.codes, Int32(dictionary.codes.count),
        Int32(dictionary.corrected))
    else { throw CaptureError(.tryAgain, "There is no memory for reading markers.") }
    self.reader = reader
  }

  deinit { ctd_destroy(reader) }

  /// The markers in a picture, in order of their numbers. Pictures above three million pixels are
  /// searched at half their size; corners are read at full size all the same.
  func markers(in image: GreyImage) throws(CaptureError) -> [ReadMarker] {
    var found = [ctd_marker](repeating: ctd_marker(), count: MarkerReader.capacity)
    let scale: Float = image.samples.count > 3_000_000 ? 2 : 1
    let count = ctd_read(
      reader, image.samples, Int32(image.width), Int32(image.height), scale, &found,
      Int64(found.count))
    guard count >= 0 else {
      throw CaptureError(.tryAgain, "There is no memory for reading markers.")
    }
    return found.prefix(Int(min(count, Int64(found.count)))).map { marker in
      let c = marker.corners
      return ReadMarker(
        id: Int(marker.id),
        corners: [
          SIMD2(c.0, c.1), SIMD2(c.2, c.3), SIMD2(c.4, c.5), SIMD2(c.6, c.7),
        ])
    }
  }
}
