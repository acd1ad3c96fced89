internal import CaptureCore
internal import Foundation

/// The surface observations of one frame by cells of space: what is the distance here, by everybody's
/// account?
///
/// A single depth pixel is noisy, and its plane says nothing true beyond the next edge: 12 mm behind
/// one face of a blade lies the other face. So the distance at a point is asked of the nearest
/// observation's side, averaged over all cameras' observations around the foot point:
///
///     s(x) = Σ w_i (x − p_i) · n_i / Σ w_i,   w_i = confidence_i exp(−|foot − p_i|² / h²)
///
/// over observations whose normal agrees with the nearest one's. A grid holds what it needs of the
/// observations, cell by cell, and not the frame, which may be mapped anew meanwhile.
/// Source: Kolluri, *Provably good moving least squares*, ACM TALG 4(2), 2008.
final class SurfaceGrid: Sendable {
  /// Where the surface is, seen from a point.
  struct Estimate {
    /// Signed distance of the point, metres.
    var distance: Float
    /// Unit normal of the averaged surface.
    var normal: SIMD3<Float>
  }

  /// Points further than this from every observation get no estimate, metres.
  static let reach: Float = 0.025
  /// Most cells of a grid, 8 MB; larger boxes have larger cells.
  static let mostCells: Float = 0x1p21

  private let origin: SIMD3<Float>
  /// Edge of a cell, at least ``reach``, metres.
  private let edge: Float
  private let cells: SIMD3<Int>
  /// First entry of each cell in ``entries``; one more at the end.
  private let starts: [Int32]
  /// An observation, so that those of a cell lie side by side in memory.
  private struct Entry {
    /// Where it is, and in the bits of the last place which one.
    var place: SIMD4<Float>
    /// Its normal, and its confidence.
    var normal: SIMD4<Float>

    var index: Int { Int(place.w.bitPattern) }
    var position: SIMD3<Float> { SIMD3(place.x, place.y, place.z) }
    var direction: SIMD3<Float> { SIMD3(normal.x, normal.y, normal.z) }
  }

  /// Cell by cell.
  private let entries: [Entry]
  private let inverseSquare: Float
  private static let steps = [0, -1, 1]

  /// Sorts a frame's observations. O(observations + cells of the box).
  init(_ frame: any FrameObservations, box: BoundingBox, radius: Float) {
    inverseSquare = 1 / (radius * radius)
    origin = box.lower - Self.reach
    var edge = Self.reach
    func counts() -> SIMD3<Float> { ((box.size + 2 * Self.reach) / edge).rounded(.down) + 1 }
    while counts().x * counts().y * counts().z > Self.mostCells { edge *= 2 }
    (self.edge, cells) = (edge, SIMD3<Int>(counts()))
    let surface = frame.surface
    let (origin, cells) = (origin, cells)
    let sorted = CellOrder(
      surface.map { o in
        let c = Self.cell(o.position, origin, edge, cells)
        return Int32((c.z * cells.y + c.y) * cells.x + c.x)
      }, cells: cells.x * cells.y * cells.z)
    starts = sorted.starts
    entries = sorted.order.map { i in
      let o = surface[Int(i)]
      return Entry(
        place: SIMD4(o.position, Float(bitPattern: UInt32(i))),
        normal: SIMD4(o.normal, o.confidence))
    }
  }

  private static func cell(
    _ p: SIMD3<Float>, _ origin: SIMD3<Float>, _ edge: Float, _ cells: SIMD3<Int>
  ) -> SIMD3<Int> {
    let q = (p - origin) / edge
    return SIMD3(
      min(max(Int(q.x), 0), cells.x - 1), min(max(Int(q.y), 0), cells.y - 1),
      min(max(Int(q.z), 0), cells.z - 1))
  }

