internal import CaptureCore

/// Where the surface is looked for, and how it is followed.
extension SparseSamples {
  /// How near the surface corners of cells are wanted, as a share of how near they may lie.
  private static let reach: Float = 0.55

  /// Asks for the points of cells of two steps that are corners of a step's cell that the surface can pass
  /// through, by the slope at the cell's centre, which is kept; for all 27 where nothing is known of that.
  ///
  /// Of the cells of which the surface takes but a corner, the far corners are left out. A point that this
  /// leaves out although it matters is found by ``close(_:to:)`` from its neighbours.
  mutating func sample(cells: [CoarseSearch.Cell]) throws(CaptureError) {
    // As many cells lie in a brick on a smooth surface.
    reserve(slots: min(cells.count / 8, Self.pointLimit / 512))
    for cell in cells {
      try Self.checkRoom(slots: bricks.count)
      let first = cell.place &* 2
      guard let slope = cell.slope else {
        want(from: first, size: SIMD3(repeating: 3))
        continue
      }
      let gradient = SIMD3(slope.x, slope.y, slope.z) * lattice.voxel
      predict(slope, at: first &+ 1)
      // The surface passes through one of a point's eight cells if it comes this near.
      let size = abs(gradient.x) + abs(gradient.y) + abs(gradient.z)
      let reach = Self.reach * max(size, lattice.voxel)
      for z in Int32(0)..<3 {
        for y in Int32(0)..<3 {
          let row = slope.w + gradient.z * Float(z &- 1) + gradient.y * Float(y &- 1)
          var bits: UInt64 = 0
          for x in Int32(0)..<3 where abs(row + gradient.x * Float(x &- 1)) <= reach {
            bits |= 1 << UInt64(x)
          }
          if bits != 0 { want(bits, from: first &+ SIMD3(0, y, z)) }
        }
      }
    }
  }

  /// Takes a point's gradient and distance from elsewhere, for when the point is wanted.
  private mutating func predict(_ slope: SIMD4<Float>, at p: SIMD3<Int32>) {
    guard let place = room(for: p) else { return }
    distances[place] = Self.kept(slope.w, voxel: lattice.voxel)
    if keepsGradients { gradients[place] = SIMD3(slope.x, slope.y, slope.z) }
    predicted[place >> 6] |= 1 << UInt64(place & 63)
  }

  /// What is made whole around the edges that cross the surface.
  enum Surroundings {
    /// Their four faces: the surface is found wherever it goes on.
    case faces
    /// Their four cells, too: the surface then has no border.
    case cells
  }

  /// Samples further points until every edge that crosses the surface has its faces or cells.
  mutating func close(
    _ sampler: inout FieldSampler, to surroundings: Surroundings
  ) throws(CaptureError) {
    // Where freedom is to cut edges, it is asked just outside, too, where it may end the inside before the
    // field does.
    let margin = surroundings == .cells ? 2 * lattice.voxel : 0
    _ = try evaluate(&sampler, margin: margin)
    var fresh = Array(bricks.indices)
    while !fresh.isEmpty {
      want(around(fresh, surroundings, threads: sampler.threads))
      let touched = try evaluate(&sampler, margin: margin)
      var due = Set<Int>(touched)
      for slot in touched {
        for below in [SIMD3<Int32>(-1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)] {
          if let other = self.slot(slot, below) { due.insert(other) }
        }
      }
      fresh = due.sorted()
    }
  }

  /// The points around a slot's crossings.
  private struct Around {
    let slot: Int
    /// Rows of ten bits along x: the slot's own points and one more on each side.
    var rows: [UInt16]
    /// What of that is the slot's own.
    var own: [UInt64]
    /// The bricks that it reaches into, from this one on.
    var lower = SIMD3<Int32>.zero, upper = SIMD3<Int32>.zero
  }

  /// The points around the crossings of some slots; those without crossings are left out.
  private func around(
    _ slots: [Int], _ surroundings: Surroundings, threads: Int?
  ) -> [Around] {
    let part = 32
    var found = [[Around]](repeating: [], count: (slots.count + part - 1) / part)
    found.withUnsafeMutableBufferPointer { found in
      nonisolated(unsafe) let found = found
      concurrently(found.count, threads: threads) { index, _ in
        found[index] = slots[index * part..<min(slots.count, (index + 1) * part)]
          .compactMap { around($0, surroundings) }
      }
    }
    return Array(found.joined())
  }

