internal import CaptureCore

/// Finds the cells of four voxels that the surface can pass through, from coarse to fine.
///
/// A cell is asked at its centre. A field whose gradient norm is at most `steepness` has no zero in
/// the cell when the distance exceeds `steepness` times the half diagonal. The gradient, where it is to be
/// had for little, tells which of a cell's parts are so far away that they needn't be asked themselves.
/// Fields that were learned break such promises here and there; so cells are kept, too, when a neighbour
/// has the other sign, and ``SparseSamples/close(_:to:)`` follows the surface out of the cells found here.
/// At the last level the gradient tells which corners of a cell matter.
struct CoarseSearch {
  let lattice: Lattice
  let halvings: Int
  let steepness: Float

  /// Most cells of the coarsest level, which is searched whole.
  private static let densest = 1 << 20

  /// A cell that the surface may pass through.
  struct Cell {
    /// Place, in units of four voxels.
    var place: SIMD3<Int32>
    /// Gradient and, in the last place, distance at the centre, which is a lattice point; nil where that
    /// says nothing of the cell's other points.
    var slope: SIMD4<Float>?
  }

  /// The level of the cells that are looked for.
  private static let last = 2

  /// How far from what a cell's gradient tells its parts may be, as a share of the way to them: the distance
  /// turns little on so short a way, however steep it may be.
  private static let turning: Float = 0.25

  /// What is known of a cell at its centre.
  private struct Probe {
    /// The field's answer, if it was asked at the centre itself and counts beyond it.
    var slope: SIMD4<Float>?
    /// Whether the centre is inside.
    var inside = false
    /// Whether the surface may pass.
    var near = false
    /// The field's answer, whatever it counts for, and whether freedom, too, leaves the inside as it is.
    var told = SIMD4<Float>(repeating: .nan)
    var isSolid = false
  }

  /// A part of a cell: its place, and a distance that says that the surface is far from it.
  private struct Part {
    var place: SIMD3<Int32>
    var far: Float?
  }

  init(_ lattice: Lattice, _ configuration: MeshingConfiguration) {
    self.lattice = lattice
    steepness = configuration.steepness
    var halvings = max(Self.last, configuration.halvings)
    while Self.cellCount(lattice, halvings).total > Self.densest { halvings += 1 }
    self.halvings = halvings
  }

  /// The cells of four voxels.
  func cells(_ sampler: inout FieldSampler) throws(CaptureError) -> [Cell] {
    let count = Self.cellCount(lattice, halvings)
    var cells: [Part] = []
    cells.reserveCapacity(count.total)
    for z in 0..<count.z {
      for y in 0..<count.y {
        for x in 0..<count.x { cells.append(Part(place: SIMD3(x, y, z))) }
      }
    }
    var probes = try probe(cells, level: halvings, &sampler)
    keepDifferingNeighbours(count, &probes)
    for level in stride(from: halvings - 1, through: Self.last, by: -1) {
      let parents = zip(cells, probes).filter { $0.1.near }
      cells = []
      cells.reserveCapacity(parents.count * 8)
      for (parent, probe) in parents {
        for c in 0..<8 {
          let side = SparseSamples.offset(c)
          cells.append(
            Part(
              place: parent.place &* 2 &+ side, far: far(side &* 2 &- 1, of: probe, level: level)))
        }
      }
      probes = try probe(cells, level: level, &sampler)
      keepDifferingSiblings(&probes)
    }
    let limit = Self.cellCount(lattice, Self.last)
    return zip(cells, probes).filter { $0.1.near && all($0.0.place .< limit) }
      .map { Cell(place: $0.0.place, slope: $0.1.slope) }
  }

