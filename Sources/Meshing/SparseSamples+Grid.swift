internal import CaptureCore

extension Lattice {
  /// The points of a dense grid.
  init(_ grid: DistanceGrid) {
    origin = grid.origin
    voxel = grid.spacing
    points = grid.points
    bricks = Self.bricks(holding: points)
    box = BoundingBox(
      lower: grid.origin, upper: grid.origin + SIMD3<Float>(points &- 1) * grid.spacing)
  }
}

extension SparseSamples {
  /// The bricks of a dense grid that the surface passes through, and those that its cells reach into:
  /// all that a ``SurfaceAssembler`` reads. Nothing more can be asked for.
  init(_ grid: DistanceGrid, threads: Int?) throws(CaptureError) {
    self.init(Lattice(grid))
    let signs = GridSigns(grid, lattice, threads: threads)
    let kept = signs.bricks()
    try Self.checkRoom(slots: kept.count)
    fill(with: kept, threads: threads)
    inside = kept.flatMap { signs.inside[Int($0) * 8..<Int($0) * 8 + 8] }
    let lattice = lattice
    known.withUnsafeMutableBufferPointer { known in
      distances.withUnsafeMutableBufferPointer { distances in
        nonisolated(unsafe) let (known, distances) = (known, distances)
        concurrently(kept.count, threads: threads) { slot, _ in
          Self.copy(
            grid, lattice.brick(at: Int(kept[slot])) &* 8,
            UnsafeMutableBufferPointer(rebasing: distances[(slot * 512)...].prefix(512)),
            UnsafeMutableBufferPointer(rebasing: known[(slot * 8)...].prefix(8)))
        }
      }
    }
  }

  /// Copies a brick's distances, as far as the grid goes.
  private static func copy(
    _ grid: DistanceGrid, _ base: SIMD3<Int32>, _ distances: UnsafeMutableBufferPointer<Float>,
    _ known: UnsafeMutableBufferPointer<UInt64>
  ) {
    let (width, height) = (Int(grid.points.x), Int(grid.points.y))
    let size = pointwiseMin(grid.points &- base, SIMD3(repeating: 8))
    let row: UInt64 = (1 << UInt64(size.x)) - 1
    grid.distances.withUnsafeBufferPointer { from in
      for z in 0..<Int(size.z) {
        for y in 0..<Int(size.y) {
          known[z] |= row << UInt64(8 * y)
          let first = ((Int(base.z) + z) * height + Int(base.y) + y) * width + Int(base.x)
          if size.x == 8 {
            let values = UnsafeRawPointer(from.baseAddress! + first)
              .loadUnaligned(as: SIMD8<Float>.self)
            UnsafeMutableRawPointer(distances.baseAddress! + z * 64 + y * 8)
              .storeBytes(of: kept(values, voxel: grid.spacing), as: SIMD8<Float>.self)
            continue
          }
          for x in 0..<Int(size.x) {
            distances[z * 64 + y * 8 + x] = kept(from[first + x], voxel: grid.spacing)
          }
        }
      }
    }
  }
}

/// Which points of a dense grid are inside: 8 words a brick, as ``SparseSamples`` has them.
private struct GridSigns {
  /// What is known of a whole brick.
  private enum Kind: UInt8 { case outside, inside, mixed }

  private let lattice: Lattice
  let inside: [UInt64]
  private let kinds: [Kind]

  init(_ grid: DistanceGrid, _ lattice: Lattice, threads: Int?) {
    self.lattice = lattice
    let (across, up) = (Int(lattice.bricks.x), Int(lattice.bricks.y))
    let count = across * up * Int(lattice.bricks.z)
    var inside = [UInt64](repeating: 0, count: count * 8)
    var kinds = [Kind](repeating: .outside, count: count)
    inside.withUnsafeMutableBufferPointer { inside in
      kinds.withUnsafeMutableBufferPointer { kinds in
        grid.distances.withUnsafeBufferPointer { distances in
          nonisolated(unsafe) let (inside, kinds, distances) = (inside, kinds, distances)
          // A row of bricks at a time: eight rows of points are read in parallel.
          concurrently(up * Int(lattice.bricks.z), threads: threads) { row, _ in
            let base = SIMD3<Int32>(0, Int32(row % up), Int32(row / up)) &* 8
            withUnsafeTemporaryAllocation(
              of: SIMD8<UInt32>.self, capacity: Int(grid.points.x) / 8
            ) { bits in
              Self.signs(distances, grid.points, base, bits)
              for brick in 0..<across {
                if brick < bits.count, all(bits[brick] .< 1 << 31) { continue }
                let at = base &+ SIMD3(Int32(brick) * 8, 0, 0)
                kinds[row * across + brick] = Self.read(
                  distances, grid.points, at,
                  UnsafeMutableBufferPointer(
                    rebasing: inside[((row * across + brick) * 8)...].prefix(8)))
              }
            }
          }
        }
      }
    }
    (self.inside, self.kinds) = (inside, kinds)
  }

