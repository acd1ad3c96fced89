public import CaptureCore

/// An RGB picture to draw on. What lies outside it is cut off.
public struct PictureCanvas: Sendable {
  /// The picture as it stands.
  public private(set) var image: ColorImage

  /// Most pixels that a picture may have.
  public static let limit = 100_000_000

  /// A picture of one colour.
  /// - Throws: ``CaptureError`` `badInput` for a size below 1, `limitExceeded` above ``limit``.
  public init(width: Int, height: Int, color: SIMD3<UInt8>) throws(CaptureError) {
    try Self.check(width, height)
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    pixels.withUnsafeMutableBufferPointer { pixels in
      let (r, g, b) = (color.x, color.y, color.z)
      var i = 0
      while i < pixels.count {
        (pixels[i], pixels[i + 1], pixels[i + 2]) = (r, g, b)
        i += 3
      }
    }
    image = try ColorImage(width: width, height: height, pixels: pixels)
  }

  static func check(_ width: Int, _ height: Int) throws(CaptureError) {
    guard width >= 1, height >= 1 else {
      throw CaptureError(.badInput, "A picture of \(width)x\(height) pixels has no pixels.")
    }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= limit else {
      throw CaptureError(
        .limitExceeded, "A picture of \(width)x\(height) pixels has more than \(limit).")
    }
  }

  /// Colours one pixel, if the picture has it.
  public mutating func set(_ x: Int, _ y: Int, _ color: SIMD3<UInt8>) {
    guard x >= 0, y >= 0, x < image.width, y < image.height else { return }
    let i = 3 * (y * image.width + x)
    image.pixels[i] = color.x
    image.pixels[i + 1] = color.y
    image.pixels[i + 2] = color.z
  }

  /// Fills the pixels of two ranges.
  public mutating func fill(_ columns: Range<Int>, _ rows: Range<Int>, _ color: SIMD3<UInt8>) {
    for y in rows.clamped(to: 0..<image.height) {
      for x in columns.clamped(to: 0..<image.width) { set(x, y, color) }
    }
  }

  /// Draws the border, one pixel wide, of the pixels of two ranges.
  public mutating func outline(_ columns: Range<Int>, _ rows: Range<Int>, _ color: SIMD3<UInt8>) {
    guard let left = columns.first, let right = columns.last, let top = rows.first,
      let bottom = rows.last
    else { return }
    fill(columns, top..<top + 1, color)
    fill(columns, bottom..<bottom + 1, color)
    fill(left..<left + 1, rows, color)
    fill(right..<right + 1, rows, color)
  }

  /// Draws a line one pixel wide between two points in pixels, both ends included.
  public mutating func line(
    from start: SIMD2<Double>, to end: SIMD2<Double>, _ color: SIMD3<UInt8>
  ) {
    guard let (start, end) = clipped(start, end) else { return }
    let steps = Int(max(abs(end.x - start.x), abs(end.y - start.y)).rounded(.up))
    for step in 0...max(steps, 1) {
      let p = start + (end - start) * (Double(step) / Double(max(steps, 1)))
      set(Int(p.x.rounded()), Int(p.y.rounded()), color)
    }
  }

  /// The part of a line within the picture and a pixel around it (slab test).
  private func clipped(
    _ start: SIMD2<Double>, _ end: SIMD2<Double>
  ) -> (SIMD2<Double>, SIMD2<Double>)? {
    let d = end - start
    guard (start * 0 + d * 0) == .zero else { return nil }
    var (near, far) = (0.0, 1.0)
    for (axis, last) in [(0, image.width), (1, image.height)] {
      if d[axis] == 0 {
        if start[axis] < -1 || start[axis] > Double(last) { return nil }
        continue
      }
      let (a, b) = ((-1 - start[axis]) / d[axis], (Double(last) - start[axis]) / d[axis])
      (near, far) = (max(near, min(a, b)), min(far, max(a, b)))
    }
    return near <= far ? (start + d * near, start + d * far) : nil
  }

  /// Copies a picture with its upper left pixel at the given place.
  public mutating func draw(_ picture: ColorImage, x: Int, y: Int) {
    let columns = max(0, -x)..<max(max(0, -x), min(picture.width, image.width - x))
    if columns.isEmpty { return }
    for row in 0..<picture.height where y + row >= 0 && y + row < image.height {
      let from = 3 * (row * picture.width + columns.lowerBound)
      let to = 3 * ((y + row) * image.width + x + columns.lowerBound)
      let count = 3 * columns.count
      image.pixels.replaceSubrange(to..<to + count, with: picture.pixels[from..<from + count])
    }
  }

  /// Writes a line of text; its upper left corner is at the given place.
  ///
  /// The built-in letters are 5 × 7 pixels, times `scale`, and 6 apart. There are capitals, digits
  /// and common signs; small letters become capitals, unknown ones a box.
  public mutating func text(
    _ text: String, x: Int, y: Int, scale: Int = 1, color: SIMD3<UInt8>
  ) {
    for (i, character) in text.enumerated() {
      for (row, bits) in BitmapFont.rows(of: character).enumerated() {
        for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1 {
          let left = x + (i * (BitmapFont.width + 1) + column) * scale
          let top = y + row * scale
          fill(left..<left + scale, top..<top + scale, color)
        }
      }
    }
  }

  /// Width in pixels that ``text(_:x:y:scale:color:)`` takes.
  public static func textWidth(_ text: String, scale: Int = 1) -> Int {
    text.isEmpty ? 0 : (text.count * (BitmapFont.width + 1) - 1) * scale
  }

  /// Height in pixels of a line of text.
  public static func textHeight(scale: Int = 1) -> Int { BitmapFont.height * scale }
}
