internal import CImageCodecs
public import CaptureCore
public import Foundation

/// Pictures on disk: JPEG and PNG to and from the image types.
///
/// Files are written as ``AtomicFile`` does, with its meaning of `isSynced`.
public enum ImageFile {
  /// Largest image file that is read, bytes.
  public static let limit = 256 << 20

  private struct Header {
    var isPNG: Bool
    var info: cic_info
  }

  /// Size of a JPEG or PNG in pixels, by its header; nothing is decoded.
  public static func size(at url: URL) throws(CaptureError) -> (width: Int, height: Int) {
    let info = try header(AtomicFile.read(url, limit: limit), url.path).info
    return (Int(info.width), Int(info.height))
  }

  /// Size of a JPEG or PNG in memory, by its header.
  public static func size(
    _ data: Data, at place: String = ""
  ) throws(CaptureError) -> (width: Int, height: Int) {
    let info = try header(data, place).info
    return (Int(info.width), Int(info.height))
  }

  /// Whether a file is a grey PNG of 16 bits, by its header.
  public static func isDeepGrey(at url: URL) throws(CaptureError) -> Bool {
    let header = try header(AtomicFile.read(url, limit: limit), url.path)
    return header.isPNG && header.info.channels == 1 && header.info.bits == 16
  }

  /// Decodes the bytes of a JPEG only as far as it takes to find damage, and gives its size.
  ///
  /// All of the entropy-coded data is read, at half the cost of decoding.
  /// - Throws: ``CaptureError`` `badInput` for what ``color(_:at:)`` would refuse as well.
  public static func checkJPEG(
    _ data: Data, at place: String = ""
  ) throws(CaptureError) -> (width: Int, height: Int) {
    var info = cic_info()
    try decode(data, place) { bytes, size, message in
      cic_jpeg_check(bytes, size, &info, message)
    }
    return (Int(info.width), Int(info.height))
  }

  /// Reads a 16-bit grey PNG as z-depth; `unit` is metres per step.
  public static func depth(at url: URL, unit: Float) throws(CaptureError) -> DepthImage {
    let data = try AtomicFile.read(url, limit: limit)
    let header = try header(data, url.path)
    guard header.isPNG, header.info.channels == 1, header.info.bits == 16 else {
      throw CaptureError(
        .badInput,
        "A depth image must be a 16-bit grey PNG; this is \(describe(header)).", at: url.path,
        remedy: "Record or convert depth without loss, in steps of the take's `unit`.")
    }
    let (w, h) = (Int(header.info.width), Int(header.info.height))
    var samples = [UInt16](repeating: 0, count: w * h)
    try decode(data, url.path) { bytes, size, message in
      samples.withUnsafeMutableBytes {
        cic_png_grey(bytes, size, $0.baseAddress, $0.count, message)
      }
    }
    return try DepthImage(width: w, height: h, samples: samples, unit: unit)
  }

  /// Reads an 8-bit grey PNG as a mask.
  public static func mask(at url: URL) throws(CaptureError) -> MaskImage {
    let data = try AtomicFile.read(url, limit: limit)
    let header = try header(data, url.path)
    guard header.isPNG, header.info.channels == 1, header.info.bits == 8 else {
      throw CaptureError(
        .badInput, "A mask must be an 8-bit grey PNG; this is \(describe(header)).", at: url.path)
    }
    let (w, h) = (Int(header.info.width), Int(header.info.height))
    var samples = [UInt8](repeating: 0, count: w * h)
    try decode(data, url.path) { bytes, size, message in
      samples.withUnsafeMutableBytes {
        cic_png_grey(bytes, size, $0.baseAddress, $0.count, message)
      }
    }
    return try MaskImage(width: w, height: h, samples: samples)
  }

  /// Reads a JPEG or PNG as 8-bit RGB.
  public static func color(at url: URL) throws(CaptureError) -> ColorImage {
    try color(AtomicFile.read(url, limit: limit), at: url.path)
  }

  /// Decodes the bytes of a JPEG or PNG as 8-bit RGB.
  /// - Parameter place: Where the bytes come from, for messages.
  public static func color(_ data: Data, at place: String = "") throws(CaptureError) -> ColorImage {
    let header = try header(data, place)
    let (w, h) = (Int(header.info.width), Int(header.info.height))
    var pixels = [UInt8](repeating: 0, count: 3 * w * h)
    try decode(data, place) { bytes, size, message in
      pixels.withUnsafeMutableBufferPointer {
        header.isPNG
          ? cic_png_rgb(bytes, size, $0.baseAddress, $0.count, message)
          : cic_jpeg_rgb(bytes, size, $0.baseAddress, $0.count, message)
      }
    }
    return try ColorImage(width: w, height: h, pixels: pixels)
  }

