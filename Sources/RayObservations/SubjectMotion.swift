public import CaptureCore
internal import Foundation

/// How a subject moved from one instant to another, told from what the same cameras saw at both.
///
/// A graph of nodes lies over the surface; each has a rotation and a shift of its own, and a place is
/// carried by those next to it. The nodes bring what was seen first onto what was seen second, and agree
/// with their neighbours about each other's place, so that parts that nobody follows move with those
/// that somebody does:
///
///     Σ ρ(n · (x' − y)) + λ Σ ρ(|R_a (g_b − g_a) + g_a + t_a − g_b − t_b|),   x' = Σ w_i (R_i (x − g_i) + g_i + t_i)
///
/// where y is the nearest observation to x' with a like normal, found anew as λ and the reach shrink. Nodes
/// that disagree by more than a tolerance, which shrinks too, count as parts of their own: bodies are stiff
/// between their joints. A subject that turned too far to be followed so, and parts that swung too far, are
/// searched for (``PartSearch``).
/// Source: Sumner, Schmid, Pauly, *Embedded deformation for shape manipulation*, SIGGRAPH 2007.
public struct SubjectMotion: Sendable {
  /// Mean distance between nodes, metres.
  static let spacing: Float = 0.09
  /// How far matches are looked for (metres), λ in matches, by how much nodes may disagree (metres), rounds,
  /// and for how many places.
  private typealias Step = (
    reach: Float, stiffness: Float, tolerance: Float, rounds: Int, matched: Int
  )
  private static let schedule: [Step] = [
    (0.3, 3000, 1, 12, 1000), (0.2, 1000, 1, 6, 1000), (0.12, 300, 0.1, 5, 2000),
    (0.08, 200, 0.03, 4, 4000), (0.05, 200, 0.01, 4, mostMatched),
    (0.03, 200, 0.003, 4, mostMatched),
  ]
  /// Matches further from their plane than this count less, metres.
  private static let robust: Float = 0.01
  /// No rounds follow one in which no node went further, metres.
  private static let settled: Float = 2e-4
  private static let mostMatched = 6000

  /// Nodes that a node agrees with.
  private static let neighbours = 8

  private var nodes: [Node] = []
  private var holds = NodeHolds([])
  private var edges: [(a: Int, b: Int)] = []
  /// Share of what was seen first that lies on what was seen second, after the motion.
  public private(set) var agreement: Float = 0
  /// The same, but less of it counts the more its colours differ: what is round agrees however it is turned.
  private var likeness: Float = 0
  /// Colours that differ by so much in any channel are not alike.
  private static let unlike: Float = 0.3

  /// Share of all that must agree for all nodes to be trusted.
  private static let leastAgreement: Float = 0.9
  /// Share of what a node was told that must agree for it to be trusted where not all is.
  private static let leastTrust: Float = 0.85

  /// The whole, and then this often parts, as one may hang on another, are searched for where less than this agrees;
  /// what follows then begins with a step that no longer holds them in place.
  private static let searches = 2
  private static let searchedBelow: Float = 0.97
  private static let firstAfter = (whole: 2, parts: 3)
  /// What is farther away is somebody else, metres.
  private static let farthest: Float = 1
  /// Smaller parts are not searched for, share of what was seen.
  private static let leastPart: Float = 0.02
  /// What was seen second is explained by what comes to lie this near, metres.
  private static let explained: Float = 0.02

  /// A place that was seen first, and the nodes that carry it.
  private typealias Held = (seen: SurfaceObservation, hold: NodeHolds.Hold)

  private struct Node: Sendable {
    let place: SIMD3<Float>
    /// Whether what it carries comes to lie on what was seen second.
    var isTrusted = false
    var turn = Turn()
    var shift = SIMD3<Float>.zero

    func rotate(_ v: SIMD3<Float>) -> SIMD3<Float> { turn.rotate(v) }
    func carry(_ p: SIMD3<Float>) -> SIMD3<Float> { rotate(p - place) + place + shift }
    mutating func place(_ placement: PartSearch.Placement) {
      turn = placement.turn
      shift = placement.carry(place) - place
    }
  }

