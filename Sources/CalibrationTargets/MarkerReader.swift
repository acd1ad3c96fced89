internal import CTargetDetection
internal import CaptureCore

/// A marker as it was read in a picture.
public struct ReadMarker: Equatable, Sendable {
  /// Its number in the dictionary.
  public var id: Int
  /// Bits that had to be corrected.
  public var corrected: Int
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
        id: Int(marker.id), corrected: Int(marker.corrected),
        corners: [
          SIMD2(c.0, c.1), SIMD2(c.2, c.3), SIMD2(c.4, c.5), SIMD2(c.6, c.7),
        ])
    }
  }

  /// The markers in a picture whose white was widened, with corners where they were before.
  func markers(
    in image: GreyImage, widenedBy radius: Int
  ) throws(CaptureError) -> [ReadMarker] {
    var widened = image
    ctd_widen_white(
      image.samples, Int32(image.width), Int32(image.height), Int32(radius), &widened.samples)
    return try markers(in: widened).map { marker in
      let center = marker.corners.reduce(.zero, +) / 4
      var moved = marker
      for k in 0..<4 {
        let way = marker.corners[k] - center
        let length = (way * way).sum().squareRoot()
        moved.corners[k] += way * (Double(radius) * 2.0.squareRoot() / max(length, 1))
      }
      return moved
    }
  }
}

extension [ReadMarker] {
  /// Adds the markers whose numbers are not there yet.
  mutating func add(_ more: [ReadMarker]) {
    let known = Set(map(\.id))
    append(contentsOf: more.filter { !known.contains($0.id) })
  }
}