  /// Distance and normal at a point; nil further than ``reach`` from every observation.
  func estimate(_ x: SIMD3<Float>) -> Estimate? {
    let c = Self.cell(x, origin, edge, cells)
    var (nearest, best) = (Entry?.none, Self.reach * Self.reach)
    visit(c, near: x, within: &best) { entry, best in
      let d = entry.position - x
      let square = d.dot(d)
      if square < best { (nearest, best) = (entry, square) }
    }
    guard let nearest else { return nil }
    let (q, n) = (nearest.position, nearest.direction)
    let foot = x - n * (x - q).dot(n)
    var (sum, weights, normal) = (Float(0), Float(0), SIMD3<Float>.zero)
    var support = 6 / inverseSquare
    visit(c, near: foot, within: &support) { entry, _ in
      let d = foot - entry.position
      let exponent = d.dot(d) * inverseSquare
      guard exponent < 6, entry.direction.dot(n) > 0.5 else { return }
      let w = entry.normal.w * exp(-exponent)
      sum += w * (x - entry.position).dot(entry.direction)
      normal += entry.direction * w
      weights += w
    }
    guard weights > 1e-6 else { return Estimate(distance: (x - q).dot(n), normal: n) }
    return Estimate(distance: sum / weights, normal: normal.normalized)
  }

  /// The nearest observation of every other camera that saw the place too: facing the same way, within
  /// `radius`, at most ``reach``. `surface` is what the grid was made of.
  func counterparts(
    of o: SurfaceObservation, within radius: Float,
    in surface: UnsafeBufferPointer<SurfaceObservation>
  ) -> [SurfaceObservation] {
    var found: [(index: Int, square: Float)] = []
    var limit = radius * radius
    let cell = Self.cell(o.position, origin, edge, cells)
    visit(cell, near: o.position, within: &limit) { entry, limit in
      let d = entry.position - o.position
      let square = d.dot(d)
      guard square < limit, entry.direction.dot(o.normal) > 0.5 else { return }
      let camera = surface[entry.index].camera
      guard camera != o.camera else { return }
      if let at = found.firstIndex(where: { surface[$0.index].camera == camera }) {
        if square < found[at].square { found[at] = (entry.index, square) }
      } else {
        found.append((entry.index, square))
      }
    }
    return found.map { surface[$0.index] }
  }

  /// The observations in the cell and around it, but for cells that lie further
  /// from `x` than the root of `square`, which may shrink on the way. The cell itself comes first.
  @inline(__always) private func visit(
    _ c: SIMD3<Int>, near x: SIMD3<Float>, within square: inout Float,
    _ body: (Entry, inout Float) -> Void
  ) {
    // How far the cells before, at and behind `c` are away on each axis, squared.
    let low = origin + SIMD3(Float(c.x), Float(c.y), Float(c.z)) * edge
    func gaps(_ axis: Int) -> (Float, Float, Float) {
      let (a, b) = (x[axis] - low[axis], low[axis] + edge - x[axis])
      return (max(a, 0) * max(a, 0), min(a, b, 0) * min(a, b, 0), max(b, 0) * max(b, 0))
    }
    let (gx, gy, gz) = (gaps(0), gaps(1), gaps(2))
    func gap(_ g: (Float, Float, Float), _ step: Int) -> Float {
      step == 0 ? g.1 : step < 0 ? g.0 : g.2
    }
    entries.withUnsafeBufferPointer { entries in
      for dz in Self.steps where c.z + dz >= 0 && c.z + dz < cells.z {
        for dy in Self.steps where c.y + dy >= 0 && c.y + dy < cells.y {
          let away = gap(gz, dz) + gap(gy, dy)
          guard away <= square else { continue }
          let row = ((c.z + dz) * cells.y + c.y + dy) * cells.x + c.x
          for dx in Self.steps where c.x + dx >= 0 && c.x + dx < cells.x {
            guard away + gap(gx, dx) <= square else { continue }
            for k in Int(starts[row + dx])..<Int(starts[row + dx + 1]) {
              body(entries[k], &square)
            }
          }
        }
      }
    }
  }
}
