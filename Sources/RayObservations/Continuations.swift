internal import CaptureCore

/// Surfaces that go on behind what hides them: legs under a skirt, a face under the rim of a helmet.
///
/// Where an image passes from a surface to something nearer, the surface has not ended there. It is carried
/// on straight, along its tangent plane and away from the border, as long as it stays hidden; cells behind it are
/// drawn inside, those in front of it outside: far in hollows, and elsewhere as deep as gaps between parts are.
struct Continuations {
  /// How far surfaces are carried on, metres, in hollows and elsewhere; what is said of cells fades on the way.
  private static let lengths = (hollow: Float(0.5), other: Float(0.1))
  /// What one observation of full confidence says of a cell, in faces.
  private static let gain: Float = 1.5
  /// Most that a cell is drawn to either side, in faces.
  private static let most: Float = 2
  /// Cells that are drawn, counted along the normal from the surface that goes on; the third not in hollows,
  /// which are open anyway. Gaps of two cells have none beyond the first layers, so that training would not see them.
  private static let layers: [Float] = [-2, -1, 1, 2, 3]
  /// How much nearer what hides a surface must be, metres.
  private static let step: Float = 0.06
  /// Pixels around one in which something nearer is looked for, and how many must show it.
  private static let window = 4, enough = 8
  /// Surfaces seen at less than this (cos) have no tangent to rely on.
  private static let leastIncidence: Float = 0.35

  let grid: CellGrid
  /// What was seen, by camera: as it was measured, without margins; nil where there is no image.
  let images: [FreeDepth?]
  /// Confidence of the observations whose far side each cell is.
  let seeds: [Float]
  let hollows: Hollows

  /// By cell, what it costs inside: below zero behind what goes on, above zero in front of it.
  func forces(_ surface: [SurfaceObservation]) -> [Float] {
    var forces = [Float](repeating: 0, count: grid.count)
    for o in surface where o.incidence > Self.leastIncidence {
      guard let along = direction(o) else { continue }
      var s = grid.edge
      while s < (hollows.isEmpty ? Self.lengths.other : Self.lengths.hollow) {
        let p = o.position + along * s
        // Not beyond hidden space, nor into what was seen.
        guard let i = grid.index(at: p), hollows.isHidden(i), s < 3 * grid.edge || seeds[i] == 0
        else { break }
        defer { s += 0.5 * grid.edge }
        guard let front = grid.index(at: p + o.normal * (2 * grid.edge)) else { continue }
        let isHollow = hollows.contains(front)
        let length = isHollow ? Self.lengths.hollow : Self.lengths.other
        guard s < length else { continue }
        let weight = Self.gain * o.confidence * (1 - s / length)
        for layer in Self.layers where !isHollow || layer < 3 {
          guard let i = grid.index(at: p + o.normal * (layer * grid.edge)) else { continue }
          forces[i] += layer < 0 ? -weight : weight
        }
      }
    }
    return forces.map { max(-Self.most, min(Self.most, $0)) }
  }

  /// Where an observation's surface goes on behind something nearer; nil where nothing hides it.
  private func direction(_ o: SurfaceObservation) -> SIMD3<Float>? {
    guard let image = images[Int(o.camera)], let (pixel, z) = image.rays.pixel(o.position),
      let across = image.nearer(than: z - Self.step, around: pixel, Self.window, Self.enough)
    else { return nil }
    let aside = image.rays.rotate(SIMD3(across.x, across.y, 0))
    return (aside - o.direction * (aside.dot(o.normal) / o.direction.dot(o.normal))).normalized
  }
}
