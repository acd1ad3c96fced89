internal import CaptureCore
internal import Foundation

/// Finds how two cameras stand to each other when nothing is known: by voting, then by looking.
///
/// A plane that both see (floor, table, wall) leaves one angle and two lengths. For each angle, pairs
/// of points of equal height and fitting normals vote for a shift; over several moments, as the shift
/// is always the same while a subject moves. Without a plane all rotations are tried. What many votes
/// speak for is judged by the images: how much of what stands off the plane lies on the other
/// camera's surface, less what the other camera looks through. Planes themselves do not count: they
/// fit anywhere.
struct PairSearch: Sendable {
  /// One way in which the cameras may stand.
  struct Candidate: Sendable {
    var toFromFrom: RigidTransform
    var score: Double
  }

  /// How much of what stands off the planes of two cameras fits, and how well.
  struct Agreement: Sendable {
    /// Pixels tried; of these within the gate of the other camera's surface, with a like normal; seen
    /// through by the other camera; in its image where it measured nothing.
    private(set) var tried = 0, matched = 0, seenThrough = 0, blank = 0
    /// Sum of the matches' robust weights.
    private(set) var robust = 0.0

    /// Matched less looked through, less half of where the other camera should have seen something
    /// and did not, -1...1.
    var score: Double {
      tried > 0 ? (robust - Double(seenThrough) - 0.5 * Double(blank)) / Double(tried) : -1
    }
    /// Share of the pixels that fit, 0...1.
    var share: Double { tried > 0 ? robust / Double(tried) : 0 }
    /// What fits, of all that lies near the other camera's surface or is looked through, 0...1: bodies
    /// that are laid into each other otherwise than they were recorded lie near, but do not fit.
    var consistency: Double {
      matched + seenThrough > 0 ? robust / Double(matched + seenThrough) : 0
    }
    /// Share of the pixels that lie near and do not fit, or are looked through, 0...1.
    var misfit: Double {
      tried > 0 ? (Double(matched + seenThrough) - robust) / Double(tried) : 0
    }

    mutating func add(_ sums: PairSums) {
      tried += sums.tried
      matched += sums.matched
      seenThrough += sums.seenThrough
      blank += sums.blank
      robust += sums.robust
    }
  }

  /// What one camera shows, in its depth lens' frame.
  struct View: Sendable {
    var planes: [SurfacePlane]
    /// By moment.
    var points: [[SurfacePoint]]
    /// The camera's stream as it is, and with pixels on planes taken out of what is compared.
    var all, offPlanes: AlignmentFrames.Stream
  }

  private static let angles = 72
  private static let cell: Float = 0.1
  private static let cells = 128
  private static let judged = 400

  let configuration: AlignmentConfiguration

  /// - Parameter between: Whether the cameras' clocks differ.
  func candidates(_ a: View, _ b: View, between: Bool, keep: Int) -> [Candidate] {
    var found: [(votes: Int, pose: RigidTransform)] = []
    for first in a.planes {
      for second in b.planes { found += onPlanes(a, first, b, second) }
    }
    // With a plane in both and nothing on it, rotations would be judged by nothing.
    if a.planes.isEmpty || b.planes.isEmpty { found = allRotations(a, b) }
    found.sort { $0.votes > $1.votes }
    let judged = found.prefix(Self.judged).map { candidate in
      Candidate(
        toFromFrom: candidate.pose,
        score: agreement(
          a, b, candidate.pose, between: between, pixels: 400, rule: .likely(gate: 0.12)
        ).score)
    }.sorted { $0.score > $1.score }
    var kept: [Candidate] = []
    for candidate in judged where kept.count < keep {
      if !kept.contains(where: { Self.isNear($0.toFromFrom, candidate.toFromFrom) }) {
        kept.append(candidate)
      }
    }
    return kept
  }

  static func isNear(
    _ a: RigidTransform, _ b: RigidTransform, degrees: Double = 12, metres: Double = 0.2
  ) -> Bool {
    let difference = a.inverse * b
    return difference.turn.length < degrees * .pi / 180
      && (a.apply(SIMD3(0, 0, 2)) - b.apply(SIMD3(0, 0, 2))).length < metres
  }

  /// How well what stands off the planes agrees.
  ///
  /// - Parameters:
  ///   - between: Whether the cameras' clocks differ; then `shift` is added to the first one's times
  ///     on the second one's clock, seconds.
  ///   - pixels: About how many pixels of an image are tried.
  func agreement(
    _ a: View, _ b: View, _ toFromFrom: RigidTransform, between: Bool, shift: Double = 0,
    pixels: Int, rule: MatchRule
  ) -> Agreement {
    var result = Agreement()
    for (from, to, pose, shift) in [
      (a, b, toFromFrom, shift), (b, a, toFromFrom.inverse, -shift),
    ] {
      var rule = rule
      let size = from.all.lens.width * from.all.lens.height
      rule.stride = max(1, Int((Double(size) / Double(pixels)).squareRoot()))
      let search = MatchSearch(
        from: from.offPlanes, to: to.all, fromPose: FloatPose(pose, from: .zero),
        toPose: FloatPose(.identity, from: .zero), rule: rule, configuration: configuration,
        between: between)
      var sums = PairSums()
      for (moment, source) in from.offPlanes.sources.enumerated() {
        guard let source else { continue }
        search.add(
          source: source, time: from.all.times[source] + shift, seed: 7 * moment, to: &sums)
      }
      result.add(sums)
    }
    return result
  }

  // MARK: Voting

