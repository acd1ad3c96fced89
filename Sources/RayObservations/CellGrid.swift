internal import CaptureCore

/// Cubes side by side that fill a box; cell `(x, y, z)` has the index `(z × ny + y) × nx + x`.
struct CellGrid {
  /// Lower corner of cell 0, world metres.
  let origin: SIMD3<Float>
  /// Edge of a cell, metres.
  let edge: Float
  /// Cells on each axis.
  let counts: SIMD3<Int>

  /// All cells.
  var count: Int { counts.x * counts.y * counts.z }

  /// Index of a cell of the grid.
  @inline(__always) func index(_ c: SIMD3<Int>) -> Int { (c.z * counts.y + c.y) * counts.x + c.x }

  /// The cell of an index.
  @inline(__always) func cell(_ i: Int) -> SIMD3<Int> {
    SIMD3(i % counts.x, i / counts.x % counts.y, i / (counts.x * counts.y))
  }

  /// Middle of a cell, world metres.
  @inline(__always) func center(_ c: SIMD3<Int>) -> SIMD3<Float> {
    origin + (Self.place(c) + 0.5) * edge
  }

  /// Index of the cell that holds a point; nil outside the grid.
  @inline(__always) func index(at p: SIMD3<Float>) -> Int? {
    let q = (p - origin) / edge
    guard all(q .>= 0), all(q .< Self.place(counts)) else { return nil }
    return index(Self.cell(q))
  }

  /// The cell of a place that is counted in cells. Number by number, as its opposite: conversions of vectors are
  /// slow.
  @inline(__always) static func cell(_ q: SIMD3<Float>) -> SIMD3<Int> {
    SIMD3(Int(q.x), Int(q.y), Int(q.z))
  }

  /// The lower corner of a cell, counted in cells.
  @inline(__always) static func place(_ c: SIMD3<Int>) -> SIMD3<Float> {
    SIMD3(Float(c.x), Float(c.y), Float(c.z))
  }

  /// Calls `body` with each of the up to six cells that share a face with one.
  @inline(__always) func forNeighbours(of i: Int, _ body: (Int) -> Void) {
    let c = cell(i)
    let steps = SIMD3(1, counts.x, counts.x * counts.y)
    for axis in 0..<3 {
      if c[axis] > 0 { body(i - steps[axis]) }
      if c[axis] + 1 < counts[axis] { body(i + steps[axis]) }
    }
  }

  /// The grid of cells of so many times the edge.
  func coarser(by factor: Int) -> CellGrid {
    CellGrid(
      origin: origin, edge: Float(factor) * edge, counts: (counts &+ (factor - 1)) / factor)
  }

  /// Squares of the distances, in cells, between each cell and the nearest marked one; infinite where none is.
  ///
  /// Source: P. Felzenszwalb, D. Huttenlocher, *Distance Transforms of Sampled Functions*, Theory of
  /// Computing 2012. O(cells).
  func squaredDistances(toMarked marked: [Bool]) -> [Float] {
    var values = marked.map { $0 ? Float(0) : .infinity }
    var parabolas = Parabolas(room: counts.max())
    let n = counts
    for row in 0..<n.y * n.z { parabolas.spread(&values, from: row * n.x, by: 1, n.x) }
    for z in 0..<n.z {
      for x in 0..<n.x { parabolas.spread(&values, from: z * n.y * n.x + x, by: n.x, n.y) }
    }
    for i in 0..<n.x * n.y { parabolas.spread(&values, from: i, by: n.x * n.y, n.z) }
    return values
  }
}

/// The lower envelope of a row's parabolas `(x - i)² + value[i]`, and its memory.
private struct Parabolas {
  private var row: [Float]
  /// Where the parabolas of the envelope stand, and from where on each is the lowest.
  private var at: [Int], from: [Float]

  init(room: Int) {
    row = [Float](repeating: 0, count: room)
    at = [Int](repeating: 0, count: room)
    from = [Float](repeating: 0, count: room)
  }

  /// Takes the envelope for the values.
  mutating func spread(_ values: inout [Float], from first: Int, by step: Int, _ count: Int) {
    var found = 0
    for i in 0..<count {
      row[i] = values[first + i * step]
      guard row[i] < .infinity else { continue }
      var start = -Float.infinity
      while found > 0 {
        let k = at[found - 1]
        start = (row[i] + Float(i * i) - row[k] - Float(k * k)) / Float(2 * (i - k))
        if start > from[found - 1] { break }
        found -= 1
        start = -.infinity
      }
      (at[found], from[found]) = (i, start)
      found += 1
    }
    guard found > 0 else { return }
    var k = 0
    for i in 0..<count {
      while k + 1 < found, from[k + 1] < Float(i) { k += 1 }
      let off = Float(i - at[k])
      values[first + i * step] = off * off + row[at[k]]
    }
  }
}