  /// - Parameters:
  ///   - first, second: What the same cameras saw at both instants.
  ///   - carried: What else is to be carried.
  /// - Complexity: O(observations + nodes²): some tenths of a second for a person.
  public init(
    from first: [SurfaceObservation], to second: [SurfaceObservation],
    carrying carried: [SurfaceObservation]
  ) {
    guard !first.isEmpty, !second.isEmpty else { return }
    nodes = Self.nodes(over: first, carried)
    holds = NodeHolds(nodes.map(\.place))
    edges = Self.edges(nodes)
    fit(first, second, Self.schedule[...])
    let held = first.evenlySpread(Self.mostMatched).map {
      (seen: $0, hold: holds.hold($0.position))
    }
    var told = judge(held, second)
    /// Keeps another motion, fitted from a step of the schedule on, if it is more alike.
    func keep(_ other: SubjectMotion, fittedFrom step: Int) -> Bool {
      var other = other
      other.fit(first, second, Self.schedule[step...])
      let otherTold = other.judge(held, second)
      guard other.likeness > likeness else { return false }
      (self, told) = (other, otherTold)
      return true
    }
    var whole = self
    if agreement < Self.searchedBelow, whole.placeWhole(held, second) {
      _ = keep(whole, fittedFrom: Self.firstAfter.whole)
    }
    for _ in 0..<Self.searches where agreement < Self.searchedBelow {
      var parts = self
      guard parts.placeLostParts(told, held, second),
        keep(parts, fittedFrom: Self.firstAfter.parts)
      else { break }
    }
    let all = agreement >= Self.leastAgreement
    for i in nodes.indices { nodes[i].isTrusted = all || Self.agrees(told[i]) }
  }

  /// Whether most of what a node was told agrees.
  private static func agrees(_ told: SIMD2<Float>) -> Bool {
    told.y > 0 && told.x >= leastTrust * told.y
  }

  private mutating func fit(
    _ first: [SurfaceObservation], _ second: [SurfaceObservation], _ schedule: ArraySlice<Step>
  ) {
    for step in schedule {
      let places = first.evenlySpread(step.matched)
      let held = places.map { (seen: $0, hold: holds.hold($0.position)) }
      let target = SurfaceCells(second.evenlySpread(4 * step.matched), reach: step.reach)
      for _ in 0..<step.rounds {
        if improve(held, target, step) < Self.settled { break }
      }
    }
  }

  /// Finds out what comes to lie on what was seen second: ``agreement``, ``likeness``, and by node how much of what
  /// it was told, and all of it.
  private mutating func judge(_ held: [Held], _ second: [SurfaceObservation]) -> [SIMD2<Float>] {
    let target = SurfaceCells(second, reach: 2 * Self.robust)
    var told = [SIMD2<Float>](repeating: .zero, count: nodes.count)
    var (agreeing, alike): (Float, Float) = (0, 0)
    for (o, hold) in held {
      let moved = carried(o, by: hold)
      let there = target.nearest(moved.position, facing: moved.normal, within: 2 * Self.robust)
      let agrees = there != nil
      if let there {
        agreeing += 1
        alike += Self.likeness(o, there)
      }
      for k in 0..<hold.count {
        told[Int(hold.nodes[k])] += SIMD2(agrees ? 1 : 0, 1) * hold.weights[k]
      }
    }
    (agreement, likeness) = (agreeing / Float(held.count), alike / Float(held.count))
    return told
  }

  /// How far the colours of two observations are alike, 0 to 1; 1 where one has none.
  private static func likeness(_ a: SurfaceObservation, _ b: SurfaceObservation) -> Float {
    guard let a = a.color, let b = b.color else { return 1 }
    return max(0, 1 - pointwiseMax(a - b, b - a).max() / unlike)
  }

  // MARK: What was lost

  /// Moves all to where it is rather, as if it were stiff.
  ///
  /// - Returns: Whether it was moved.
  private mutating func placeWhole(_ held: [Held], _ second: [SurfaceObservation]) -> Bool {
    let (places, target) = (held.map(\.seen), second.evenlySpread(Self.mostMatched))
    let (from, to) = (Self.middle(places), Self.middle(target))
    guard (to - from).length < Self.farthest,
      let placement = PartSearch(target).placement(of: places, joint: from, movedTo: to)
    else { return false }
    for i in nodes.indices { nodes[i].place(placement) }
    return true
  }

  private static func middle(_ surface: [SurfaceObservation]) -> SIMD3<Float> {
    surface.reduce(.zero) { $0 + $1.position } / Float(surface.count)
  }