  private func onPlanes(
    _ a: View, _ first: SurfacePlane, _ b: View, _ second: SurfacePlane
  ) -> [(votes: Int, pose: RigidTransform)] {
    let (levelA, levelB) = (Self.level(first), Self.level(second))
    let (pointsA, pointsB) = (
      a.points.map { Self.standing($0, first, levelA) },
      b.points.map { Self.standing($0, second, levelB) }
    )
    var result: [(votes: Int, pose: RigidTransform)] = []
    guard pointsA.contains(where: { !$0.isEmpty }), pointsB.contains(where: { !$0.isEmpty }) else {
      return []
    }
    for step in 0..<Self.angles {
      let turn = RigidTransform(
        turn: SIMD3(0, 2 * .pi * Double(step) / Double(Self.angles), 0))
      for (votes, shift) in vote(pointsA, pointsB, turn, heights: 0.05) {
        let moved = RigidTransform(rows: turn.rows, translation: SIMD3<Double>(shift))
        result.append((votes, levelB.inverse * moved * levelA))
      }
    }
    return result
  }

  /// Rotations about 20 degrees apart, each with the shifts that most pairs speak for.
  private func allRotations(_ a: View, _ b: View) -> [(votes: Int, pose: RigidTransform)] {
    var result: [(votes: Int, pose: RigidTransform)] = []
    // Directions of a spiral on the sphere, and turns about each.
    let directions = 100
    for i in 0..<directions {
      let y = 1 - 2 * (Double(i) + 0.5) / Double(directions)
      let angle = Double(i) * .pi * (3 - 5.0.squareRoot())
      let r = (1 - y * y).squareRoot()
      let axis = SIMD3(r * cos(angle), y, r * sin(angle))
      let aside = axis.cross(SIMD3(0, 1, 0))
      let tilt = RigidTransform(turn: aside.length > 1e-6 ? aside.normalized * acos(y) : .zero)
      for step in 0..<18 {
        let turn = RigidTransform(turn: SIMD3(0, 2 * .pi * Double(step) / 18, 0)) * tilt
        for (votes, shift) in vote(a.points, b.points, turn, heights: nil) {
          result.append(
            (votes, RigidTransform(rows: turn.rows, translation: SIMD3<Double>(shift))))
        }
      }
    }
    return result
  }

  /// The motion into a frame with the plane at y = 0 and its normal up.
  static func level(_ plane: SurfacePlane) -> RigidTransform {
    let y = SIMD3<Double>(plane.normal).normalized
    let aside = abs(y.x) < 0.7 ? SIMD3<Double>(1, 0, 0) : SIMD3(0, 0, 1)
    let x = (aside - y * y.dot(aside)).normalized
    return RigidTransform(
      rows: (x, y, x.cross(y)), translation: SIMD3(0, Double(plane.offset), 0))
  }

  /// Points off the plane, levelled.
  private static func standing(
    _ points: [SurfacePoint], _ plane: SurfacePlane, _ level: RigidTransform
  ) -> [SurfacePoint] {
    points.compactMap { p in
      guard !PlaneFinder.isOn(plane, p, loose: 2) else { return nil }
      return SurfacePoint(
        position: SIMD3<Float>(level.apply(SIMD3<Double>(p.position))),
        normal: SIMD3<Float>(level.rotate(SIMD3<Double>(p.normal))))
    }
  }

  /// The shifts with most votes for one rotation; level ones where heights have to agree.
  private func vote(
    _ a: [[SurfacePoint]], _ b: [[SurfacePoint]], _ turn: RigidTransform, heights: Float?
  ) -> [(votes: Int, shift: SIMD3<Float>)] {
    let side = Self.cells
    let layers = heights == nil ? 32 : 1
    let coarse = heights == nil ? 2 * Self.cell : Self.cell
    var grid = [Int32](repeating: 0, count: side * side * layers)
    let pose = FloatPose(turn, from: .zero)
    grid.withUnsafeMutableBufferPointer { grid in
      for (pointsA, pointsB) in zip(a, b) {
        for p in pointsA {
          let (position, normal) = (pose.rotate(p.position), pose.rotate(p.normal))
          for q in pointsB where normal.dot(q.normal) > 0.8 {
            let shift = q.position - position
            if let heights, abs(shift.y) > heights { continue }
            let (x, z) = (Int(shift.x / coarse) + side / 2, Int(shift.z / coarse) + side / 2)
            let y = heights == nil ? Int(shift.y / coarse) + layers / 2 : 0
            guard x >= 0, z >= 0, x < side, z < side, y >= 0, y < layers else { continue }
            grid[(y * side + z) * side + x] += 1
          }
        }
      }
    }
    return (0..<3).compactMap { _ in
      guard let best = grid.indices.max(by: { grid[$0] < grid[$1] }), grid[best] > 0 else {
        return nil
      }
      let (x, z, y) = (best % side, best / side % side, best / side / side)
      let votes = Int(grid[best])
      // The next one shall be another place.
      for dz in max(0, z - 1)...min(side - 1, z + 1) {
        for dx in max(0, x - 1)...min(side - 1, x + 1) { grid[(y * side + dz) * side + dx] = 0 }
      }
      func middle(_ i: Int, _ count: Int) -> Float {
        let i = i - count / 2
        return (Float(i) + (i > 0 ? 0.5 : i < 0 ? -0.5 : 0)) * coarse
      }
      return (
        votes,
        SIMD3(middle(x, side), heights == nil ? middle(y, layers) : 0, middle(z, side))
      )
    }
  }
}
