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
/// over observations whose normal agrees with the nearest one's. A grid holds where the observations lie, not
/// the frame: whoever asks hands in the frame's observations, which may have been mapped anew meanwhile.
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

  private let origin: SIMD3<Float>
  private let cells: SIMD3<Int>
  /// First entry of each cell in ``order``; one more at the end.
  private let starts: [Int32]
  private let order: [Int32]
  private let inverseSquare: Float

  /// Sorts a frame's observations. O(observations + cells of the box).
  init(_ frame: any FrameObservations, box: BoundingBox, radius: Float) {
    inverseSquare = 1 / (radius * radius)
    origin = box.lower - Self.reach
    let size = (box.size + 2 * Self.reach) / Self.reach
    cells = SIMD3(Int(size.x) + 1, Int(size.y) + 1, Int(size.z) + 1)
    let surface = frame.surface
    var counts = [Int32](repeating: 0, count: cells.x * cells.y * cells.z + 1)
    var places = [Int32](repeating: 0, count: surface.count)
    for (i, o) in surface.enumerated() {
      let c = Self.cell(o.position, origin, cells)
      places[i] = Int32((c.z * cells.y + c.y) * cells.x + c.x)
      counts[Int(places[i]) + 1] += 1
    }
    for i in 1..<counts.count { counts[i] += counts[i - 1] }
    starts = counts
    var order = [Int32](repeating: 0, count: surface.count)
    for i in places.indices {
      order[Int(counts[Int(places[i])])] = Int32(i)
      counts[Int(places[i])] += 1
    }
    self.order = order
  }

  private static func cell(
    _ p: SIMD3<Float>, _ origin: SIMD3<Float>, _ cells: SIMD3<Int>
  ) -> SIMD3<Int> {
    let q = (p - origin) / reach
    return SIMD3(
      min(max(Int(q.x), 0), cells.x - 1), min(max(Int(q.y), 0), cells.y - 1),
      min(max(Int(q.z), 0), cells.z - 1))
  }

  /// Distance and normal at a point; nil further than ``reach`` from every observation.
  func estimate(
    _ x: SIMD3<Float>, in surface: UnsafeBufferPointer<SurfaceObservation>
  ) -> Estimate? {
    let c = Self.cell(x, origin, cells)
    var (nearest, best) = (-1, Self.reach * Self.reach)
    visit(c) { i in
      let d = surface[i].position - x
      let square = d.dot(d)
      if square < best { (nearest, best) = (i, square) }
    }
    guard nearest >= 0 else { return nil }
    let (q, n) = (surface[nearest].position, surface[nearest].normal)
    let foot = x - n * (x - q).dot(n)
    var (sum, weights, normal) = (Float(0), Float(0), SIMD3<Float>.zero)
    visit(c) { i in
      let o = surface[i]
      let d = foot - o.position
      let exponent = d.dot(d) * inverseSquare
      guard exponent < 6, o.normal.dot(n) > 0.5 else { return }
      let w = o.confidence * exp(-exponent)
      sum += w * (x - o.position).dot(o.normal)
      normal += o.normal * w
      weights += w
    }
    guard weights > 1e-6 else { return Estimate(distance: (x - q).dot(n), normal: n) }
    return Estimate(distance: sum / weights, normal: normal.normalized)
  }

  /// The nearest observation of every other camera that saw the place too: facing the same way, within
  /// `radius`, at most ``reach``.
  func counterparts(
    of o: SurfaceObservation, within radius: Float,
    in surface: UnsafeBufferPointer<SurfaceObservation>
  ) -> [SurfaceObservation] {
    var found: [(index: Int, square: Float)] = []
    visit(Self.cell(o.position, origin, cells)) { i in
      let other = surface[i]
      guard other.camera != o.camera else { return }
      let d = other.position - o.position
      let square = d.dot(d)
      guard square < radius * radius, other.normal.dot(o.normal) > 0.5 else { return }
      if let at = found.firstIndex(where: { surface[$0.index].camera == other.camera }) {
        if square < found[at].square { found[at] = (i, square) }
      } else {
        found.append((i, square))
      }
    }
    return found.map { surface[$0.index] }
  }

  @inline(__always) private func visit(_ c: SIMD3<Int>, _ body: (Int) -> Void) {
    for z in max(0, c.z - 1)...min(cells.z - 1, c.z + 1) {
      for y in max(0, c.y - 1)...min(cells.y - 1, c.y + 1) {
        let row = (z * cells.y + y) * cells.x
        let first = starts[row + max(0, c.x - 1)]
        let last = starts[row + min(cells.x - 1, c.x + 1) + 1]
        for k in first..<last { body(Int(order[Int(k)])) }
      }
    }
  }
}