  /// Moves parts that do not agree to where they are rather.
  ///
  /// - Returns: Whether any was moved.
  private mutating func placeLostParts(
    _ told: [SIMD2<Float>], _ held: [Held], _ second: [SurfaceObservation]
  ) -> Bool {
    let parts = lostParts(told)
    guard parts.contains(where: { $0 != nil }) else { return false }
    var seen: [Int: [SurfaceObservation]] = [:]
    var explaining: [SurfaceObservation] = []
    for (o, hold) in held where hold.count > 0 {
      if let part = parts[Int(hold.nodes[0])] {
        seen[part, default: []].append(o)
      } else {
        explaining.append(carried(o, by: hold))
      }
    }
    let explained = SurfaceCells(explaining, reach: Self.explained)
    let search = PartSearch(
      second.evenlySpread(Self.mostMatched).filter {
        explained.nearest($0.position, facing: $0.normal, within: Self.explained) == nil
      })
    var isAnyMoved = false
    for (part, places) in seen.sorted(by: { $0.key < $1.key })
    where Float(places.count) >= Self.leastPart * Float(held.count) {
      // Where it hangs on what was followed; by its middle, where it hangs on nothing.
      let border = edges.filter { parts[$0.a] == part && parts[$0.b] == nil && told[$0.b].y > 0 }
      var (joint, moved) = (SIMD3<Float>.zero, SIMD3<Float>.zero)
      for (a, b) in border {
        let middle = (nodes[a].place + nodes[b].place) / 2
        joint += middle / Float(border.count)
        moved += nodes[b].carry(middle) / Float(border.count)
      }
      if border.isEmpty {
        joint = Self.middle(places)
        moved = joint
      }
      guard let placement = search.placement(of: places, joint: joint, movedTo: moved) else {
        continue
      }
      isAnyMoved = true
      for i in nodes.indices where parts[i] == part { nodes[i].place(placement) }
    }
    return isAnyMoved
  }

  /// By node, the number of the part to which it belongs of those that do not agree.
  private func lostParts(_ told: [SIMD2<Float>]) -> [Int?] {
    var parts = [Int?](repeating: nil, count: nodes.count)
    let isLost = told.map { $0.y > 0 && !Self.agrees($0) }
    var beside = [[Int]](repeating: [], count: nodes.count)
    for (a, b) in edges
    where (nodes[a].place - nodes[b].place).length < 2.5 * Self.spacing {
      beside[a].append(b)
      beside[b].append(a)
    }
    for start in nodes.indices where isLost[start] && parts[start] == nil {
      parts[start] = start
      var open = [start]
      while let next = open.popLast() {
        for other in beside[next] where isLost[other] && parts[other] == nil {
          parts[other] = start
          open.append(other)
        }
      }
    }
    // What nobody saw goes with what was seen next to it.
    let seen = nodes.indices.filter { told[$0].y > 0 }
    for i in nodes.indices where told[i].y == 0 {
      let nearest = seen.min {
        (nodes[$0].place - nodes[i].place).lengthSquared
          < (nodes[$1].place - nodes[i].place).lengthSquared
      }
      parts[i] = nearest.flatMap { parts[$0] }
    }
    return parts
  }

  /// An observation after the motion; its ray stays as it was.
  func carried(_ seen: SurfaceObservation) -> SurfaceObservation {
    carried(seen, by: holds.hold(seen.position))
  }

  /// The same; nil where it is not understood how the place moved.
  func carriedIfTrusted(_ seen: SurfaceObservation) -> SurfaceObservation? {
    let hold = holds.hold(seen.position)
    return isTrusted(hold) ? carried(seen, by: hold) : nil
  }

  private func carried(_ seen: SurfaceObservation, by hold: NodeHolds.Hold) -> SurfaceObservation {
    var o = seen
    let (p, n) = (carry(seen.position, hold), turn(seen.normal, hold).normalized)
    (o.x, o.y, o.z) = (p.x, p.y, p.z)
    (o.nx, o.ny, o.nz) = (n.x, n.y, n.z)
    return o
  }

  /// Where a place of the surface, world metres, lies after the motion; nil where that is not understood.
  public func carry(_ place: SIMD3<Float>) -> SIMD3<Float>? {
    let hold = holds.hold(place)
    return isTrusted(hold) ? carry(place, hold) : nil
  }

