internal import CaptureCore

/// Decides for the space that no camera saw through what is inside the subject.
///
/// Depth says where the surface is and which space in front of it is free, but nothing of what lies
/// behind. A field left alone there grows cavities and fills gaps as it likes. So the smallest surface is
/// taken (``SmallestSurface``) that leaves every surely free cell outside, prefers the cells outside
/// that were probably seen through, and keeps what lies right behind an observed surface inside: two
/// sides of a body close over what is between them, while a sheet seen from one side stays thin where
/// its other side is open.
struct HiddenSpace {
  /// Cells of a grid, fewer than ``HiddenCells`` can count; larger boxes get larger cells.
  private static let mostCells: Float = 8_388_608
  /// How far in front of what a camera saw a cell's centre must lie to be probably free, in cells.
  private static let probable: Float = 1
  /// What a probably free cell costs inside, and an observed one outside, in faces of a cell.
  private static let costs = (free: Float(2), observed: Float(12))

  let grid: CellGrid
  /// Least width of an opening towards the ground, metres; 0 for none.
  private let opening: Float

  /// A grid over the box, of cells of `edge` metres or more.
  init(box: BoundingBox, edge wanted: Float, opening: Float = 0) {
    let size = box.size
    var edge = wanted
    func cells(_ edge: Float) -> SIMD3<Float> { (size / edge).rounded(.up) }
    while cells(edge).x * cells(edge).y * cells(edge).z > Self.mostCells { edge *= 1.05 }
    grid = CellGrid(
      origin: box.lower, edge: edge, counts: SIMD3<Int>(cells(edge)) &+ SIMD3(1, 1, 1))
    self.opening = opening
  }

  /// The grid with packed cells that ``cells(surface:sure:likely:bridged:)`` made.
  func view(_ packed: UnsafeBufferPointer<UInt32>) -> HiddenCells {
    HiddenCells(
      origin: grid.origin, edge: grid.edge,
      counts: SIMD3<Int32>(truncatingIfNeeded: grid.counts), packed: packed)
  }

  /// Packed ``HiddenCells`` of one instant.
  ///
  /// - Parameters:
  ///   - surface: All cameras' surface observations.
  ///   - sure: What each camera surely saw through, margins included.
  ///   - likely: The same with the least margins, by camera; nil where there is no image.
  ///   - bridged: What cameras whose images are missing probably saw through.
  func cells(
    surface: [SurfaceObservation], sure: [FreeDepth], likely: [FreeDepth?], bridged: [FreeDepth]
  ) -> [UInt32] {
    var level = SmallestSurface.Level(counts: grid.counts, cells: [], forces: [])
    let seeds = seeds(surface)
    let open = openBlocks(seeds, sure)
    let seenThrough = likely.compactMap { $0 } + bridged
    var index = 0
    for z in 0..<grid.counts.z {
      for y in 0..<grid.counts.y {
        for x in 0..<grid.counts.x {
          defer { index += 1 }
          if open.contains(x, y, z) { continue }
          let p = grid.center(SIMD3(x, y, z))
          guard let isSeen = isHidden(p, sure), isSeen || seeds[index] > 0 else { continue }
          level.cells.append(Int32(index))
          let probable = seenThrough.contains { ($0.freedom(p) ?? -1) > Self.probable * grid.edge }
          let force =
            seeds[index] > 0
            ? -Self.costs.observed * min(1, seeds[index]) : probable ? Self.costs.free : 0
          level.forces.append(force)
        }
      }
    }
    let hollows = Hollows(
      grid, cells: level.cells, seeds: seeds, width: opening, surface: surface
    ) { isHidden($0, sure) == nil }
    let continuations = Continuations(grid: grid, images: likely, seeds: seeds, hollows: hollows)
      .forces(surface)
    for (k, cell) in level.cells.enumerated() where seeds[Int(cell)] == 0 {
      level.forces[k] += hollows.force(Int(cell)) + continuations[Int(cell)]
    }
    return packed(level, SmallestSurface.solve(level))
  }

  /// Cubes of cells that are surely free as a whole.
  private struct Blocks {
    static let edge = 4
    let grid: CellGrid
    var isOpen: [Bool]

    func contains(_ x: Int, _ y: Int, _ z: Int) -> Bool {
      isOpen[grid.index(SIMD3(x, y, z) / Self.edge)]
    }
  }

