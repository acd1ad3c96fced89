internal import CaptureCore

/// Distances and gradients between the points of a lattice at which both were asked.
///
/// Cubic along the edges of a cell, through the distances `f` and slopes `s` of their ends, and linear across
/// them:
///
///     f(p) = T(p) + Σ_edges w · u (1 − u) ((s_0 − Δ) (1 − u) + (Δ − s_1) u),   Δ = f_1 − f_0
///
/// `T` is trilinear in the eight distances, `u` goes from 0 to 1 along the edge, and `w` is the edge's weight
/// across it. This is the sum of the three axes' cubic interpolations less twice the trilinear one (Gordon,
/// Blending-function methods of bivariate and multivariate interpolation and approximation, 1971): exact for
/// polynomials up to the third degree, so that it errs with the fourth power of the step. The gradient is its
/// derivative.
struct SlopeInterpolation {
  /// Largest third difference `s_0 + s_1 − 2 Δ` of an edge, as a share of the step: what is interpolated is
  /// seldom off by more than a tenth of that.
  private static let bend: Float = 0.2
  /// Largest second difference `s_1 − s_0` of an edge, as a share of the step: a crease in the middle of an
  /// edge has no third.
  private static let turn: Float = 0.5

  private let samples: SparseSamples

  /// Nil where the samples keep no gradients.
  init?(_ samples: SparseSamples) {
    guard samples.keepsGradients else { return nil }
    self.samples = samples
  }

  /// Gradient and, in the last place, distance; nil where two corners of the cell or more were not asked, or
  /// where they turn too much to tell what is between them.
  func slope(at p: SIMD3<Float>) -> SIMD4<Float>? {
    let lattice = samples.lattice
    let way = (p - lattice.origin) / lattice.voxel
    let base = way.rounded(.down)
    guard all(base .>= 0), all(base .< SIMD3<Float>(repeating: 1e6)) else { return nil }
    let first = SIMD3(Int32(base.x), Int32(base.y), Int32(base.z))
    guard let cell = cell(first) else { return nil }
    return cell.slope(at: way - base)
  }

  /// The corners of a cell; nil where more than one is unknown.
  private func cell(_ first: SIMD3<Int32>) -> Cell? {
    let lattice = samples.lattice
    guard lattice.contains(first), lattice.contains(first &+ 1) else { return nil }
    var cell = Cell(step: lattice.voxel)
    var missing: Int?
    for c in 0..<8 {
      let corner = first &+ SparseSamples.offset(c)
      let slot = lattice.index(brick: corner &>> 3).map { Int(samples.table[$0]) } ?? -1
      let place = slot < 0 ? 0 : SparseSamples.place(in: slot, corner)
      guard slot >= 0, samples.distances[place].isFinite else {
        guard missing == nil else { return nil }
        missing = c
        continue
      }
      let slope = samples.gradients[place]
      cell.distances[c] = samples.distances[place]
      (cell.slopes.0[c], cell.slopes.1[c], cell.slopes.2[c]) = (slope.x, slope.y, slope.z)
    }
    if let missing { cell.complete(missing) }
    return cell
  }

  /// A cell, its corners in the order of the bits x, y, z.
  private struct Cell {
    let step: Float
    var distances = SIMD8<Float>.zero
    /// Along each axis, metres a metre.
    var slopes = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)

    /// Makes up a corner from the other seven, as if what is at the corners were quadratic between them: the
    /// surface cuts off the corner opposite, so that this one counts for little.
    mutating func complete(_ corner: Int) {
      let sign = Self.signs * -Self.signs[corner]
      distances[corner] = (distances * sign).sum()
      slopes.0[corner] = (slopes.0 * sign).sum()
      slopes.1[corner] = (slopes.1 * sign).sum()
      slopes.2[corner] = (slopes.2 * sign).sum()
    }

    /// Of the mixed third difference.
    private static let signs = SIMD8<Float>(-1, 1, 1, -1, 1, -1, -1, 1)

    /// What its four edges along an axis say of a place.
    private struct Axis {
      /// Linear along the edges and across them.
      var linear: Float
      /// What the cubic adds.
      var bump: Float
      /// Along the axis, and across: the lower and the higher of the other two.
      var slope, lower, upper: Float
    }

    /// Gradient and distance at a place, 0 to 1 on each axis.
    func slope(at t: SIMD3<Float>) -> SIMD4<Float>? {
      guard
        let x = Self.axis(
          distances.evenHalf, distances.oddHalf, slopes.0.evenHalf, slopes.0.oddHalf, step,
          t.x, t.y, t.z),
        let y = Self.axis(
          Self.front(distances), Self.back(distances), Self.front(slopes.1), Self.back(slopes.1),
          step, t.y, t.x, t.z),
        let z = Self.axis(
          distances.lowHalf, distances.highHalf, slopes.2.lowHalf, slopes.2.highHalf, step,
          t.z, t.x, t.y)
      else { return nil }
      let gradient = SIMD3(
        x.slope + y.lower + z.lower, y.slope + x.lower + z.upper, z.slope + x.upper + y.upper)
      return SIMD4(gradient / step, x.linear + x.bump + y.bump + z.bump)
    }

    /// The corners with the lower y.
    @inline(__always) private static func front(_ v: SIMD8<Float>) -> SIMD4<Float> {
      SIMD4(v[0], v[1], v[4], v[5])
    }

    /// The corners with the higher y.
    @inline(__always) private static func back(_ v: SIMD8<Float>) -> SIMD4<Float> {
      SIMD4(v[2], v[3], v[6], v[7])
    }

    /// Four edges, from corners with `f0` and `s0` to those with `f1` and `s1`, at `u` along them and `v`, `w`
    /// across; nil where they turn too much, or are not numbers.
    @inline(__always) private static func axis(
      _ f0: SIMD4<Float>, _ f1: SIMD4<Float>, _ s0: SIMD4<Float>, _ s1: SIMD4<Float>,
      _ step: Float, _ u: Float, _ v: Float, _ w: Float
    ) -> Axis? {
      let rise = f1 - f0
      let (a, b) = (s0 * step - rise, rise - s1 * step)
      let (third, second) = (a - b, a + b)
      let (most, mostTurn) = (SIMD4(repeating: bend * step), SIMD4(repeating: turn * step))
      guard all(third .<= most), all(third .>= -most), all(second .<= mostTurn),
        all(second .>= -mostTurn)
      else { return nil }
      let mixed = a * (1 - u) + b * u
      let bump = mixed * (u * (1 - u))
      let slope = rise + mixed * (1 - 2 * u) - third * (u * (1 - u))
      let (lower, upper) = (SIMD4(1 - v, v, 1 - v, v), SIMD4(1 - w, 1 - w, w, w))
      let sides = bump * upper
      let ends = bump * lower
      return Axis(
        linear: ((f0 + rise * u) * lower * upper).sum(), bump: (bump * lower * upper).sum(),
        slope: (slope * lower * upper).sum(), lower: sides[1] - sides[0] + sides[3] - sides[2],
        upper: ends[2] - ends[0] + ends[3] - ends[1])
    }
  }
}
