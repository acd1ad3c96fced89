internal import CaptureCore

/// A part of an image, pixels.
struct Crop {
  var columns, rows: Range<Int>
}

extension CameraModel {
  /// The camera whose image is a part of this one's.
  func cropped(_ crop: Crop) -> CameraModel {
    var part = self
    (part.width, part.height) = (crop.columns.count, crop.rows.count)
    part.intrinsics.cx -= Double(crop.columns.lowerBound)
    part.intrinsics.cy -= Double(crop.rows.lowerBound)
    return part
  }
}

extension ColorImage {
  /// The pixels of a part, which must lie inside.
  func cropped(_ crop: Crop) throws(CaptureError) -> ColorImage {
    var part: [UInt8] = []
    part.reserveCapacity(3 * crop.columns.count * crop.rows.count)
    for row in crop.rows {
      let start = 3 * (row * width + crop.columns.lowerBound)
      part += pixels[start..<(start + 3 * crop.columns.count)]
    }
    return try ColorImage(width: crop.columns.count, height: crop.rows.count, pixels: part)
  }
}