  /// The distance at the centre of a cell's part, if that is far from the surface as far as the cell knows.
  private func far(_ side: SIMD3<Int32>, of cell: Probe, level: Int) -> Float? {
    let half = lattice.voxel * Float(1 << level) * 0.5
    let way = SIMD3<Float>(side) * half
    let g = SIMD3(cell.told.x, cell.told.y, cell.told.z)
    let distance = cell.told.w + g.dot(way)
    let diagonal = half * Float(3).squareRoot()
    // What is not a number is not far.
    guard abs(distance) > (steepness + Self.turning) * diagonal else { return nil }
    return distance > 0 || cell.isSolid ? distance : nil
  }

  /// Cells on each axis, the last of which may reach beyond the lattice.
  private static func cellCount(_ lattice: Lattice, _ level: Int) -> SIMD3<Int32> {
    let edge = Int32(1) << Int32(level)
    return (lattice.points &- 2 &+ edge) / edge
  }

  private func probe(
    _ cells: [Part], level: Int, _ sampler: inout FieldSampler
  ) throws(CaptureError) -> [Probe] {
    let edge = lattice.voxel * Float(1 << level)
    let (half, box) = (edge * 0.5, lattice.box)
    let count = Self.cellCount(lattice, level)
    // Halving the last cell of a row can give one beyond the lattice.
    let inRange = cells.indices.filter { cells[$0].far == nil && all(cells[$0].place .< count) }
    // Beyond the box the field may say anything; a point on the box stands for such a centre.
    let centers = inRange.map { lattice.origin + SIMD3<Float>(cells[$0].place &* 2 &+ 1) * half }
    let points = centers.map { $0.clamped(lowerBound: box.lower, upperBound: box.upper) }
    let isLast = level == Self.last
    let slopes =
      isLast || sampler.field.gradientsTell
      ? try sampler.slopes(points)
      : try sampler.distances(points).map { SIMD4(.nan, .nan, .nan, $0) }
    let reach = zip(points, centers).map {
      steepness * (half * Float(3).squareRoot() + ($0 - $1).length)
    }
    let open = points.indices.filter { slopes[$0].w <= reach[$0] }
    let freedom = try sampler.freedom(open.map { points[$0] })
    var probes = cells.map { Probe(inside: ($0.far ?? 0) < 0) }
    for (i, free) in zip(open, freedom) {
      let (d, r) = (slopes[i].w, reach[i])
      let cut = any(centers[i] - half .< box.lower) || any(centers[i] + half .> box.upper)
      // Freedom jumps at silhouettes, so that a large cell with a free centre may hold the subject;
      // its margins are wider than the smallest cells.
      let free = free.isNaN ? -.infinity : free
      let isOpen = isLast && free > 2 * r
      // Where the inside may end in the cell for another reason than the field, or the field does not
      // keep its promise, its slope says nothing.
      let counts = isLast && !cut && abs(d) <= r && free < -r
      probes[inRange[i]] = Probe(
        slope: counts ? slopes[i] : nil, inside: d < 0 && free < 0,
        near: !isOpen && (d >= -r || free >= -r || cut), told: slopes[i], isSolid: free < -r)
    }
    return probes
  }

  private func keepDifferingSiblings(_ probes: inout [Probe]) {
    for first in stride(from: 0, to: probes.count, by: 8) {
      for edge in MarchingCubesTable.edges {
        let (a, b) = (first + edge.corner, first + edge.upper)
        if probes[a].inside != probes[b].inside { (probes[a].near, probes[b].near) = (true, true) }
      }
    }
  }

  private func keepDifferingNeighbours(_ count: SIMD3<Int32>, _ probes: inout [Probe]) {
    let (nx, ny) = (Int(count.x), Int(count.y))
    for i in probes.indices {
      let place = [i % nx, i / nx % ny, i / (nx * ny)]
      for (axis, step) in [1, nx, nx * ny].enumerated()
      where place[axis] + 1 < Int(count[axis]) && probes[i].inside != probes[i + step].inside {
        (probes[i].near, probes[i + step].near) = (true, true)
      }
    }
  }
}

extension SIMD3<Int32> {
  /// Product of the three counts.
  fileprivate var total: Int { Int(x) * Int(y) * Int(z) }
}