  /// Writes an RGB PNG.
  public static func writePNG(
    _ image: ColorImage, to url: URL, isSynced: Bool = true
  ) throws(CaptureError) {
    try encode(url, isSynced) { out, size, message in
      cic_png_encode(
        image.pixels, Int32(image.width), Int32(image.height), 3, out, size, message)
    }
  }

  /// Writes a 16-bit grey PNG fast enough for recording rates, see `cic_png_encode_grey16`.
  public static func writePNG(
    _ image: DepthImage, to url: URL, isSynced: Bool = true
  ) throws(CaptureError) {
    try encode(url, isSynced) { out, size, message in
      cic_png_encode_grey16(
        image.samples, Int32(image.width), Int32(image.height), out, size, message)
    }
  }

  /// Writes an 8-bit grey PNG.
  public static func writePNG(
    _ image: MaskImage, to url: URL, isSynced: Bool = true
  ) throws(CaptureError) {
    try encode(url, isSynced) { out, size, message in
      cic_png_encode(
        image.samples, Int32(image.width), Int32(image.height), 1, out, size, message)
    }
  }

  /// Writes a JPEG; `quality` is 1...100.
  public static func writeJPEG(
    _ image: ColorImage, quality: Int, to url: URL, isSynced: Bool = true
  ) throws(CaptureError) {
    try AtomicFile.write(
      try jpeg(image, quality: quality, at: url.path), to: url, isSynced: isSynced)
  }

  /// The bytes of a JPEG; `quality` is 1...100.
  /// - Parameter place: Where the image belongs, for messages.
  public static func jpeg(
    _ image: ColorImage, quality: Int, at place: String = ""
  ) throws(CaptureError) -> Data {
    try encoded(place) { out, size, message in
      cic_jpeg_encode(
        image.pixels, Int32(image.width), Int32(image.height), Int32(quality), out, size, message)
    }
  }

  private static func describe(_ header: Header) -> String {
    let kinds = [1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGBA"]
    let kind = kinds[Int(header.info.channels)] ?? "unknown"
    return "\(header.info.bits)-bit \(kind) \(header.isPNG ? "PNG" : "JPEG")"
  }

  private typealias Message = UnsafeMutablePointer<CChar>

  private static func header(_ data: Data, _ place: String) throws(CaptureError) -> Header {
    var info = cic_info()
    let isPNG = data.starts(with: [0x89, 0x50, 0x4e, 0x47])
    guard isPNG || data.starts(with: [0xff, 0xd8]) else {
      throw CaptureError(.badInput, "The file is neither a JPEG nor a PNG image.", at: place)
    }
    try decode(data, place) { bytes, size, message in
      isPNG
        ? cic_png_info(bytes, size, &info, message) : cic_jpeg_info(bytes, size, &info, message)
    }
    return Header(isPNG: isPNG, info: info)
  }

  private static func decode(
    _ data: Data, _ place: String, _ body: (UnsafePointer<UInt8>?, Int, Message) -> Int32
  ) throws(CaptureError) {
    var message = [CChar](repeating: 0, count: CIC_MESSAGE)
    let status = data.withUnsafeBytes { raw in
      message.withUnsafeMutableBufferPointer {
        body(raw.bindMemory(to: UInt8.self).baseAddress, raw.count, $0.baseAddress!)
      }
    }
    guard status == 0 else {
      throw CaptureError(
        .badInput, "The image cannot be decoded: \(text(message)).", at: place)
    }
  }

  private typealias Encoder = (
    UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>, UnsafeMutablePointer<Int>, Message
  ) -> Int32

  private static func encode(
    _ url: URL, _ isSynced: Bool, _ body: Encoder
  ) throws(CaptureError) {
    try AtomicFile.write(try encoded(url.path, body), to: url, isSynced: isSynced)
  }

  private static func encoded(_ place: String, _ body: Encoder) throws(CaptureError) -> Data {
    var message = [CChar](repeating: 0, count: CIC_MESSAGE)
    var (out, size): (UnsafeMutablePointer<UInt8>?, Int) = (nil, 0)
    let status = message.withUnsafeMutableBufferPointer { body(&out, &size, $0.baseAddress!) }
    guard status == 0, let out else {
      throw CaptureError(.badInput, "The image cannot be encoded: \(text(message)).", at: place)
    }
    return Data(bytesNoCopy: out, count: size, deallocator: .free)
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
