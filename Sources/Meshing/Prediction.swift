internal import CaptureCore

/// What distances and gradients at every other point tell of the points between.
///
/// At the middle `m` of an edge, a face or a cell, the corners `x_i` around it say
/// `mean_i(f_i + g_i · (m - x_i) / 2)`: exact for polynomials up to the third degree, so that it errs
/// with the fourth power of the voxel. Where the corners contradict each other - at creases, in thin
/// parts, where freedom or the box ends the inside - the field itself is asked. Vertices are moved onto
/// the field's zero afterwards: what is predicted here only says which edges they lie on. Without
/// gradients, the corners' mean says where the field is to be asked.
extension SparseSamples {
  /// How far corners may contradict each other for their word to count, as a share of the voxel.
  private static let tolerance: Float = 0.25
  /// How near the surface points are wanted, in voxels: both ends of an edge that crosses it.
  private static let reach: Float = 1.25

  /// Predicts all points of the cells of `even`, a lattice of every other point, and asks for those near
  /// the surface.
  mutating func predict(from even: SparseSamples) {
    for slot in even.bricks.indices {
      let base = even.lattice.brick(at: Int(even.bricks[slot])) &* 8
      for z in 0..<8 {
        var bits = even.known[slot * 8 + z]
        while bits != 0 {
          let bit = Int32(bits.trailingZeroBitCount)
          bits &= bits - 1
          let p = base &+ SIMD3(bit & 7, bit >> 3, Int32(z))
          predict(cell: p, Corners(of: p, in: even), telling: even.keepsGradients)
        }
      }
    }
  }

  /// The first corner of a cell, or the middle of an edge, of a face or of the cell that lies at that
  /// corner's side.
  private struct Middle {
    /// 0 or 1 on each axis, voxels from the first corner.
    var offset: SIMD3<Int32>
    /// The corners around it, as bits.
    var corners: UInt8
    /// Their share in what they say together; 0 for other corners.
    var share: SIMD8<Float>
    /// The way from each corner, voxels.
    var x: SIMD8<Float>, y: SIMD8<Float>, z: SIMD8<Float>

    static let all = (0..<8).map { middle in
      let around = (0..<8).filter { $0 & ~middle == 0 }
      var result = Middle(
        offset: SparseSamples.offset(middle), corners: 0, share: .zero, x: .zero, y: .zero, z: .zero
      )
      for c in around {
        let way = SIMD3<Float>(SparseSamples.offset(middle) &- SparseSamples.offset(c) &* 2)
        result.corners |= 1 << UInt8(c)
        result.share[c] = 1 / Float(around.count)
        (result.x[c], result.y[c], result.z[c]) = (way.x, way.y, way.z)
      }
      return result
    }
  }

  /// What is known at the corners of a cell of two voxels.
  private struct Corners {
    var distance = SIMD8<Float>.zero, x = SIMD8<Float>.zero, y = SIMD8<Float>.zero
    var z = SIMD8<Float>.zero
    /// As bits: known, known to lie in the box, inside, and inside as far as the field goes.
    var known: UInt8 = 0, isFinite: UInt8 = 0, inside: UInt8 = 0, negative: UInt8 = 0

    init(of p: SIMD3<Int32>, in samples: SparseSamples) {
      for c in 0..<8 {
        let q = p &+ SparseSamples.offset(c)
        guard samples.lattice.contains(q), let place = samples.knownPlace(q) else { continue }
        let (d, bit) = (samples.distances[place], UInt8(1) << UInt8(c))
        let g = samples.keepsGradients ? samples.gradients[place] : .zero
        known |= bit
        if d < 0 { negative |= bit }
        if samples.inside[place >> 6] >> UInt64(place & 63) & 1 == 1 { inside |= bit }
        guard d.isFinite, g.x.isFinite, g.y.isFinite, g.z.isFinite else { continue }
        isFinite |= bit
        (distance[c], x[c], y[c], z[c]) = (d, g.x, g.y, g.z)
      }
    }
  }

  /// 0 or 1 on each axis, by the bits of `c`.
  @inline(__always) private static func offset(_ c: Int) -> SIMD3<Int32> {
    SIMD3(Int32(c & 1), Int32(c >> 1 & 1), Int32(c >> 2))
  }

  private mutating func predict(
    cell: SIMD3<Int32>, _ corners: Corners, telling gradientsTell: Bool
  ) {
    let voxel = lattice.voxel
    for middle in Middle.all where corners.known & middle.corners == middle.corners {
      let p = cell &* 2 &+ middle.offset
      guard corners.isFinite & middle.corners == middle.corners else {
        // Beyond the box, or not a number.
        if middle.corners != 1 { want(p) }
        continue
      }
      let along = (corners.x * middle.x + corners.y * middle.y + corners.z * middle.z) * voxel
      let isCorner = middle.share .> 0
      let straight = corners.distance + along
      let bend = (along * middle.share).sum() * 0.5
      let value = (corners.distance * middle.share).sum() + bend
      let spread =
        straight.replacing(with: -.infinity, where: .!isCorner).max()
        - straight.replacing(with: .infinity, where: .!isCorner).min()
      // A corner itself is no guess: the way to it has no length.
      let doubt = max(spread, 2 * abs(bend))
      let isNear = abs(value) <= (gradientsTell ? Self.reach * voxel + doubt : voxel)
      // Freedom ends the inside between corners that the field has inside.
      let inside = corners.inside & middle.corners
      let isCut =
        corners.negative & middle.corners == middle.corners && inside != 0
        && inside != middle.corners
      let isCertain = gradientsTell ? doubt <= Self.tolerance * voxel : middle.corners == 1
      if !isNear || isCertain { predict(value, at: p) }
      if isNear || isCut { want(p) }
    }
  }
}