  /// The bits of all numbers of each whole brick of a row of them, or-ed: without a sign none is inside. Most are
  /// so, and memory is read in its order.
  private static func signs(
    _ distances: UnsafeBufferPointer<Float>, _ points: SIMD3<Int32>, _ base: SIMD3<Int32>,
    _ bits: UnsafeMutableBufferPointer<SIMD8<UInt32>>
  ) {
    bits.initialize(repeating: .zero)
    let size = pointwiseMin(points &- base, SIMD3(repeating: 8))
    for z in 0..<size.z {
      for y in 0..<size.y {
        let row = (Int(base.z + z) * Int(points.y) + Int(base.y + y)) * Int(points.x)
        let first = UnsafeRawPointer(distances.baseAddress! + row)
        for brick in bits.indices {
          bits[brick] |= first.loadUnaligned(fromByteOffset: 32 * brick, as: SIMD8<UInt32>.self)
        }
      }
    }
  }

  private static let bit = SIMD8<UInt32>(1, 2, 4, 8, 16, 32, 64, 128)

  /// Reads the signs of a brick.
  private static func read(
    _ distances: UnsafeBufferPointer<Float>, _ points: SIMD3<Int32>, _ base: SIMD3<Int32>,
    _ words: UnsafeMutableBufferPointer<UInt64>
  ) -> Kind {
    let size = pointwiseMin(points &- base, SIMD3(repeating: 8))
    let whole: UInt64 = (1 << UInt64(size.x)) - 1
    let (width, height) = (Int(points.x), Int(points.y))
    var (some, all) = (false, true)
    for z in 0..<Int(size.z) {
      var word: UInt64 = 0
      for y in 0..<Int(size.y) {
        let first = ((Int(base.z) + z) * height + Int(base.y) + y) * width + Int(base.x)
        var row: UInt64 = 0
        if size.x == 8 {
          let values = UnsafeRawPointer(distances.baseAddress! + first)
            .loadUnaligned(as: SIMD8<Float>.self)
          row = UInt64(
            SIMD8<UInt32>.zero.replacing(with: bit, where: values .< 0).wrappedSum())
        } else {
          for x in 0..<Int(size.x) where distances[first + x] < 0 { row |= 1 << UInt64(x) }
        }
        some = some || row != 0
        all = all && row == whole
        word |= row << UInt64(8 * y)
      }
      words[z] = word
    }
    return !some ? .outside : all ? .inside : .mixed
  }

  /// Bricks that hold a corner of a cell that the surface may pass through, in the order of the grid.
  func bricks() -> [Int32] {
    var wanted = [Bool](repeating: false, count: kinds.count)
    let (last, stride) = (
      lattice.bricks &- 1,
      SIMD3(1, Int(lattice.bricks.x), Int(lattice.bricks.x) * Int(lattice.bricks.y))
    )
    var index = 0
    for z in 0...last.z {
      for y in 0...last.y {
        for x in 0...last.x {
          defer { index += 1 }
          // The cells of a brick reach into its seven upper neighbours.
          let reach = SIMD3(
            x < last.x ? stride.x : 0, y < last.y ? stride.y : 0, z < last.z ? stride.z : 0)
          let first = kinds[index]
          var uniform = first != .mixed
          for c in 1..<8 where uniform {
            uniform = kinds[index + Self.offset(c, reach)] == first
          }
          if uniform { continue }
          for c in 0..<8 { wanted[index + Self.offset(c, reach)] = true }
        }
      }
    }
    return wanted.indices.filter { wanted[$0] }.map { Int32($0) }
  }

  @inline(__always) private static func offset(_ corner: Int, _ reach: SIMD3<Int>) -> Int {
    (corner & 1) * reach.x + (corner >> 1 & 1) * reach.y + (corner >> 2) * reach.z
  }
}
