internal import CaptureCore

/// Signed distances on a sparse grid of blocks of 8³ voxels.
///
/// Values stand at lattice points, the first of which lies half a voxel before the box: where the
/// mesher uses the same voxel it asks at these very points, and nothing is blurred. A block
/// without values is wholly inside or wholly outside; it answers with a lower bound of the
/// distance, so that a coarse search can step over it.
struct FusionGrid: Sendable {
  /// Most blocks that a box may be cut into; their table takes 6 bytes each.
  static let blockLimit = 1 << 24
  /// Most blocks that hold values; 2 kB each.
  static let denseLimit = 1 << 17

  let voxel: Float
  let origin: SIMD3<Float>
  /// Number of blocks on each axis.
  let blocks: SIMD3<Int32>
  /// Slot of each block that has values, or -1.
  private(set) var table: [Int32]
  /// Value of each block that has none.
  private(set) var constant: [Float]
  /// Values, 512 a slot, x fastest.
  private(set) var values: [Float] = []

  /// An empty grid over a box.
  /// - Throws: ``CaptureError`` `badInput` for an empty box, `limitExceeded` for one that is too
  ///   large for its voxels.
  init(box: BoundingBox, voxel: Float) throws(CaptureError) {
    guard !box.isEmpty, box.size.x.isFinite, box.size.y.isFinite, box.size.z.isFinite else {
      throw CaptureError(.badInput, "The box to fuse is empty or endless.")
    }
    let count = ((box.size / voxel + 3) / 8).rounded(.up)
    guard count.x * count.y * count.z <= Float(Self.blockLimit) else {
      throw CaptureError(
        .limitExceeded,
        "A box of \(box.size.x) x \(box.size.y) x \(box.size.z) m is too large for voxels of "
          + "\(voxel) m.", remedy: "Choose a smaller box or larger voxels.")
    }
    (self.voxel, origin, blocks) = (voxel, box.lower - voxel * 0.5, SIMD3<Int32>(count))
    let total = Int(count.x) * Int(count.y) * Int(count.z)
    table = [Int32](repeating: -1, count: total)
    constant = [Float](repeating: 0, count: total)
  }

  @inline(__always) func index(_ b: SIMD3<Int32>) -> Int {
    (Int(b.z) * Int(blocks.y) + Int(b.y)) * Int(blocks.x) + Int(b.x)
  }

  @inline(__always) func block(at index: Int) -> SIMD3<Int32> {
    let (x, y) = (Int(blocks.x), Int(blocks.y))
    return SIMD3(Int32(index % x), Int32(index / x % y), Int32(index / (x * y)))
  }

  @inline(__always) func position(_ p: SIMD3<Int32>) -> SIMD3<Float> {
    origin + SIMD3<Float>(p) * voxel
  }

  /// Fills the grid: marked blocks with `value` at every point, others with their sign and a `bound`
  /// that the distance to any surface exceeds there.
  ///
  /// `value` must be a pure function; it is called from several threads.
  mutating func fill(
    marked: [Bool], bound: Float, threads: Int?, _ value: (SIMD3<Float>) -> Float
  ) throws(CaptureError) {
    let solid = corners(threads: threads, value)
    let grid = blocks &+ 1
    func corner(_ b: SIMD3<Int32>, _ c: Int32) -> Bool {
      let p = b &+ SIMD3(c & 1, c >> 1 & 1, c >> 2)
      return solid[(Int(p.z) * Int(grid.y) + Int(p.y)) * Int(grid.x) + Int(p.x)]
    }
    var dense: [Int] = []
    for i in table.indices {
      let b = block(at: i)
      let first = corner(b, 0)
      constant[i] = first ? -bound : bound
      if marked[i] || (Int32(1)..<8).contains(where: { corner(b, $0) != first }) {
        table[i] = Int32(dense.count)
        dense.append(i)
      }
    }
    guard dense.count <= Self.denseLimit else {
      throw CaptureError(
        .limitExceeded, "The seen surface does not fit into \(Self.denseLimit) blocks of voxels.",
        remedy: "Choose larger voxels or a smaller box.")
    }
    var values = [Float](repeating: 0, count: dense.count * 512)
    values.withUnsafeMutableBufferPointer { values in
      nonisolated(unsafe) let (values, value) = (values, value)
      concurrently(dense.count, threads: threads) { slot, _ in
        let base = block(at: dense[slot]) &* 8
        for i in 0..<512 {
          values[slot * 512 + i] = value(
            position(base &+ SIMD3(Int32(i & 7), Int32(i >> 3 & 7), Int32(i >> 6))))
        }
      }
    }
    self.values = values
    spreadDistances()
  }

