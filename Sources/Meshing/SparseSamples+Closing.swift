internal import CaptureCore

/// Where the surface is looked for, and how it is followed.
extension SparseSamples {
  /// How near the surface corners of cells are wanted, as a share of how near they may lie.
  private static let reach: Float = 0.8

  /// Asks for the points of cells of two steps that are corners of a step's cell that the surface can pass
  /// through, by the slope at the cell's centre, which is kept; for all 27 where nothing is known of that.
  ///
  /// Of the cells of which the surface takes but a corner, the far corners are left out. A point that this
  /// leaves out although it matters is found by ``close(_:to:)`` from its neighbours.
  mutating func sample(cells: [CoarseSearch.Cell]) {
    for cell in cells {
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
          for x in Int32(0)..<3 where abs(row + gradient.x * Float(x &- 1)) <= reach {
            want(first &+ SIMD3(x, y, z))
          }
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
    _ = try evaluate(&sampler)
    var fresh = Array(bricks.indices)
    while !fresh.isEmpty {
      for slot in fresh { wantAroundCrossings(slot, surroundings) }
      let touched = try evaluate(&sampler)
      var due = Set<Int>(touched)
      for slot in touched {
        for below in [SIMD3<Int32>(-1, 0, 0), SIMD3(0, -1, 0), SIMD3(0, 0, -1)] {
          if let other = self.slot(slot, below) { due.insert(other) }
        }
      }
      fresh = due.sorted()
    }
  }

  /// The points around a slot's crossings: rows of ten bits along x, the slot's own and one more on each side.
  private typealias Rows = UnsafeMutableBufferPointer<UInt32>

  private mutating func wantAroundCrossings(_ slot: Int, _ surroundings: Surroundings) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 100) { rows in
      rows.initialize(repeating: 0)
      var some = false
      let slots = upward(from: slot)
      for axis in 0..<3 {
        for z in 0..<8 {
          let word = crossings(slots, axis: axis, layer: z)
          if word == 0 { continue }
          some = true
          for y in 0..<8 where word >> UInt64(8 * y) & 0xff != 0 {
            let bits = UInt32(truncatingIfNeeded: word >> UInt64(8 * y) & 0xff) << 1
            Self.spread(bits, axis, 10 * z + y + 11, surroundings, rows)
          }
        }
      }
      if some { want(rows, around: slot) }
    }
  }

  /// Adds the points around crossings of one row.
  @inline(__always) private static func spread(
    _ bits: UInt32, _ axis: Int, _ at: Int, _ surroundings: Surroundings, _ rows: Rows
  ) {
    let aside = bits << 1 | bits >> 1
    switch axis {
    case 0:
      let along = bits | bits << 1
      for step in [-10, -1, 0, 1, 10] { rows[at + step] |= along }
      if surroundings == .cells { for step in [-11, -9, 9, 11] { rows[at + step] |= along } }
    case 1:
      let (own, far) = (bits | aside, surroundings == .cells ? bits | aside : bits)
      for row in [at, at + 1] {
        rows[row] |= own
        rows[row - 10] |= far
        rows[row + 10] |= far
      }
    default:
      let (own, far) = (bits | aside, surroundings == .cells ? bits | aside : bits)
      for row in [at, at + 10] {
        rows[row] |= own
        rows[row - 1] |= far
        rows[row + 1] |= far
      }
    }
  }

  /// Asks for points in and next to a slot.
  private mutating func want(_ rows: Rows, around slot: Int) {
    let brick = lattice.brick(at: Int(bricks[slot]))
    for bz in Int32(-1)...1 {
      for by in Int32(-1)...1 {
        for bx in Int32(-1)...1 {
          let columns: UInt32 = bx < 0 ? 1 : bx == 0 ? 0x1fe : 0x200
          let (lower, upper) = (
            SIMD2(by < 0 ? 0 : by == 0 ? 1 : 9, bz < 0 ? 0 : bz == 0 ? 1 : 9),
            SIMD2(by < 0 ? 0 : by == 0 ? 8 : 9, bz < 0 ? 0 : bz == 0 ? 8 : 9)
          )
          var some: UInt32 = 0
          for z in lower.y...upper.y { for y in lower.x...upper.x { some |= rows[10 * z + y] } }
          guard some & columns != 0, let other = room(forBrick: brick &+ SIMD3(bx, by, bz)) else {
            continue
          }
          let limit = lattice.points &- (brick &+ SIMD3(bx, by, bz)) &* 8
          let whole: UInt32 = limit.x < 8 ? 1 << UInt32(limit.x) &- 1 : 0xff
          for z in lower.y...upper.y where Int32((z + 7) & 7) < limit.z {
            var word: UInt64 = 0
            for y in lower.x...upper.x where Int32((y + 7) & 7) < limit.y {
              let row = rows[10 * z + y] & columns
              let bits = (bx < 0 ? row << 7 : bx == 0 ? row >> 1 : row >> 9) & whole
              word |= UInt64(bits) << UInt64(8 * ((y + 7) & 7))
            }
            let place = other * 8 + (z + 7) & 7
            wanted[place] |= word & ~known[place]
          }
        }
      }
    }
  }
}