  /// Whether it is understood how a place moved.
  private func isTrusted(_ hold: NodeHolds.Hold) -> Bool {
    hold.count > 0 && (0..<hold.count).allSatisfy { nodes[Int(hold.nodes[$0])].isTrusted }
  }

  // MARK: The graph

  private static func nodes(
    over first: [SurfaceObservation], _ carried: [SurfaceObservation]
  ) -> [Node] {
    var cells: [SIMD3<Int32>: SIMD4<Float>] = [:]
    for o in first.evenlySpread(4 * mostMatched) + carried.evenlySpread(4 * mostMatched) {
      let c = SIMD3<Int32>((o.position / spacing).rounded(.down))
      cells[c, default: .zero] += SIMD4(o.position, 1)
    }
    let order = cells.keys.sorted { ($0.z, $0.y, $0.x) < ($1.z, $1.y, $1.x) }
    return order.compactMap { key in
      cells[key].map { Node(place: SIMD3($0.x, $0.y, $0.z) / $0.w) }
    }
  }

  private static func edges(_ nodes: [Node]) -> [(a: Int, b: Int)] {
    nodes.indices.flatMap { a in
      nodes.indices.filter { $0 != a }
        .map { (b: $0, square: (nodes[$0].place - nodes[a].place).lengthSquared) }
        .sorted { ($0.square, $0.b) < ($1.square, $1.b) }
        .prefix(neighbours).map { (a: a, b: $0.b) }
    }
  }

  private func carry(_ p: SIMD3<Float>, _ hold: NodeHolds.Hold) -> SIMD3<Float> {
    var sum = SIMD3<Float>.zero
    for k in 0..<hold.count { sum += nodes[Int(hold.nodes[k])].carry(p) * hold.weights[k] }
    return sum
  }

  private func turn(_ n: SIMD3<Float>, _ hold: NodeHolds.Hold) -> SIMD3<Float> {
    var sum = SIMD3<Float>.zero
    for k in 0..<hold.count { sum += nodes[Int(hold.nodes[k])].rotate(n) * hold.weights[k] }
    return sum
  }

  // MARK: Fitting

  /// Matches anew and solves once.
  ///
  /// - Returns: The farthest that a node went, metres.
  private mutating func improve(
    _ matched: [Held], _ target: SurfaceCells,
    _ step: Step
  ) -> Float {
    var problem = NodeEquations(nodes: nodes.count)
    var isTold = [Bool](repeating: false, count: nodes.count)
    for (o, hold) in matched {
      let p = carry(o.position, hold)
      guard let y = target.nearest(p, facing: turn(o.normal, hold), within: step.reach) else {
        continue
      }
      let residual = y.normal.dot(p - y.position)
      let scaled = residual / Self.robust
      let root = 1 / (1 + scaled * scaled)
      for k in 0..<hold.count {
        let (node, weight) = (Int(hold.nodes[k]), hold.weights[k])
        isTold[node] = true
        let arm = nodes[node].rotate(o.position - nodes[node].place)
        problem.add(
          node, turn: arm.cross(y.normal) * (weight * root), shift: y.normal * (weight * root))
      }
      problem.close(residual: residual * root)
    }
    let root = (step.stiffness * Float(problem.count) / Float(max(1, edges.count)) / 100)
      .squareRoot()
    for (a, b) in edges {
      let arm = nodes[a].rotate(nodes[b].place - nodes[a].place)
      let error = arm + nodes[a].place + nodes[a].shift - nodes[b].place - nodes[b].shift
      // What nobody follows has nothing but its neighbours.
      let square = isTold[a] && isTold[b] ? error.lengthSquared : 0
      let tolerated = root / (1 + square / (step.tolerance * step.tolerance))
      for axis in 0..<3 {
        var n = SIMD3<Float>.zero
        n[axis] = tolerated
        problem.add(a, turn: arm.cross(n), shift: n)
        problem.add(b, turn: .zero, shift: -n)
        problem.close(residual: error[axis] * tolerated)
      }
    }
    var farthest: Float = 0
    for (i, change) in problem.solve().enumerated() {
      nodes[i].turn = nodes[i].turn.turned(change.turn)
      nodes[i].shift += change.shift
      farthest = max(farthest, change.shift.length)
    }
    return farthest
  }
}

extension SIMD3<Float> {
  fileprivate var lengthSquared: Float { dot(self) }
}
