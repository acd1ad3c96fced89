/// Distance of every pixel to the nearest marked one, in pixels.
enum PixelDistance {
  /// Two passes of the 5-7-11 chamfer mask: at most 2 % off the Euclidean distance; infinity where
  /// nothing is marked. O(width × height).
  ///
  /// Source: G. Borgefors, *Distance transformations in digital images*, CVGIP 34, 1986.
  static func to(_ marked: [Bool], width w: Int, height h: Int) -> [Float] {
    var d = marked.map { $0 ? Int32(0) : Int32(1 << 28) }
    let before: [(Int, Int, Int32)] = [
      (-1, 0, 5), (0, -1, 5), (-1, -1, 7), (1, -1, 7), (-2, -1, 11), (2, -1, 11), (-1, -2, 11),
      (1, -2, 11),
    ]
    d.withUnsafeMutableBufferPointer { d in
      func relax(_ u: Int, _ v: Int, _ sign: Int) {
        for (du, dv, cost) in before {
          let (a, b) = (u + sign * du, v + sign * dv)
          guard a >= 0, b >= 0, a < w, b < h else { continue }
          d[v * w + u] = min(d[v * w + u], d[b * w + a] + cost)
        }
      }
      for v in 0..<h { for u in 0..<w { relax(u, v, 1) } }
      for v in stride(from: h - 1, through: 0, by: -1) {
        for u in stride(from: w - 1, through: 0, by: -1) { relax(u, v, -1) }
      }
    }
    return d.map { $0 >= 1 << 28 ? .infinity : Float($0) / 5 }
  }
}
