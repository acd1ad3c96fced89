internal import CaptureCore
internal import Foundation
internal import ImageFiles

/// How the images of a track are coded.
enum KinectCoding: Equatable {
  /// A complete JPEG a frame.
  case jpeg
  /// Luma, then interleaved chroma at half size; two pixels of luma and chroma; blue, green, red, any.
  case nv12, yuy2, bgra
  /// H.264 or H.265, whose images depend on one another.
  case video
  /// 16-bit samples, most or least significant byte first.
  case grey16, littleGrey16

  /// Bytes of one frame; nil where frames differ.
  func bytes(_ width: Int, _ height: Int) -> Int? {
    switch self {
    case .jpeg, .video: nil
    case .nv12: width * height + 2 * ((width + 1) / 2) * ((height + 1) / 2)
    case .yuy2: 4 * ((width + 1) / 2) * height
    case .bgra: 4 * width * height
    case .grey16, .littleGrey16: 2 * width * height
    }
  }
}

/// Frames of a track as images.
enum KinectPixels {
  /// Depth samples of a frame.
  /// - Throws: ``CaptureError`` `sizeMismatch` for another number of bytes.
  static func depth(
    _ frame: Data, _ coding: KinectCoding, width: Int, height: Int
  ) throws(CaptureError) -> DepthImage {
    try check(frame, coding, width, height)
    let isBig = coding == .grey16
    let samples = [UInt16](unsafeUninitializedCapacity: width * height) { buffer, count in
      frame.withUnsafeBytes { raw in
        for i in 0..<buffer.count {
          let word = raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
          buffer[i] = isBig ? UInt16(bigEndian: word) : UInt16(littleEndian: word)
        }
      }
      count = width * height
    }
    return try DepthImage(width: width, height: height, samples: samples, unit: 0.001)
  }

  /// Colours of a frame.
  /// - Throws: ``CaptureError`` for a JPEG that cannot be decoded, or another number of bytes.
  static func color(
    _ frame: Data, _ coding: KinectCoding, width: Int, height: Int
  ) throws(CaptureError) -> ColorImage {
    if coding == .jpeg {
      // Before anything of the size that the JPEG claims is allocated.
      let size = try ImageFile.size(frame)
      guard size == (width, height) else {
        throw CaptureError(
          .sizeMismatch,
          "The colour image is \(size.width)x\(size.height), but the track's are \(width)x\(height)."
        )
      }
      return try ImageFile.color(frame)
    }
    try check(frame, coding, width, height)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { out, count in
      frame.withUnsafeBytes { raw in
        switch coding {
        case .bgra:
          for i in 0..<width * height {
            (out[3 * i], out[3 * i + 1], out[3 * i + 2]) = (
              raw[4 * i + 2], raw[4 * i + 1], raw[4 * i]
            )
          }
        case .yuy2: yuy2(raw, out, width, height)
        default: nv12(raw, out, width, height)
        }
      }
      count = 3 * width * height
    }
    return try ColorImage(width: width, height: height, pixels: pixels)
  }

  /// An image as a frame of a track; 16-bit codings hold no colour.
  /// - Throws: ``CaptureError`` when a JPEG cannot be encoded.
  static func frame(of image: ColorImage, _ coding: KinectCoding) throws(CaptureError) -> Data {
    if coding == .jpeg { return try ImageFile.jpeg(image, quality: 92) }
    let (width, height) = (image.width, image.height)
    var data = Data(count: coding.bytes(width, height) ?? 0)
    data.withUnsafeMutableBytes { (out: UnsafeMutableRawBufferPointer) in
      image.pixels.withUnsafeBufferPointer { pixels in
        for v in 0..<height {
          for u in 0..<width {
            let i = v * width + u
            let (r, g, b) = (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2])
            if coding == .bgra {
              (out[4 * i], out[4 * i + 1], out[4 * i + 2], out[4 * i + 3]) = (b, g, r, 255)
              continue
            }
            let (luma, blue, red) = VideoColor.luma(r, g, b)
            if coding == .yuy2 {
              let pair = v * 4 * ((width + 1) / 2) + 4 * (u / 2)
              out[pair + 2 * (u & 1)] = luma
              if u & 1 == 0 { (out[pair + 1], out[pair + 3]) = (blue, red) }
            } else {
              out[i] = luma
              let pair = width * height + v / 2 * 2 * ((width + 1) / 2) + 2 * (u / 2)
              if u & 1 == 0, v & 1 == 0 { (out[pair], out[pair + 1]) = (blue, red) }
            }
          }
        }
      }
    }
    return data
  }

  /// Depth samples as a frame.
  static func frame(of image: DepthImage, _ coding: KinectCoding) -> Data {
    var data = Data(count: 2 * image.samples.count)
    data.withUnsafeMutableBytes { (out: UnsafeMutableRawBufferPointer) in
      for (i, sample) in image.samples.enumerated() {
        out.storeBytes(
          of: coding == .grey16 ? sample.bigEndian : sample.littleEndian, toByteOffset: 2 * i,
          as: UInt16.self)
      }
    }
    return data
  }

  private static func check(
    _ frame: Data, _ coding: KinectCoding, _ width: Int, _ height: Int
  ) throws(CaptureError) {
    let expected = coding.bytes(width, height) ?? 0
    guard frame.count == expected else {
      throw CaptureError(
        .sizeMismatch,
        "The image has \(frame.count) bytes; \(width)x\(height) takes \(expected).")
    }
  }

  private typealias Pixels = UnsafeMutableBufferPointer<UInt8>

  private static func yuy2(
    _ raw: UnsafeRawBufferPointer, _ out: Pixels, _ width: Int, _ height: Int
  ) {
    let row = 4 * ((width + 1) / 2)
    for v in 0..<height {
      for u in 0..<width {
        let pair = v * row + 4 * (u / 2)
        put(
          VideoColor.rgb(raw[pair + 2 * (u & 1)], raw[pair + 1], raw[pair + 3]), out, v * width + u)
      }
    }
  }

  private static func nv12(
    _ raw: UnsafeRawBufferPointer, _ out: Pixels, _ width: Int, _ height: Int
  ) {
    let row = 2 * ((width + 1) / 2)
    for v in 0..<height {
      let chroma = width * height + v / 2 * row
      for u in 0..<width {
        let pair = chroma + 2 * (u / 2)
        put(VideoColor.rgb(raw[v * width + u], raw[pair], raw[pair + 1]), out, v * width + u)
      }
    }
  }

  private static func put(_ color: SIMD3<UInt8>, _ out: Pixels, _ i: Int) {
    (out[3 &* i], out[3 &* i &+ 1], out[3 &* i &+ 2]) = (color.x, color.y, color.z)
  }
}