  /// Most of a box is air: blocks without an observation in or beside them whose corners, and the
  /// middle, are all free. Freedom is the least over a window of pixels, so that nothing passes between.
  private func openBlocks(_ seeds: [Float], _ sure: [FreeDepth]) -> Blocks {
    let coarse = grid.coarser(by: Blocks.edge)
    let n = coarse.counts
    var blocks = Blocks(grid: coarse, isOpen: [Bool](repeating: true, count: coarse.count))
    for (i, seed) in seeds.enumerated() where seed > 0 {
      let cell = grid.cell(i)
      let (low, high) = (cell / Blocks.edge &- 1, cell / Blocks.edge &+ 1)
      for z in max(0, low.z)...min(n.z - 1, high.z) {
        for y in max(0, low.y)...min(n.y - 1, high.y) {
          for x in max(0, low.x)...min(n.x - 1, high.x) {
            blocks.isOpen[coarse.index(SIMD3(x, y, z))] = false
          }
        }
      }
    }
    let m = n &+ 1
    var corners = [Bool](repeating: false, count: m.x * m.y * m.z)
    for z in 0..<m.z {
      for y in 0..<m.y {
        for x in 0..<m.x {
          let p = coarse.origin + CellGrid.place(SIMD3(x, y, z)) * coarse.edge
          corners[(z * m.y + y) * m.x + x] = isHidden(p, sure) == nil
        }
      }
    }
    for z in 0..<n.z {
      for y in 0..<n.y {
        for x in 0..<n.x where blocks.isOpen[coarse.index(SIMD3(x, y, z))] {
          let all = (0..<8).allSatisfy { c in
            corners[((z + c >> 2) * m.y + y + c >> 1 & 1) * m.x + x + c & 1]
          }
          let block = SIMD3(x, y, z)
          blocks.isOpen[coarse.index(block)] = all && isHidden(coarse.center(block), sure) == nil
        }
      }
    }
    return blocks
  }

  /// Whether some camera looks at a point and none sees through it; nil in free space.
  private func isHidden(_ p: SIMD3<Float>, _ cameras: [FreeDepth]) -> Bool? {
    var isSeen = false
    for camera in cameras {
      guard let freedom = camera.freedom(p) else { continue }
      if freedom > 0 { return nil }
      isSeen = true
    }
    return isSeen
  }

  /// Confidence of the observations whose far side each cell is.
  private func seeds(_ surface: [SurfaceObservation]) -> [Float] {
    var seeds = [Float](repeating: 0, count: grid.count)
    for o in surface {
      // Pixels lie further apart than cells on a surface that leans: a cross of points fills in.
      let axis: SIMD3<Float> = abs(o.normal.y) < 0.7 ? SIMD3(0, 1, 0) : SIMD3(1, 0, 0)
      let right = o.normal.cross(axis).normalized * (0.45 * grid.edge)
      let up = o.normal.cross(right)
      let inside = o.position - o.normal * (0.5 * grid.edge)
      for p in [inside, inside + right, inside - right, inside + up, inside - up] {
        if let i = grid.index(at: p) { seeds[i] += o.confidence }
      }
    }
    return seeds
  }

  /// Layers from the surface, counted over the 26 neighbours.
  private func packed(_ level: SmallestSurface.Level, _ u: [Float]) -> [UInt32] {
    var side = [Int8](repeating: 0, count: grid.count)
    for (i, value) in zip(level.cells, u) where value > 0.5 { side[Int(i)] = 1 }
    var layers = [Int8](repeating: 0, count: side.count)
    for layer in 1..<HiddenCells.deepest {
      for cell in level.cells where layers[Int(cell)] == 0 {
        let i = Int(cell)
        let touches = hasNeighbour(i) { j in
          layer == 1 ? side[j] != side[i] : Int(layers[j]) == layer - 1 && side[j] == side[i]
        }
        if touches { layers[i] = Int8(layer) }
      }
    }
    return level.cells.map { cell in
      let i = Int(cell)
      let layer = layers[i] == 0 ? HiddenCells.deepest : Int(layers[i])
      return HiddenCells.pack(index: i, layer: side[i] == 1 ? -layer : layer)
    }
  }

  private func hasNeighbour(_ i: Int, where condition: (Int) -> Bool) -> Bool {
    let (cell, n) = (grid.cell(i), grid.counts)
    for c in max(0, cell.z - 1)...min(n.z - 1, cell.z + 1) {
      for b in max(0, cell.y - 1)...min(n.y - 1, cell.y + 1) {
        for a in max(0, cell.x - 1)...min(n.x - 1, cell.x + 1) {
          let j = grid.index(SIMD3(a, b, c))
          if j != i, condition(j) { return true }
        }
      }
    }
    return false
  }
}
