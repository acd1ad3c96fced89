internal import CaptureCore
internal import Foundation
internal import ImageFiles

extension ROSImage {
  private static let sideLimit = 16384

  /// Rows of `bytesPerPixel` a pixel, without what pads them.
  private func rows(_ bytesPerPixel: Int) throws(CaptureError) -> [ArraySlice<UInt8>] {
    guard (1...Self.sideLimit).contains(width), (1...Self.sideLimit).contains(height),
      step >= width * bytesPerPixel, data.count >= step * (height - 1) + width * bytesPerPixel
    else {
      throw CaptureError(
        .badInput,
        "An image of \(width)x\(height), \(encoding.prefix(20)), cannot have \(data.count) bytes in rows of \(step)."
      )
    }
    return (0..<height).map { row in
      let start = data.startIndex + row * step
      return data[start..<start + width * bytesPerPixel]
    }
  }

  /// The image as depth, in steps of `unit` metres.
  func depth(unit: Float) throws(CaptureError) -> DepthImage {
    guard ["mono16", "16UC1", "Z16"].contains(encoding) else {
      throw CaptureError(
        .badInput, "Depth is stored as `\(encoding.prefix(20))`; mono16, 16UC1 and Z16 are read.")
    }
    var samples: [UInt16] = []
    samples.reserveCapacity(data.count / 2)
    for row in try rows(2) {
      row.withUnsafeBytes { bytes in
        for at in 0..<width {
          let sample = bytes.loadUnaligned(fromByteOffset: 2 * at, as: UInt16.self)
          samples.append(isBigEndian ? UInt16(bigEndian: sample) : UInt16(littleEndian: sample))
        }
      }
    }
    return try DepthImage(width: width, height: height, samples: samples, unit: unit)
  }

  /// The image as colour.
  func color() throws(CaptureError) -> ColorImage {
    switch encoding {
    case "rgb8":
      return try ColorImage(width: width, height: height, pixels: rows(3).flatMap { $0 })
    case "bgr8": return try packed(3, 2, 1, 0)
    case "rgba8": return try packed(4, 0, 1, 2)
    case "bgra8": return try packed(4, 2, 1, 0)
    case "mono8", "8UC1", "Y8": return try packed(1, 0, 0, 0)
    case "YUYV", "yuyv", "yuv422_yuy2": return try subsampled(luma: 0, chroma: 1)
    case "UYVY", "uyvy", "yuv422": return try subsampled(luma: 1, chroma: 0)
    case "MJPEG", "mjpeg", "jpeg", "png":
      return try ImageFile.color(Data(data))
    default:
      throw CaptureError(
        .badInput,
        "Colour is stored as `\(encoding.prefix(20))`; rgb8, bgr8, rgba8, bgra8, mono8, YUYV, UYVY and JPEG are read."
      )
    }
  }

  private func packed(
    _ bytesPerPixel: Int, _ red: Int, _ green: Int, _ blue: Int
  ) throws(CaptureError) -> ColorImage {
    var pixels: [UInt8] = []
    let rows = try rows(bytesPerPixel)
    pixels.reserveCapacity(3 * width * height)
    for row in rows {
      row.withUnsafeBytes { bytes in
        for at in stride(from: 0, to: bytes.count, by: bytesPerPixel) {
          pixels.append(bytes[at + red])
          pixels.append(bytes[at + green])
          pixels.append(bytes[at + blue])
        }
      }
    }
    return try ColorImage(width: width, height: height, pixels: pixels)
  }

  /// Two pixels in four bytes, with one pair of colour differences.
  private func subsampled(luma: Int, chroma: Int) throws(CaptureError) -> ColorImage {
    guard width % 2 == 0 else {
      throw CaptureError(.badInput, "An image of odd width \(width) cannot be stored by pairs.")
    }
    var pixels: [UInt8] = []
    let rows = try rows(2)
    pixels.reserveCapacity(3 * width * height)
    for row in rows {
      row.withUnsafeBytes { bytes in
        for pair in stride(from: 0, to: bytes.count, by: 4) {
          let (blue, red) = (bytes[pair + chroma], bytes[pair + chroma + 2])
          for at in [pair + luma, pair + luma + 2] {
            let color = VideoColor.rgb(bytes[at], blue, red)
            for i in 0..<3 { pixels.append(color[i]) }
          }
        }
      }
    }
    return try ColorImage(width: width, height: height, pixels: pixels)
  }
}