  private func around(_ slot: Int, _ surroundings: Surroundings) -> Around? {
    let slots = upward(from: slot)
    var rows: [UInt16] = []
    for axis in 0..<3 {
      for z in 0..<8 {
        let word = crossings(slots, axis: axis, layer: z)
        if word == 0 { continue }
        if rows.isEmpty { rows = [UInt16](repeating: 0, count: 100) }
        for y in 0..<8 {
          let bits = UInt16(truncatingIfNeeded: word >> UInt64(8 * y) & 0xff) << 1
          if bits != 0 { Self.spread(bits, axis, 10 * z + y + 11, surroundings, &rows) }
        }
      }
    }
    if rows.isEmpty { return nil }
    var result = Around(slot: slot, rows: rows, own: [UInt64](repeating: 0, count: 8))
    var (any, first, last, front, back) = (UInt16(0), UInt16(0), UInt16(0), UInt16(0), UInt16(0))
    for i in 0..<100 {
      let row = rows[i]
      any |= row
      if i % 10 == 0 { front |= row }
      if i % 10 == 9 { back |= row }
      if i < 10 { first |= row }
      if i >= 90 { last |= row }
      if i % 10 > 0, i % 10 < 9, i >= 10, i < 90 {
        result.own[i / 10 - 1] |= UInt64(row >> 1 & 0xff) << UInt64(8 * (i % 10 - 1))
      }
    }
    result.lower = SIMD3(any & 1 != 0 ? -1 : 0, front != 0 ? -1 : 0, first != 0 ? -1 : 0)
    result.upper = SIMD3(any & 0x200 != 0 ? 1 : 0, back != 0 ? 1 : 0, last != 0 ? 1 : 0)
    return result
  }

  /// Adds the points around crossings of one row.
  @inline(__always) private static func spread(
    _ bits: UInt16, _ axis: Int, _ at: Int, _ surroundings: Surroundings, _ rows: inout [UInt16]
  ) {
    if axis == 0 {
      let along = bits | bits << 1
      for step in [-10, -1, 0, 1, 10] { rows[at + step] |= along }
      if surroundings == .cells { for step in [-11, -9, 9, 11] { rows[at + step] |= along } }
      return
    }
    // Along y and z the rows of both ends, and those beside them across both axes.
    let own = bits | bits << 1 | bits >> 1
    let far = surroundings == .cells ? own : bits
    let (step, aside) = axis == 1 ? (1, 10) : (10, 1)
    for row in [at, at + step] {
      rows[row] |= own
      rows[row - aside] |= far
      rows[row + aside] |= far
    }
  }

  /// Asks for points in and next to slots.
  private mutating func want(_ found: [Around]) {
    for around in found {
      let brick = lattice.brick(at: Int(bricks[around.slot]))
      for z in around.lower.z...around.upper.z {
        for y in around.lower.y...around.upper.y {
          for x in around.lower.x...around.upper.x {
            want(around, SIMD3(x, y, z), of: brick)
          }
        }
      }
    }
  }

  /// Asks for the points that lie in one of the bricks around a slot.
  private mutating func want(_ around: Around, _ side: SIMD3<Int32>, of brick: SIMD3<Int32>) {
    guard let slot = room(forBrick: brick &+ side) else { return }
    let limit = lattice.points &- (brick &+ side) &* 8
    let isWhole = all(limit .>= 8)
    if side == .zero && isWhole {
      for z in 0..<8 { wanted[slot * 8 + z] |= around.own[z] & ~known[slot * 8 + z] }
      return
    }
    let columns: UInt16 = limit.x < 8 ? 1 << UInt16(limit.x) &- 1 : 0xff
    for z in Self.rows(side.z) where Int32((z + 7) & 7) < limit.z {
      var word: UInt64 = 0
      for y in Self.rows(side.y) where Int32((y + 7) & 7) < limit.y {
        let row = around.rows[10 * z + y]
        let bits = (side.x < 0 ? row << 7 & 0x80 : side.x == 0 ? row >> 1 : row >> 9) & columns
        word |= UInt64(bits) << UInt64(8 * ((y + 7) & 7))
      }
      let place = slot * 8 + ((z + 7) & 7)
      wanted[place] |= word & ~known[place]
    }
  }

  /// Of ten rows, those that lie in a brick on this side.
  private static func rows(_ side: Int32) -> ClosedRange<Int> {
    side < 0 ? 0...0 : side == 0 ? 1...8 : 9...9
  }
}
