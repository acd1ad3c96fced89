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
  var table: [Int32]
  /// Place in the table of each slot's brick.
  var bricks: [Int32] = []
  /// Distances, 512 a slot; infinite beyond the box.
  var distances: [Float] = []
  /// How far inside points lie in free space, 512 a slot; minus infinity where it was not asked.
  var freedom: [Float] = []
  /// Gradients, 512 a slot; empty unless they are kept.
  private(set) var gradients: [SIMD3<Float>] = []
  /// Points that are known, and those inside the surface: 8 words a slot each.
  var known: [UInt64] = [], inside: [UInt64] = []
  private var wanted: [UInt64] = []
  /// Points whose distance is there already, should it be asked for.
  private var predicted: [UInt64] = []
  let keepsGradients: Bool

  init(_ lattice: Lattice, keepingGradients: Bool = false) {
    self.lattice = lattice
    keepsGradients = keepingGradients
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

  /// Place of a point; nil where it isn't known.
  @inline(__always) func knownPlace(_ p: SIMD3<Int32>) -> Int? {
    guard let index = lattice.index(brick: p &>> 3), table[index] >= 0 else { return nil }
    let place = self.place(p)
    return known[place >> 6] >> UInt64(place & 63) & 1 == 1 ? place : nil
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

  /// Asks for the points of cells of two steps that are corners of a step's cell that the surface can pass
  /// through, by the slope at the cell's centre; for all 27 where nothing is known of that.
  ///
  /// A point that this leaves out although it matters is found by ``close(_:)`` from its neighbours.
  mutating func sample(
    cells: [CoarseSearch.Cell], _ sampler: inout FieldSampler
  ) throws(CaptureError) {
    for cell in cells {
      let first = cell.place &* 2
      guard let slope = cell.slope else {
        want(from: first, size: SIMD3(repeating: 3))
        continue
      }
      let gradient = SIMD3(slope.x, slope.y, slope.z) * lattice.voxel
      // The surface passes through one of a point's eight cells if it comes this near.
      let size = abs(gradient.x) + abs(gradient.y) + abs(gradient.z)
      let reach = max(size, lattice.voxel) + 0.15 * lattice.voxel
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

  /// Takes a point's distance from elsewhere, for when the point is wanted.
  @inline(__always) mutating func predict(_ distance: Float, at p: SIMD3<Int32>) {
    guard let place = room(for: p) else { return }
    distances[place] = distance
    predicted[place >> 6] |= 1 << UInt64(place & 63)
  }

  /// Samples further points until every edge that crosses the surface has its four cells: the
  /// surface then has no border.
  mutating func close(_ sampler: inout FieldSampler) throws(CaptureError) {
    _ = try evaluate(&sampler)
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
    let last = first &+ size &- 1
    for z in max(first.z, 0)..<max(first.z, 0, min(last.z &+ 1, lattice.points.z)) {
      for y in max(first.y, 0)..<max(first.y, 0, min(last.y &+ 1, lattice.points.y)) {
        // A row of points is one or two runs of bits.
        var x = max(first.x, 0)
        let end = min(last.x &+ 1, lattice.points.x)
        while x < end {
          let run = min(8 &- (x & 7), end &- x)
          guard let place = room(for: SIMD3(x, y, z)) else { break }
          let bits: UInt64 = (1 << UInt64(run) &- 1) << UInt64(place & 63)
          wanted[place >> 6] |= bits & ~known[place >> 6]
          x &+= run
        }
      }
    }
  }

  /// Asks for a point, unless it is known.
  @inline(__always) mutating func want(_ p: SIMD3<Int32>) {
    guard let place = room(for: p) else { return }
    wanted[place >> 6] |= (1 << UInt64(place & 63)) & ~known[place >> 6]
  }

  /// Place of a point in the arrays, made where there is none yet; nil outside the lattice.
  @inline(__always) private mutating func room(for p: SIMD3<Int32>) -> Int? {
    guard lattice.contains(p), let index = lattice.index(brick: p &>> 3) else { return nil }
    if table[index] < 0 { addSlot(ofBrick: index) }
    let q = p & 7
    return Int(table[index]) * 512 + Int(q.z) * 64 + Int(q.y) * 8 + Int(q.x)
  }

  private static let far = [Float](repeating: .infinity, count: 512)
  private static let unasked = [Float](repeating: -.infinity, count: 512)
  private static let level = [SIMD3<Float>](repeating: .zero, count: 512)

  private mutating func addSlot(ofBrick index: Int) {
    table[index] = Int32(bricks.count)
    bricks.append(Int32(index))
    distances.append(contentsOf: Self.far)
    freedom.append(contentsOf: Self.unasked)
    if keepsGradients { gradients.append(contentsOf: Self.level) }
    for _ in 0..<8 {
      known.append(0)
      inside.append(0)
      wanted.append(0)
      predicted.append(0)
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
    var touched: [Int] = []
    var (asked, ready) = (Batch(), Batch())
    for slot in bricks.indices where (0..<8).contains(where: { wanted[slot * 8 + $0] != 0 }) {
      touched.append(slot)
      let base = lattice.brick(at: Int(bricks[slot])) &* 8
      for z in 0..<8 {
        let word = slot * 8 + z
        var bits = wanted[word]
        known[word] |= bits
        wanted[word] = 0
        while bits != 0 {
          let bit = bits.trailingZeroBitCount
          bits &= bits - 1
          let p = lattice.position(base &+ SIMD3(Int32(bit & 7), Int32(bit >> 3), Int32(z)))
          guard lattice.box.contains(p) else { continue }
          if predicted[word] >> UInt64(bit) & 1 == 1 {
            ready.append(p, word * 64 + bit)
          } else {
            asked.append(p, word * 64 + bit)
          }
        }
      }
    }
    if keepsGradients {
      let slopes = try sampler.slopes(asked.points)
      for (place, slope) in zip(asked.places, slopes) {
        gradients[Int(place)] = SIMD3(slope.x, slope.y, slope.z)
      }
      try store(slopes.map(\.w), asked, &sampler)
    } else {
      try store(try sampler.distances(asked.points), asked, &sampler)
    }
    try store(ready.places.map { distances[Int($0)] }, ready, &sampler)
    return touched
  }

  /// Points with their places in the arrays.
  private struct Batch {
    var points: [SIMD3<Float>] = []
    var places: [Int32] = []

    mutating func append(_ point: SIMD3<Float>, _ place: Int) {
      points.append(point)
      places.append(Int32(place))
    }
  }

  /// A distance as it is kept: what is not a number is no surface, and infinity stands for points beyond the
  /// box alone.
  @inline(__always) static func kept(_ distance: Float, voxel: Float) -> Float {
    let limit = voxel * 1e6
    return distance.isNaN ? limit : max(-limit, min(limit, distance))
  }

  /// Keeps the field's answers, asks the observations, and decides what is inside.
  private mutating func store(
    _ values: [Float], _ batch: Batch, _ sampler: inout FieldSampler
  ) throws(CaptureError) {
    for (place, value) in zip(batch.places, values) {
      distances[Int(place)] = Self.kept(value, voxel: lattice.voxel)
    }
    // Freedom matters inside, and just outside, where it may end the inside before the field does.
    let close = values.indices.filter { values[$0] < 2 * lattice.voxel }
    let free = try sampler.freedom(close.map { batch.points[$0] })
    for (i, free) in zip(close, free) {
      let place = Int(batch.places[i])
      if !free.isNaN { freedom[place] = free }
      if values[i] < 0 && !(free >= 0) { inside[place >> 6] |= 1 << UInt64(place & 63) }
    }
  }
}
