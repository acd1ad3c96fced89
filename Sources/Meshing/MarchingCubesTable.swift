/// The triangles of each of the 256 ways in which the corners of a cell can be inside or outside.
///
/// The table is computed, not typed: on each face of the cell, crossings are joined so that inside
/// corners stay connected, a rule that looks at the face alone, so that neighbours agree. The
/// joined crossings form loops. A loop is cut into triangles by diagonals that never lie in a face
/// of the cell, for such a diagonal could be met by one of the neighbour's: then every edge of the
/// whole mesh belongs to exactly two triangles, and every vertex to one fan.
///
/// Corner `c` stands at `(c & 1, c >> 1 & 1, c >> 2 & 1)`. Edges are numbered by ``edges``.
///
/// Source: W. Lorensen, H. Cline, *Marching Cubes*, SIGGRAPH 1987; face rule after G. Nielson,
/// B. Hamann, *The Asymptotic Decider*, IEEE Visualization 1991.
struct MarchingCubesTable: Sendable {
  /// An edge of the cell: its lower corner and its axis.
  struct Edge: Equatable, Sendable {
    var corner: Int
    var axis: Int

    /// The corner at the other end.
    var upper: Int { corner | 1 << axis }
  }

  /// The twelve edges: four along x, four along y, four along z.
  static let edges: [Edge] = (0..<3).flatMap { axis in
    (0..<8).filter { $0 >> axis & 1 == 0 }.map { Edge(corner: $0, axis: axis) }
  }

  /// The one table.
  static let shared = MarchingCubesTable()

  /// Edges of all triangles, three each, case after case.
  let corners: [UInt8]
  /// Where each case begins in ``corners``; 257 numbers.
  let starts: [Int]

  /// The triangles of a case; bit `c` is set where corner `c` is inside.
  func triangles(_ code: Int) -> ArraySlice<UInt8> { corners[starts[code]..<starts[code + 1]] }

  private init() {
    var (corners, starts) = ([UInt8](), [0])
    for code in 0..<256 {
      for loop in Self.loops(code) {
        for triangle in Self.triangulation(loop) ?? [] { corners += triangle.map { UInt8($0) } }
      }
      starts.append(corners.count)
    }
    (self.corners, self.starts) = (corners, starts)
  }

  /// The corners of the six faces, counter-clockwise seen from outside the cell.
  private static let faces: [[Int]] = (0..<3).flatMap { axis in
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3)
    let lower = [0, 1 << v, 1 << u | 1 << v, 1 << u]
    return [lower, lower.reversed().map { $0 | 1 << axis }]
  }

  private static func edge(_ a: Int, _ b: Int) -> Int {
    edges.firstIndex { ($0.corner, $0.upper) == (min(a, b), max(a, b)) } ?? 0
  }

  /// Rings of edges around the inside corners of a case.
  private static func loops(_ code: Int) -> [[Int]] {
    var next: [Int: Int] = [:]
    for face in faces {
      let pairs = (0..<4).map { (face[$0], face[($0 + 1) % 4]) }
      let crossed = pairs.filter { code >> $0.0 & 1 != code >> $0.1 & 1 }
      for (i, pair) in crossed.enumerated() where code >> pair.0 & 1 == 1 {
        // Walking round the face, the surface leaves the inside here and comes back at the next
        // crossing: the outside corners between are cut off. The way back keeps the outside on the
        // side from which the ring is seen counter-clockwise.
        let back = crossed[(i + 1) % crossed.count]
        next[edge(back.0, back.1)] = edge(pair.0, pair.1)
      }
    }
    var loops: [[Int]] = []
    while let first = next.keys.min() {
      var loop: [Int] = []
      var at = first
      while let following = next.removeValue(forKey: at) {
        loop.append(at)
        at = following
      }
      loops.append(loop)
    }
    return loops
  }

  /// Whether both edges belong to one face of the cell.
  private static func shareFace(_ a: Int, _ b: Int) -> Bool {
    let ends = [edges[a], edges[b]].flatMap { [$0.corner, $0.upper] }
    return faces.contains { face in ends.allSatisfy(face.contains) }
  }

  /// Triangles that fill the ring without a diagonal in a face; nil where there are none, which
  /// does not happen for any ring of a cell.
  private static func triangulation(_ ring: [Int]) -> [[Int]]? {
    guard let first = ring.first, let last = ring.last, ring.count > 2 else { return [] }
    for i in 1..<(ring.count - 1) {
      let (before, after) = (Array(ring[...i]), Array(ring[i...]))
      if before.count > 2 && shareFace(first, ring[i]) { continue }
      if after.count > 2 && shareFace(ring[i], last) { continue }
      if let left = triangulation(before), let right = triangulation(after) {
        return left + [[first, ring[i], last]] + right
      }
    }
    return nil
  }
}
