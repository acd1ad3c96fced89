internal import CaptureCore
internal import Foundation

/// What ends the inside at a vertex.
enum VertexKind: UInt8 {
  /// The field's own zero.
  case field
  /// Space that a camera saw through.
  case carved
  /// The boundary of the box.
  case box
}

/// A surface as it comes from the cells, its vertices on the cells' edges.
struct RawSurface {
  var positions: [SIMD3<Float>] = []
  var kinds: [VertexKind] = []
  /// How far each vertex may be moved such that no two can meet.
  var room: [Float] = []
  var triangles: [SIMD3<UInt32>] = []
}

/// Cuts the surface from closed samples, brick after brick in the order of the box.
struct SurfaceAssembler {
  /// Nearest that a vertex comes to the ends of its edge, as a share of the edge: where the field
  /// is zero at a lattice point, the vertices around it stay apart.
  static let margin: Float = 0.01
  /// Share of the way to the nearer end of its edge that a vertex may move. Vertices at `a` and
  /// `b` along two edges from one corner are at least (a + b) / √2 apart: below 0.7 none meet.
  static let freeShare: Float = 0.35

  private let samples: SparseSamples
  private let threads: Int?
  /// Slots in the order of the box.
  private let order: [Int]
  /// Crossings of each slot: 8 words for each axis.
  private let masks: [UInt64]
  /// Number of the first vertex of each word.
  private var first: [UInt32]
  private var vertexCount = 0

  init(_ samples: SparseSamples, threads: Int?) {
    (self.samples, self.threads) = (samples, threads)
    order = samples.bricks.indices.sorted { samples.bricks[$0] < samples.bricks[$1] }
    let order = order
    var masks = [UInt64](repeating: 0, count: order.count * 24)
    masks.withUnsafeMutableBufferPointer { masks in
      nonisolated(unsafe) let masks = masks
      concurrently(order.count, threads: threads) { slot, _ in
        let slots = samples.upward(from: slot)
        for word in 0..<24 {
          masks[slot * 24 + word] = samples.crossings(slots, axis: word / 8, layer: word % 8)
        }
      }
    }
    self.masks = masks
    first = [UInt32](repeating: 0, count: order.count * 24)
    for slot in order {
      for word in slot * 24..<slot * 24 + 24 {
        first[word] = UInt32(vertexCount)
        vertexCount += masks[word].nonzeroBitCount
      }
    }
  }

  /// The surface: each edge of it belongs to two triangles.
  func surface() -> RawSurface {
    var surface = RawSurface()
    surface.positions = [SIMD3<Float>](repeating: .zero, count: vertexCount)
    surface.kinds = [VertexKind](repeating: .field, count: vertexCount)
    surface.room = [Float](repeating: 0, count: vertexCount)
    surface.positions.withUnsafeMutableBufferPointer { positions in
      surface.kinds.withUnsafeMutableBufferPointer { kinds in
        surface.room.withUnsafeMutableBufferPointer { room in
          nonisolated(unsafe) let (positions, kinds, room) = (positions, kinds, room)
          concurrently(order.count, threads: threads) { at, _ in
            placeVertices(order[at], positions, kinds, room)
          }
        }
      }
    }
    surface.triangles = joined(
      concurrentValues(order.count, threads: threads) { triangles(order[$0]) })
    return surface
  }

  /// One behind the other.
  private func joined(_ parts: [[SIMD3<UInt32>]]) -> [SIMD3<UInt32>] {
    var starts = [0]
    for part in parts { starts.append(starts[starts.count - 1] + part.count) }
    let count = starts[parts.count]
    return [SIMD3<UInt32>](unsafeUninitializedCapacity: count) { out, filled in
      nonisolated(unsafe) let out = out
      concurrently(parts.count, threads: threads) { at, _ in
        _ = UnsafeMutableBufferPointer(rebasing: out[starts[at]..<starts[at + 1]])
          .initialize(fromContentsOf: parts[at])
      }
      filled = count
    }
  }

