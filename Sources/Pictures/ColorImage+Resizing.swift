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
    // Columns first: [old height, new width, 3].
    var middle = [Float](repeating: 0, count: self.height * width * 3)
    for y in 0..<self.height {
      for x in 0..<width {
        for (k, weight) in zip(columns.first[x]..., columns.weights[x]) {
          let (from, to) = (3 * (y * self.width + k), 3 * (y * width + x))
          for c in 0..<3 { middle[to + c] += weight * Float(pixels[from + c]) }
        }
      }
    }
    var result = [UInt8](repeating: 0, count: width * height * 3)
    var row = [Float](repeating: 0, count: width * 3)
    for y in 0..<height {
      for i in row.indices { row[i] = 0.5 }
      for (k, weight) in zip(rows.first[y]..., rows.weights[y]) {
        for i in row.indices { row[i] += weight * middle[k * width * 3 + i] }
      }
      for i in row.indices { result[y * width * 3 + i] = UInt8(max(0, min(255, row[i]))) }
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
