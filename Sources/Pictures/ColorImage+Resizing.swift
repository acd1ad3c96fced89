public import CaptureCore

extension ColorImage {
  /// The picture at another size: bilinear when enlarged, averaged when shrunk.
  ///
  /// A tent filter in each direction, as wide as two pixels of the coarser picture. Pictures cover
  /// the same area: the corner of the first pixel stays the corner.
  /// - Throws: ``CaptureError`` `limitExceeded` as ``PictureCanvas`` does; `badInput` for a picture
  ///   without pixels.
  /// - Complexity: O(old pixels + new pixels), times the ratio where it is shrunk.
  public func resized(width: Int, height: Int) throws(CaptureError) -> ColorImage {
    if width == self.width && height == self.height { return self }
    try PictureCanvas.check(width, height)
    try PictureCanvas.check(self.width, self.height)
    let (columns, rows) = (Tent(from: self.width, to: width), Tent(from: self.height, to: height))
    let (old, new) = (3 * self.width, 3 * width)
    // Columns first: [old height, new width, 3]. Plain loops: a test's build is not optimized.
    var middle = [Float](repeating: 0, count: self.height * new)
    var result = [UInt8](repeating: 0, count: width * height * 3)
    pixels.withUnsafeBufferPointer { pixels in
      middle.withUnsafeMutableBufferPointer { middle in
        for x in 0..<width {
          for (n, weight) in columns.weights[x].enumerated() {
            var (from, to) = (3 * (columns.first[x] + n), 3 * x)
            while to < middle.count {
              middle[to] += weight * Float(pixels[from])
              middle[to + 1] += weight * Float(pixels[from + 1])
              middle[to + 2] += weight * Float(pixels[from + 2])
              (from, to) = (from + old, to + new)
            }
          }
        }
      }
    }
    var row = [Float](repeating: 0, count: new)
    for y in 0..<height {
      middle.withUnsafeBufferPointer { middle in
        row.withUnsafeMutableBufferPointer { row in
          row.update(repeating: 0.5)
          for (n, weight) in rows.weights[y].enumerated() {
            let from = (rows.first[y] + n) * new
            var i = 0
            while i < new {
              row[i] += weight * middle[from + i]
              i += 1
            }
          }
          result.withUnsafeMutableBufferPointer { result in
            var i = 0
            while i < new {
              result[y * new + i] = UInt8(max(0, min(255, row[i])))
              i += 1
            }
          }
        }
      }
    }
    return try ColorImage(width: width, height: height, pixels: result)
  }

  /// The picture at the largest size of its shape that fits into a box.
  /// - Throws: as ``resized(width:height:)`` does.
  public func fitted(width: Int, height: Int) throws(CaptureError) -> ColorImage {
    try PictureCanvas.check(width, height)
    try PictureCanvas.check(self.width, self.height)
    let scale = min(Double(width) / Double(self.width), Double(height) / Double(self.height))
    func side(_ length: Int) -> Int { max(1, Int((Double(length) * scale).rounded())) }
    return try resized(width: side(self.width), height: side(self.height))
  }
}

/// For each new sample along one axis, the old ones that it is made of.
private struct Tent {
  var first: [Int] = []
  var weights: [[Float]] = []

  init(from old: Int, to new: Int) {
    let ratio = Double(old) / Double(new)
    let reach = max(1, ratio)
    for i in 0..<new {
      let center = (Double(i) + 0.5) * ratio - 0.5
      let range = max(0, Int((center - reach).rounded(.up)))...min(old - 1, Int(center + reach))
      let tent = range.map { Float(max(0, 1 - abs(Double($0) - center) / reach)) }
      let sum = tent.reduce(0, +)
      first.append(range.lowerBound)
      weights.append(tent.map { $0 / sum })
    }
  }
}