  private func placeVertices(
    _ slot: Int, _ positions: UnsafeMutableBufferPointer<SIMD3<Float>>,
    _ kinds: UnsafeMutableBufferPointer<VertexKind>, _ room: UnsafeMutableBufferPointer<Float>
  ) {
    let lattice = samples.lattice
    let base = lattice.brick(at: Int(samples.bricks[slot])) &* 8
    for word in 0..<24 {
      let (axis, z) = (word / 8, Int32(word % 8))
      var step = SIMD3<Int32>.zero
      step[axis] = 1
      var bits = masks[slot * 24 + word]
      var vertex = Int(first[slot * 24 + word])
      while bits != 0 {
        let bit = Int32(bits.trailingZeroBitCount)
        bits &= bits - 1
        let p = base &+ SIMD3(bit & 7, bit >> 3, z)
        let ends = (samples.place(p), samples.place(p &+ step))
        let startsInside = samples.inside[ends.0 >> 6] >> UInt64(ends.0 & 63) & 1 == 1
        let (inner, outer) = startsInside ? (p, p &+ step) : (p &+ step, p)
        let (share, kind) = crossing(inner, outer, axis)
        let t = max(Self.margin, min(1 - Self.margin, share))
        let a = lattice.position(inner)
        positions[vertex] = a + (lattice.position(outer) - a) * t
        kinds[vertex] = kind
        room[vertex] = Self.freeShare * min(t, 1 - t) * lattice.voxel
        vertex += 1
      }
    }
  }

  /// Where the inside ends on the way between two points, as a share of it, and why.
  private func crossing(
    _ inner: SIMD3<Int32>, _ outer: SIMD3<Int32>, _ axis: Int
  ) -> (Float, VertexKind) {
    let (i, o) = (samples.place(inner), samples.place(outer))
    let (a, b) = (samples.distances[i], samples.distances[o])
    if b == .infinity {
      let box = samples.lattice.box
      let from = samples.lattice.position(inner)[axis]
      let plane = outer[axis] > inner[axis] ? box.upper[axis] : box.lower[axis]
      return (abs(plane - from) / samples.lattice.voxel, .box)
    }
    let (free, freer) = (samples.freedom[i], samples.freedom[o])
    // Freedom jumps at silhouettes; two values tell where it begins only if they differ as
    // distances do.
    let honest = freer - free <= 2 * samples.lattice.voxel
    let cut = free / (free - freer)
    if b >= 0 {
      let zero = a / (a - b)
      return honest && freer >= 0 && cut < zero ? (cut, .carved) : (zero, .field)
    }
    return (honest ? cut : 0.5, .carved)
  }

  private func triangles(_ slot: Int) -> [SIMD3<UInt32>] {
    var result: [SIMD3<UInt32>] = []
    let table = MarchingCubesTable.shared
    let base = samples.lattice.brick(at: Int(samples.bricks[slot])) &* 8
    let slots = samples.upward(from: slot)
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 8) { signs in
      for z in 0..<8 {
        var (some, all, whole) = (UInt64(0), ~UInt64(0), ~UInt64(0))
        for c in 0..<8 {
          let (x, y, up) = (c & 1 == 1, c & 2 == 2, c & 4 == 4)
          signs[c] = SparseSamples.shifted(samples.inside, slots, z, x: x, y: y, z: up)
          some |= signs[c]
          all &= signs[c]
          whole &= SparseSamples.shifted(samples.known, slots, z, x: x, y: y, z: up)
        }
        var bits = some & ~all & whole
        while bits != 0 {
          let bit = bits.trailingZeroBitCount
          bits &= bits - 1
          var code = 0
          for c in 0..<8 { code |= Int(signs[c] >> UInt64(bit) & 1) << c }
          let cell = base &+ SIMD3(Int32(bit & 7), Int32(bit >> 3), Int32(z))
          let edges = table.triangles(code)
          for at in stride(from: edges.startIndex, to: edges.endIndex, by: 3) {
            result.append(
              SIMD3(
                vertex(cell, edges[at]), vertex(cell, edges[at + 1]), vertex(cell, edges[at + 2])))
          }
        }
      }
    }
    return result
  }

  /// Number of the vertex on an edge of a cell.
  @inline(__always) private func vertex(_ cell: SIMD3<Int32>, _ edge: UInt8) -> UInt32 {
    // Edges are numbered axis after axis; the four lower corners of an axis in rising order.
    let (axis, k) = (Int32(edge >> 2), Int32(edge & 3))
    let corner = SIMD3<Int32>(
      axis == 0 ? 0 : k & 1, axis == 1 ? 0 : axis == 0 ? k & 1 : k >> 1, axis == 2 ? 0 : k >> 1)
    let place = samples.place(cell &+ corner)
    let word = (place >> 9) * 24 + Int(axis) * 8 + (place >> 6 & 7)
    let below = masks[word] & ((1 << UInt64(place & 63)) - 1)
    return first[word] + UInt32(below.nonzeroBitCount)
  }
}
