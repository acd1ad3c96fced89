internal import CaptureCore

/// What distances and gradients at every other point tell of the points between.
///
/// At the middle `m` of an edge, a face or a cell, the corners `x_i` around it say
/// `mean_i(f_i + g_i · (m - x_i) / 2)`: exact for polynomials up to the third degree, so that it errs
/// with the fourth power of the voxel. Opposite corners suffice for that, so that those that aren't known
/// are left out with what lies opposite. Where the corners contradict each other - at creases, in thin
/// parts, where freedom or the box ends the inside - the field itself is asked. Vertices are moved onto
/// the field's zero afterwards: what is predicted here only says which edges they lie on. Without
/// gradients, the corners' mean says where the field is to be asked.
extension SparseSamples {
  /// How far corners may contradict each other for their word to count, as a share of the voxel.
  private static let tolerance: Float = 1
  /// Least distance that tells the sign, as a share of how far corners contradict each other: what they say
  /// together is seldom off by as much.
  private static let sureness: Float = 0.5
  /// How near the surface points are wanted, in voxels: both ends of an edge that crosses it.
  private static let reach: Float = 1.25

  /// Predicts all points of the cells of `even`, a lattice of every other point, and asks for those near
  /// the surface. Nothing is known yet.
  mutating func predict(from even: SparseSamples, threads: Int?) throws(CaptureError) {
    let rooms = try makeRooms(for: even, threads: threads)
    let lattice = lattice
    try withSlots { slots throws(CaptureError) in
      nonisolated(unsafe) let slots = slots
      concurrently(rooms.count, threads: threads) { slot, _ in
        Prediction(from: even, slot: slot, to: rooms[slot], of: lattice, slots: slots).run()
      }
    }
  }

  /// The eight slots for the points of each slot of `even` and the middles at their sides; -1 where none are
  /// known.
  private mutating func makeRooms(
    for even: SparseSamples, threads: Int?
  ) throws(CaptureError) -> [SIMD8<Int32>] {
    var bricks: [Int32] = []
    let rooms = even.bricks.indices.map { slot in
      let brick = even.lattice.brick(at: Int(even.bricks[slot])) &* 2
      var rooms = SIMD8<Int32>(repeating: -1)
      for c in 0..<8 {
        let quarter: UInt64 = 0x0f0f_0f0f << UInt64((c & 1) * 4 + (c >> 1 & 1) * 32)
        let layers = slot * 8 + (c & 4)..<slot * 8 + (c & 4) + 4
        guard layers.contains(where: { even.known[$0] & quarter != 0 }),
          let index = lattice.index(brick: brick &+ Self.offset(c))
        else { continue }
        rooms[c] = Int32(bricks.count)
        bricks.append(Int32(index))
      }
      return rooms
    }
    try Self.checkRoom(slots: bricks.count)
    fill(with: bricks, threads: threads)
    return rooms
  }

  /// The inverse of ``offset(_:)``.
  @inline(__always) fileprivate static func index(_ offset: SIMD3<Int32>) -> Int {
    Int(offset.x + 2 * offset.y + 4 * offset.z)
  }

  /// Predicts the points at the cells of one slot.
  private struct Prediction {
    let even: SparseSamples
    /// The slot, and those that its cells reach into.
    let from: SIMD8<Int32>
    /// The slots that it fills, of `slots`.
    let rooms: SIMD8<Int32>
    let slots: Slots
    let voxel: Float
    /// Points of the lattice from the first of the first room on.
    let limit: SIMD3<Int32>

    init(
      from even: SparseSamples, slot: Int, to rooms: SIMD8<Int32>, of lattice: Lattice, slots: Slots
    ) {
      (self.even, self.rooms, self.slots) = (even, rooms, slots)
      from = even.upward(from: slot)
      voxel = lattice.voxel
      limit = lattice.points &- even.lattice.brick(at: Int(even.bricks[slot])) &* 16
    }

    func run() {
      let (middles, pairs) = (Middle.all, Middle.pairs)
      withUnsafeTemporaryAllocation(of: Corner.self, capacity: Corner.count) { corners in
        gather(corners)
        for z in 0..<8 {
          var bits = even.known[Int(from[0]) * 8 + z]
          while bits != 0 {
            let bit = Int32(bits.trailingZeroBitCount)
            bits &= bits - 1
            let cell = SIMD3(bit & 7, bit >> 3, Int32(z))
            let room = Int(rooms[SparseSamples.index(cell &>> 2)])
            guard room >= 0 else { continue }
            let first = Corner.place(cell)
            for middle in middles {
              let p = cell &* 2 &+ middle.offset
              guard all(p .< limit) else { continue }
              let told = Told(pairs[middle.pairs], corners, first, voxel: voxel)
              take(told, middle, at: SparseSamples.place(in: room, p))
            }
          }
        }
      }
    }

    /// Copies what is known of the slot's points and of those one further.
    private func gather(_ corners: UnsafeMutableBufferPointer<Corner>) {
      for z in Int32(0)..<9 {
        for y in Int32(0)..<9 {
          for x in Int32(0)..<9 {
            let p = SIMD3(x, y, z)
            let slot = Int(from[SparseSamples.index(p &>> 3)])
            corners[Corner.place(p)] =
              slot < 0 ? Corner() : Corner(even, SparseSamples.place(in: slot, p))
          }
        }
      }
    }

