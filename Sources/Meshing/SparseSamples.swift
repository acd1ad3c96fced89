internal import CaptureCore

/// Values of the field at the lattice points near the surface, in bricks of 8³.
///
/// For each brick, signs and whether points are known stand in 64-bit words, one a layer of 8 × 8
/// (bit `8 y + x` of word `z`): crossings of a whole layer are found by a few operations.
struct SparseSamples {
  /// Most points that are sampled; beyond, the field has no surface but noise.
  static let pointLimit = 1 << 26

  let lattice: Lattice
  /// Slot of each brick, or -1.
  private var table: [Int32]
  /// Place in the table of each slot's brick.
  private(set) var bricks: [Int32] = []
  /// Distances, 512 a slot; infinite beyond the box.
  private(set) var distances: [Float] = []
  /// How far inside points lie in free space, 512 a slot; minus infinity where it was not asked.
  private(set) var freedom: [Float] = []
  /// Points that are known, and those inside the surface: 8 words a slot each.
  private(set) var known: [UInt64] = [], inside: [UInt64] = []
  private var wanted: [UInt64] = []

  init(_ lattice: Lattice) {
    self.lattice = lattice
    let count = Int(lattice.bricks.x) * Int(lattice.bricks.y) * Int(lattice.bricks.z)
    table = [Int32](repeating: -1, count: count)
  }

  /// Slot of the brick that lies `offset` bricks from the one in a slot; nil where nothing is known.
  @inline(__always) func slot(_ slot: Int, _ offset: SIMD3<Int32>) -> Int? {
    let brick = lattice.brick(at: Int(bricks[slot])) &+ offset
    guard let index = lattice.index(brick: brick), table[index] >= 0 else { return nil }
    return Int(table[index])
  }

  /// Place of a point in ``distances`` and ``freedom``; the point must be known.
  @inline(__always) func place(_ p: SIMD3<Int32>) -> Int {
    let index = lattice.index(brick: p &>> 3) ?? 0
    let q = p & 7
    return Int(table[index]) * 512 + Int(q.z) * 64 + Int(q.y) * 8 + Int(q.x)
  }

  /// Bits of the points one further in the given directions, for layer `z` of a slot.
  @inline(__always) func shifted(
    _ words: [UInt64], _ slot: Int, _ z: Int, x: Bool, y: Bool, z up: Bool
  ) -> UInt64 {
    let layer = up ? (z + 1) & 7 : z
    let above: Int32 = up && z == 7 ? 1 : 0
    @inline(__always) func word(_ dx: Int32, _ dy: Int32) -> UInt64 {
      if dx == 0 && dy == 0 && above == 0 { return words[slot * 8 + layer] }
      guard let other = self.slot(slot, SIMD3(dx, dy, above)) else { return 0 }
      return words[other * 8 + layer]
    }
    var result = word(0, 0)
    if y { result = result >> 8 | word(0, 1) << 56 }
    guard x else { return result }
    var right = word(1, 0)
    if y { right = right >> 8 | word(1, 1) << 56 }
    return (result >> 1) & 0x7f7f_7f7f_7f7f_7f7f | (right & 0x0101_0101_0101_0101) << 7
  }

  /// Points of a layer from which an edge along the axis crosses the surface.
  @inline(__always) func crossings(_ slot: Int, axis: Int, layer z: Int) -> UInt64 {
    let (x, y, up) = (axis == 0, axis == 1, axis == 2)
    let here = slot * 8 + z
    let differ = inside[here] ^ shifted(inside, slot, z, x: x, y: y, z: up)
    return differ & known[here] & shifted(known, slot, z, x: x, y: y, z: up)
  }

  /// Samples what lies near the surface in the given cells: their corners first, then the voxels
  /// of which neither the corner nor the centre of the cell is far from the surface.
  ///
  /// A voxel that this leaves out although the surface passes is found by ``close(_:)`` from its
  /// neighbours; so the threshold can be narrow. It saves a third of all questions.
  mutating func sample(
    cells: [CoarseSearch.Cell], _ sampler: inout FieldSampler
  ) throws(CaptureError) {
    var (points, places, values) = ([SIMD3<Float>](), [Int32](), [Float]())
    for cell in cells {
      let first = cell.place &* 2
      for c in Int32(0)..<8 {
        want(from: first &+ SIMD3(c & 1, c >> 1 & 1, c >> 2) &* 2, size: SIMD3(repeating: 1))
      }
      guard !cell.distance.isNaN else { continue }
      let center = first &+ 1
      guard let index = lattice.index(brick: center &>> 3) else { continue }
      if table[index] < 0 { addSlot(ofBrick: index) }
      let place = self.place(center)
      known[place >> 6] |= 1 << UInt64(place & 63)
      points.append(lattice.position(center))
      places.append(Int32(place))
      values.append(cell.distance)
    }
    try store(values, points, places, &sampler)
    _ = try evaluate(&sampler)
    for cell in cells {
      let first = cell.place &* 2
      for c in Int32(0)..<8 {
        let offset = SIMD3(c & 1, c >> 1 & 1, c >> 2)
        if mayCross(first &+ offset &* 2, first &+ 1) {
          want(from: first &+ offset, size: SIMD3(repeating: 2))
        }
      }
    }
    _ = try evaluate(&sampler)
  }

