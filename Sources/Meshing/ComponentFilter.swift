internal import CaptureCore

/// Drops connected surfaces that are too small, unobserved, or hollows.
struct ComponentFilter {
  let configuration: MeshingConfiguration
  let observations: (any FrameObservations)?

  /// One connected surface.
  private struct Component {
    var area = 0.0
    /// Six times the enclosed volume; negative when the surface faces inward.
    var volume = 0.0
    var kept = true
  }

  /// Removes what is dropped and numbers the remaining vertices anew, in their order.
  func apply(to surface: inout RawSurface, _ report: inout MeshReport, threads: Int?) {
    let labels = TriangleMesh.parts(
      vertices: surface.positions.count, triangles: surface.triangles)
    var components = Self.measure(surface, labels, threads: threads)
    report.components = components.count
    dropHollows(&components, &report)
    dropSmall(&components, &report)
    dropUnobserved(surface, labels, &components, &report)
    guard components.contains(where: { !$0.kept }) else { return }
    Self.compact(&surface, labels, components)
  }

  private func dropHollows(_ components: inout [Component], _ report: inout MeshReport) {
    guard !configuration.hollows else { return }
    for i in components.indices where components[i].volume < 0 {
      components[i].kept = false
      report.hollowComponents += 1
    }
  }

  private func dropSmall(_ components: inout [Component], _ report: inout MeshReport) {
    let largest = components.filter(\.kept).map(\.area).max() ?? 0
    let least = max(
      Double(configuration.smallestArea), Double(configuration.smallestShare) * largest)
    for i in components.indices where components[i].kept && components[i].area < least {
      components[i].kept = false
      report.smallComponents += 1
    }
  }

  private func dropUnobserved(
    _ surface: RawSurface, _ labels: [Int32], _ components: inout [Component],
    _ report: inout MeshReport
  ) {
    let within = configuration.observedWithin
    // A lone surface stays whatever the distance: without it there would be no mesh.
    guard let seen = observations?.surface, !seen.isEmpty, within > 0,
      components.count(where: \.kept) > 1
    else { return }
    let cells = Self.observedCubes(seen, within)
    var (near, all) = ([Int](repeating: 0, count: components.count), components.map { _ in 0 })
    for (p, label) in zip(surface.positions, labels) where components[Int(label)].kept {
      all[Int(label)] += 1
      if cells.contains(Self.cube(p, within)) { near[Int(label)] += 1 }
    }
    let unseen = components.indices.filter { components[$0].kept && 10 * near[$0] < all[$0] }
    // The largest stays where no other would.
    let last =
      unseen.count < components.count(where: \.kept)
      ? nil : unseen.max { components[$0].area < components[$1].area }
    for i in unseen where i != last {
      components[i].kept = false
      report.unobservedComponents += 1
    }
  }

  /// Cubes that hold observations or touch cubes that do. A few are none: flying pixels.
  private static func observedCubes(
    _ seen: UnsafeBufferPointer<SurfaceObservation>, _ edge: Float
  ) -> Set<SIMD3<Int32>> {
    var counts: [SIMD3<Int32>: Int] = [:]
    for observation in seen { counts[cube(observation.position, edge), default: 0] += 1 }
    var around: [SIMD3<Int32>: Int] = [:]
    for (cube, count) in counts {
      for offset in neighbourhood { around[cube &+ offset, default: 0] += count }
    }
    return Set(around.lazy.filter { $0.value >= 8 }.map(\.key))
  }

  private static let neighbourhood: [SIMD3<Int32>] = (Int32(0)..<27).map { i in
    SIMD3<Int32>(i % 3, i / 3 % 3, i / 9) &- 1
  }

  /// The cube of the given edge that holds a point; far and undefined places share the last one.
  private static func cube(_ p: SIMD3<Float>, _ edge: Float) -> SIMD3<Int32> {
    var cube = SIMD3<Int32>.zero
    for axis in 0..<3 { cube[axis] = Int32(max(-1e9, min(1e9, (p[axis] / edge).rounded(.down)))) }
    return cube
  }

  private static func measure(
    _ surface: RawSurface, _ labels: [Int32], threads: Int?
  ) -> [Component] {
    // Area, and six times the volume below it, of each triangle; summed up in their order.
    let shares = concurrentValues(surface.triangles.count, threads: threads, block: 2048) { i in
      let t = surface.triangles[i]
      let a = SIMD3<Double>(surface.positions[Int(t.x)])
      let b = SIMD3<Double>(surface.positions[Int(t.y)])
      let c = SIMD3<Double>(surface.positions[Int(t.z)])
      return SIMD2((b - a).cross(c - a).length * 0.5, a.dot(b.cross(c)))
    }
    var components = [Component](repeating: Component(), count: Int((labels.max() ?? -1) + 1))
    for (t, share) in zip(surface.triangles, shares) {
      let label = Int(labels[Int(t.x)])
      components[label].area += share.x
      components[label].volume += share.y
    }
    return components
  }

  private static func compact(
    _ surface: inout RawSurface, _ labels: [Int32], _ components: [Component]
  ) {
    var number = [UInt32](repeating: 0, count: labels.count)
    var count = 0
    for (i, label) in labels.enumerated() where components[Int(label)].kept {
      number[i] = UInt32(count)
      surface.positions[count] = surface.positions[i]
      surface.kinds[count] = surface.kinds[i]
      surface.room[count] = surface.room[i]
      count += 1
    }
    surface.positions.removeLast(labels.count - count)
    surface.kinds.removeLast(labels.count - count)
    surface.room.removeLast(labels.count - count)
    surface.triangles = surface.triangles.filter { components[Int(labels[Int($0.x)])].kept }
    for i in surface.triangles.indices {
      let t = surface.triangles[i]
      surface.triangles[i] = SIMD3(number[Int(t.x)], number[Int(t.y)], number[Int(t.z)])
    }
  }
}