    /// Predicts a point, asks for it, or both.
    @inline(__always) private func take(_ told: Told, _ middle: Middle, at place: Int) {
      let isCorner = middle.offset == .zero
      guard !told.isUnbounded else {
        // Beyond the box, or not a number.
        if told.isWhole && !isCorner { want(place) }
        return
      }
      guard told.pairs > 0 else { return }
      let (value, doubt) = (told.value, told.doubt)
      let gradientsTell = even.keepsGradients
      let isNear = abs(value) <= (gradientsTell ? reach * voxel + doubt : voxel)
      let isCertain =
        gradientsTell
        ? doubt <= tolerance * voxel && abs(value) >= sureness * doubt : isCorner
      if !isNear || isCertain {
        slots.distances[place] = value
        slots.predicted[place >> 6] |= 1 << UInt64(place & 63)
      }
      if isNear || told.isCut { want(place) }
    }

    private func want(_ place: Int) { slots.wanted[place >> 6] |= 1 << UInt64(place & 63) }
  }

  /// What is known at a point of the even lattice.
  private struct Corner {
    /// Gradient, and distance in the last place.
    var slope = SIMD4<Float>.zero
    var isKnown = false
    /// Whether it is known to lie in the box, with numbers.
    var isBounded = false
    /// Whether it is inside, and whether it is so as far as the field goes.
    var isInside = false, isNegative = false

    /// A slot's points and those one further.
    static let count = 9 * 9 * 9

    @inline(__always) static func place(_ p: SIMD3<Int32>) -> Int {
      Int(p.z) * 81 + Int(p.y) * 9 + Int(p.x)
    }

    /// A point of which nothing is known.
    init() {}

    @inline(__always) init(_ samples: SparseSamples, _ place: Int) {
      let (word, bit) = (place >> 6, UInt64(place & 63))
      guard samples.known[word] >> bit & 1 == 1 else { return }
      isKnown = true
      isInside = samples.inside[word] >> bit & 1 == 1
      let (d, g) = (
        samples.distances[place], samples.keepsGradients ? samples.gradients[place] : .zero
      )
      isNegative = d < 0
      guard d.isFinite, g.x.isFinite, g.y.isFinite, g.z.isFinite else { return }
      (slope, isBounded) = (SIMD4(g, d), true)
    }
  }

  /// The first corner of a cell, or the middle of an edge, of a face or of the cell that lies at that
  /// corner's side.
  private struct Middle {
    /// 0 or 1 on each axis, voxels from the first corner.
    var offset: SIMD3<Int32>
    /// Its corners, in ``pairs``.
    var pairs: Range<Int>

    /// Two corners opposite each other, as steps in a list of corners.
    struct Pair {
      var first, last: Int
      /// The way from the first to the middle, voxels.
      var way: SIMD3<Float>
    }

    static let (all, pairs) = tables()

    private static func tables() -> ([Middle], [Pair]) {
      var (all, pairs) = ([Middle](), [Pair]())
      for middle in 0..<8 {
        let (offset, first) = (SparseSamples.offset(middle), pairs.count)
        for c in 0..<8 where c & ~middle == 0 && c <= middle ^ c {
          let corner = SparseSamples.offset(c)
          pairs.append(
            Pair(
              first: Corner.place(corner), last: Corner.place(offset &- corner),
              way: SIMD3<Float>(offset &- corner &* 2)))
        }
        all.append(Middle(offset: offset, pairs: first..<pairs.count))
      }
      return (all, pairs)
    }
  }

  /// What the corners around a middle say of it together.
  private struct Told {
    /// Pairs that count.
    var pairs: Float = 0
    /// Whether all corners are known, and whether one of them has no numbers.
    var isWhole = true, isUnbounded = false
    private var (distances, bends) = (Float(0), Float(0))
    private var (least, most) = (Float.infinity, -Float.infinity)
    private var (allNegative, allInside, someInside) = (true, true, false)

    @inline(__always) init(
      _ pairs: ArraySlice<Middle.Pair>, _ corners: UnsafeMutableBufferPointer<Corner>, _ at: Int,
      voxel: Float
    ) {
      for pair in pairs {
        let (a, b) = (corners[at + pair.first], corners[at + pair.last])
        isWhole = isWhole && a.isKnown && b.isKnown
        isUnbounded = isUnbounded || a.isKnown != a.isBounded || b.isKnown != b.isBounded
        guard a.isBounded && b.isBounded else { continue }
        self.pairs += 1
        let ahead = Self.along(a.slope, pair.way) * voxel
        let back = -Self.along(b.slope, pair.way) * voxel
        let (one, other) = (a.slope.w + ahead, b.slope.w + back)
        (least, most) = (min(least, one, other), max(most, one, other))
        distances += a.slope.w + b.slope.w
        bends += ahead + back
        allNegative = allNegative && a.isNegative && b.isNegative
        allInside = allInside && a.isInside && b.isInside
        someInside = someInside || a.isInside || b.isInside
      }
    }

    @inline(__always) private static func along(_ slope: SIMD4<Float>, _ way: SIMD3<Float>) -> Float
    {
      slope.x * way.x + slope.y * way.y + slope.z * way.z
    }

    /// How far the corners' straight lines to the middle are from their mean, for the value to lie between.
    private var bend: Float { bends / (4 * pairs) }

    var value: Float { distances / (2 * pairs) + bend }

    /// How far the corners contradict each other; 0 for a corner itself.
    var doubt: Float { max(most - least, 2 * abs(bend)) }

    /// Whether freedom ends the inside between corners that the field has inside.
    var isCut: Bool { allNegative && someInside && !allInside }
  }
}