  /// Whether the surface may pass through the voxel between two opposite corners.
  private func mayCross(_ a: SIMD3<Int32>, _ b: SIMD3<Int32>) -> Bool {
    guard let x = value(a), let y = value(b) else { return true }
    return (x < 0) != (y < 0) || min(abs(x), abs(y)) < 0.75 * lattice.voxel
  }

  /// The value whose sign says what is inside; nil where it is not known.
  private func value(_ p: SIMD3<Int32>) -> Float? {
    guard let index = lattice.index(brick: p &>> 3), table[index] >= 0 else { return nil }
    let place = self.place(p)
    guard known[place >> 6] >> UInt64(place & 63) & 1 == 1 else { return nil }
    return max(distances[place], freedom[place])
  }

  /// Samples further points until every edge that crosses the surface has its four cells: the
  /// surface then has no border.
  mutating func close(_ sampler: inout FieldSampler) throws(CaptureError) {
    var fresh = Array(bricks.indices)
    while !fresh.isEmpty {
      for slot in fresh { wantAroundCrossings(slot) }
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

  private mutating func wantAroundCrossings(_ slot: Int) {
    let base = lattice.brick(at: Int(bricks[slot])) &* 8
    for axis in 0..<3 {
      var (size, back) = (SIMD3<Int32>(repeating: 3), SIMD3<Int32>(repeating: 1))
      (size[axis], back[axis]) = (2, 0)
      for z in 0..<8 {
        var bits = crossings(slot, axis: axis, layer: z)
        while bits != 0 {
          let bit = Int32(bits.trailingZeroBitCount)
          bits &= bits - 1
          want(from: base &+ SIMD3(bit & 7, bit >> 3, Int32(z)) &- back, size: size)
        }
      }
    }
  }

  /// Asks for a block of points; those that are known stay as they are.
  private mutating func want(from first: SIMD3<Int32>, size: SIMD3<Int32>) {
    for z in first.z..<(first.z &+ size.z) {
      for y in first.y..<(first.y &+ size.y) {
        for x in first.x..<(first.x &+ size.x) {
          let p = SIMD3(x, y, z)
          guard lattice.contains(p), let index = lattice.index(brick: p &>> 3) else { continue }
          if table[index] < 0 { addSlot(ofBrick: index) }
          let word = Int(table[index]) * 8 + Int(z & 7)
          wanted[word] |= (1 << UInt64((y & 7) * 8 + (x & 7))) & ~known[word]
        }
      }
    }
  }

  private static let far = [Float](repeating: .infinity, count: 512)
  private static let unasked = [Float](repeating: -.infinity, count: 512)

  private mutating func addSlot(ofBrick index: Int) {
    table[index] = Int32(bricks.count)
    bricks.append(Int32(index))
    distances.append(contentsOf: Self.far)
    freedom.append(contentsOf: Self.unasked)
    for _ in 0..<8 {
      known.append(0)
      inside.append(0)
      wanted.append(0)
    }
  }

  /// Answers what was asked for; returns the slots that have new points.
  private mutating func evaluate(
    _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [Int] {
    guard bricks.count * 512 <= Self.pointLimit else {
      throw CaptureError(
        .limitExceeded, "The surface does not fit into \(Self.pointLimit) samples.",
        remedy: "Choose larger voxels, or train longer: an untrained field is all surface.")
    }
    var (points, places, touched) = ([SIMD3<Float>](), [Int32](), [Int]())
    for slot in bricks.indices where (0..<8).contains(where: { wanted[slot * 8 + $0] != 0 }) {
      touched.append(slot)
      let base = lattice.brick(at: Int(bricks[slot])) &* 8
      for z in 0..<8 {
        var bits = wanted[slot * 8 + z]
        known[slot * 8 + z] |= bits
        wanted[slot * 8 + z] = 0
        while bits != 0 {
          let bit = Int32(bits.trailingZeroBitCount)
          bits &= bits - 1
          let p = lattice.position(base &+ SIMD3(bit & 7, bit >> 3, Int32(z)))
          guard lattice.box.contains(p) else { continue }
          points.append(p)
          places.append(Int32(slot * 512 + z * 64) + bit)
        }
      }
    }
    try store(try sampler.distances(points), points, places, &sampler)
    return touched
  }

  /// Keeps the field's answers, asks the observations, and decides what is inside.
  private mutating func store(
    _ values: [Float], _ points: [SIMD3<Float>], _ places: [Int32], _ sampler: inout FieldSampler
  ) throws(CaptureError) {
    // What is not a number is no surface; infinity is kept for points beyond the box.
    let limit = lattice.voxel * 1e6
    for (place, value) in zip(places, values) {
      distances[Int(place)] = value.isNaN ? limit : max(-limit, min(limit, value))
    }
    // Freedom matters inside, and just outside, where it may end the inside before the field does.
    let close = values.indices.filter { values[$0] < 2 * lattice.voxel }
    let free = try sampler.freedom(close.map { points[$0] })
    for (i, free) in zip(close, free) {
      let place = Int(places[i])
      if !free.isNaN { freedom[place] = free }
      if values[i] < 0 && !(free >= 0) { inside[place >> 6] |= 1 << UInt64(place & 63) }
    }
  }
}