  /// Whether the corners of the blocks are inside.
  private func corners(threads: Int?, _ value: (SIMD3<Float>) -> Float) -> [Bool] {
    let count = blocks &+ 1
    var solid = [Bool](repeating: false, count: Int(count.x) * Int(count.y) * Int(count.z))
    solid.withUnsafeMutableBufferPointer { solid in
      nonisolated(unsafe) let (solid, value) = (solid, value)
      concurrently(Int(count.z), threads: threads) { z, _ in
        var at = z * Int(count.y) * Int(count.x)
        for y in 0..<count.y {
          for x in 0..<count.x {
            solid[at] = value(position(SIMD3(x, y, Int32(z)) &* 8)) < 0
            at += 1
          }
        }
      }
    }
    return solid
  }

  /// Blocks without values get a lower bound of the distance: the number of blocks of their sign
  /// around them, found by two sweeps of a chessboard distance transform.
  private mutating func spreadDistances() {
    let (nx, ny) = (Int(blocks.x), Int(blocks.x) * Int(blocks.y))
    var rings = table.map { $0 >= 0 ? Int32(0) : Int32(255) }
    let before: [SIMD3<Int32>] = (Int32(0)..<13).map { SIMD3($0 % 3, $0 / 3 % 3, $0 / 9) &- 1 }
    for backward in [false, true] {
      for step in rings.indices {
        let i = backward ? rings.count - 1 - step : step
        guard rings[i] > 0 else { continue }
        let b = block(at: i)
        for offset in before {
          let n = backward ? b &- offset : b &+ offset
          guard all(n .>= SIMD3<Int32>.zero), all(n .< blocks) else { continue }
          let j = Int(n.z) * ny + Int(n.y) * nx + Int(n.x)
          // Constant blocks of the other sign cannot touch: their common corners agree.
          rings[i] = min(rings[i], rings[j] + 1)
        }
      }
    }
    for i in rings.indices where rings[i] > 1 {
      let more = Float(rings[i] - 1) * 8 * voxel
      constant[i] += constant[i] < 0 ? -more : more
    }
  }

  /// The value at a lattice point; beyond the grid, that of the nearest point.
  @inline(__always) func value(_ p: SIMD3<Int32>) -> Float {
    let q = p.clamped(lowerBound: .zero, upperBound: blocks &* 8 &- 1)
    let index = index(q &>> 3)
    let slot = table[index]
    guard slot >= 0 else { return constant[index] }
    let r = q & 7
    return values[Int(slot) * 512 + Int(r.z) * 64 + Int(r.y) * 8 + Int(r.x)]
  }

  /// Trilinear interpolation between lattice points.
  @inline(__always) func distance(_ x: SIMD3<Float>) -> Float {
    // Far and undefined points are brought to the grid: converting them would trap.
    let limit = SIMD3<Float>(blocks &* 8)
    var q = (x - origin) / voxel
    q = q.replacing(with: limit, where: .!(q .<= limit))
    q = q.replacing(with: SIMD3(repeating: -1), where: q .< SIMD3(repeating: -1))
    let floor = q.rounded(.down)
    // Converting whole vectors goes through the generic path of the library, ten times slower.
    let (t, p) = (q - floor, SIMD3(Int32(floor.x), Int32(floor.y), Int32(floor.z)))
    var corner = (Float(0), Float(0), Float(0), Float(0), Float(0), Float(0), Float(0), Float(0))
    let local = p & 7
    if all(p .>= SIMD3<Int32>.zero), all(p .< blocks &* 8), local.max() < 7 {
      let index = index(p &>> 3)
      guard table[index] >= 0 else { return constant[index] }
      let at = Int(table[index]) * 512 + Int(local.z) * 64 + Int(local.y) * 8 + Int(local.x)
      corner = (
        values[at], values[at + 1], values[at + 8], values[at + 9], values[at + 64],
        values[at + 65], values[at + 72], values[at + 73]
      )
    } else {
      corner = (
        value(p), value(p &+ SIMD3(1, 0, 0)), value(p &+ SIMD3(0, 1, 0)),
        value(p &+ SIMD3(1, 1, 0)), value(p &+ SIMD3(0, 0, 1)), value(p &+ SIMD3(1, 0, 1)),
        value(p &+ SIMD3(0, 1, 1)), value(p &+ SIMD3(1, 1, 1))
      )
    }
    let a = SIMD4(corner.0, corner.2, corner.4, corner.6)
    let b = SIMD4(corner.1, corner.3, corner.5, corner.7)
    let c = a + (b - a) * t.x
    let d = c.evenHalf + (c.oddHalf - c.evenHalf) * t.y
    return d.x + (d.y - d.x) * t.z
  }
}
