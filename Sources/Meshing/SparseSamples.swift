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
  var gradients: [SIMD3<Float>] = []
  /// Points that are known, and those inside the surface: 8 words a slot each.
  var known: [UInt64] = [], inside: [UInt64] = []
  /// Points that are asked for.
  var wanted: [UInt64] = []
  /// Points whose distance is there already, should it be asked for.
  var predicted: [UInt64] = []
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
    return Self.place(in: Int(table[index]), p)
  }

  /// Place of a point of a slot, by its coordinates within the brick or the lattice.
  @inline(__always) static func place(in slot: Int, _ p: SIMD3<Int32>) -> Int {
    let q = p & 7
    return slot * 512 + Int(q.z) * 64 + Int(q.y) * 8 + Int(q.x)
  }

  /// 0 or 1 on each axis, by the bits of `c`.
  @inline(__always) static func offset(_ c: Int) -> SIMD3<Int32> {
    SIMD3(Int32(c & 1), Int32(c >> 1 & 1), Int32(c >> 2))
  }

  /// Slots of a brick and of the seven that lie one up from it on some axes, by the bits of the index; -1
  /// where nothing is known.
  @inline(__always) func upward(from slot: Int) -> SIMD8<Int32> {
    let brick = lattice.brick(at: Int(bricks[slot]))
    var result = SIMD8<Int32>(repeating: -1)
    result[0] = Int32(slot)
    for c in 1..<8 {
      if let index = lattice.index(brick: brick &+ Self.offset(c)) { result[c] = table[index] }
    }
    return result
  }

  /// Bits of the points one further in the given directions, for layer `z` of the first of the slots
  /// that ``upward(from:)`` gives.
  @inline(__always) static func shifted(
    _ words: [UInt64], _ slots: SIMD8<Int32>, _ z: Int, x: Bool, y: Bool, z up: Bool
  ) -> UInt64 {
    let layer = up ? (z + 1) & 7 : z
    let above = up && z == 7 ? 4 : 0
    @inline(__always) func word(_ offset: Int) -> UInt64 {
      let slot = slots[offset + above]
      return slot < 0 ? 0 : words[Int(slot) * 8 + layer]
    }
    var result = word(0)
    if y { result = result >> 8 | word(2) << 56 }
    guard x else { return result }
    var right = word(1)
    if y { right = right >> 8 | word(3) << 56 }
    return (result >> 1) & 0x7f7f_7f7f_7f7f_7f7f | (right & 0x0101_0101_0101_0101) << 7
  }

  /// Points of a layer from which an edge along the axis crosses the surface; of the first of the slots
  /// that ``upward(from:)`` gives.
  @inline(__always) func crossings(_ slots: SIMD8<Int32>, axis: Int, layer z: Int) -> UInt64 {
    let (x, y, up) = (axis == 0, axis == 1, axis == 2)
    let here = Int(slots[0]) * 8 + z
    let differ = inside[here] ^ Self.shifted(inside, slots, z, x: x, y: y, z: up)
    return differ & known[here] & Self.shifted(known, slots, z, x: x, y: y, z: up)
  }

  /// Asks for a block of points; those that are known stay as they are.
  mutating func want(from first: SIMD3<Int32>, size: SIMD3<Int32>) {
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

  /// Asks for points of a row, up to eight from the given one on, by bits; those that are known stay as they are.
  mutating func want(_ bits: UInt64, from p: SIMD3<Int32>) {
    let left = lattice.points.x &- p.x
    let bits = left < 8 ? bits & (1 << UInt64(max(0, left)) &- 1) : bits
    let shift = UInt64(p.x & 7)
    for (part, x) in [(bits << shift & 0xff, p.x), ((bits << shift) >> 8, (p.x | 7) &+ 1)]
    where part != 0 {
      guard let place = room(for: SIMD3(x, p.y, p.z)) else { continue }
      wanted[place >> 6] |= part << UInt64(place & 56) & ~known[place >> 6]
    }
  }

  /// Place of a point in the arrays, made where there is none yet; nil outside the lattice.
  @inline(__always) mutating func room(for p: SIMD3<Int32>) -> Int? {
    guard lattice.contains(p), let slot = room(forBrick: p &>> 3) else { return nil }
    return Self.place(in: slot, p)
  }

  /// Slot of a brick, made where there is none yet; nil outside the lattice.
  @inline(__always) mutating func room(forBrick brick: SIMD3<Int32>) -> Int? {
    guard let index = lattice.index(brick: brick) else { return nil }
    if table[index] < 0 { addSlot(ofBrick: index) }
    return Int(table[index])
  }

  /// - Throws: ``CaptureError`` `limitExceeded` when so many slots are more than ``pointLimit`` allows.
  static func checkRoom(slots: Int) throws(CaptureError) {
    guard slots <= pointLimit / 512 else {
      throw CaptureError(
        .limitExceeded, "The surface does not fit into \(pointLimit) samples.",
        remedy: "Choose larger voxels, or train longer: an untrained field is all surface.")
    }
  }

  /// Makes so many slots cost no copies of earlier ones.
  mutating func reserve(slots count: Int) {
    distances.reserveCapacity(count * 512)
    freedom.reserveCapacity(count * 512)
    if keepsGradients { gradients.reserveCapacity(count * 512) }
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

  /// Makes room for bricks where there is none yet, of which nothing is known.
  mutating func fill(with bricks: [Int32], threads: Int?) {
    for (slot, brick) in bricks.enumerated() { table[Int(brick)] = Int32(slot) }
    self.bricks = bricks
    distances = Self.column(.infinity, slots: bricks.count, threads: threads)
    freedom = Self.column(-.infinity, slots: bricks.count, threads: threads)
    if keepsGradients { gradients = Self.column(.zero, slots: bricks.count, threads: threads) }
    known = [UInt64](repeating: 0, count: bricks.count * 8)
    (inside, wanted, predicted) = (known, known, known)
  }

  /// 512 values a slot, with room for some more slots.
  private static func column<Value: Sendable>(
    _ value: Value, slots: Int, threads: Int?
  ) -> [Value] {
    [Value](unsafeUninitializedCapacity: (slots + slots / 16) * 512) { out, filled in
      nonisolated(unsafe) let out = out
      concurrently((slots + 63) / 64, threads: threads) { part, _ in
        UnsafeMutableBufferPointer(
          rebasing: out[part * 64 * 512..<min(slots, part * 64 + 64) * 512]
        )
        .initialize(repeating: value)
      }
      filled = slots * 512
    }
  }

  /// The arrays, for threads that each write to slots of their own.
  struct Slots {
    let distances, freedom: UnsafeMutableBufferPointer<Float>
    let gradients: UnsafeMutableBufferPointer<SIMD3<Float>>
    let known, inside, wanted, predicted: UnsafeMutableBufferPointer<UInt64>
  }

  /// Lends the arrays.
  mutating func withSlots(_ body: (Slots) throws(CaptureError) -> Void) throws(CaptureError) {
    try distances.withUnsafeMutableBufferPointer { distances throws(CaptureError) in
      try freedom.withUnsafeMutableBufferPointer { freedom throws(CaptureError) in
        try gradients.withUnsafeMutableBufferPointer { gradients throws(CaptureError) in
          try known.withUnsafeMutableBufferPointer { known throws(CaptureError) in
            try inside.withUnsafeMutableBufferPointer { inside throws(CaptureError) in
              try wanted.withUnsafeMutableBufferPointer { wanted throws(CaptureError) in
                try predicted.withUnsafeMutableBufferPointer { predicted throws(CaptureError) in
                  try body(
                    Slots(
                      distances: distances, freedom: freedom, gradients: gradients, known: known,
                      inside: inside, wanted: wanted, predicted: predicted))
                }
              }
            }
          }
        }
      }
    }
  }
}
