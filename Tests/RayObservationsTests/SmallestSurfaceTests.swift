import Testing

@testable import RayObservations

@Suite struct SmallestSurfaceTests {
  private let n = SIMD3(40, 40, 40)

  private func index(_ x: Int, _ y: Int, _ z: Int) -> Int { (z * n.y + y) * n.x + x }

  /// Inside or not, by index, when all cells but the border may be inside.
  private func solve(_ force: (SIMD3<Int>) -> Float) -> [Bool] {
    var level = SmallestSurface.Level(counts: n, cells: [], forces: [])
    for z in 4..<n.z - 4 {
      for y in 4..<n.y - 4 {
        for x in 4..<n.x - 4 {
          level.cells.append(Int32(index(x, y, z)))
          level.forces.append(force(SIMD3(x, y, z)))
        }
      }
    }
    let u = SmallestSurface.solve(level)
    var inside = [Bool](repeating: false, count: n.x * n.y * n.z)
    for (i, value) in zip(level.cells, u) { inside[Int(i)] = value > 0.5 }
    return inside
  }

  @Test func nothingKnownIsOutside() { #expect(solve { _ in 0 }.count { $0 } == 0) }

  @Test func aBodySeenFromFiveSidesIsClosedAtTheSixth() {
    let wall = 12...25
    let inside = solve { p in
      guard (0..<3).allSatisfy({ wall.contains(p[$0]) }) else { return 0 }
      let isFace = p.x == 12 || p.x == 25 || p.y == 12 || p.y == 25 || p.z == 12
      return isFace ? -12 : 0
    }
    #expect(inside[index(18, 18, 18)])
    #expect(inside[index(18, 18, 22)])
    #expect(!inside[index(18, 18, 29)])
    #expect(!inside[index(8, 18, 18)])
  }

  /// Joining two plates of 14 × 14 cells costs the gap's sides, leaving them apart its two faces:
  /// 4 · 14 · gap against 2 · 14², which are equal at a gap of 7.
  @Test(arguments: [(3, true), (5, true), (11, false), (13, false)])
  func aGapIsFilledWhereThatHasLessSurface(_ gap: Int, _ isFilled: Bool) {
    let plate = 12...25
    let inside = solve { p in
      guard plate.contains(p.x), plate.contains(p.y) else { return 0 }
      return p.z == 12 || p.z == 13 + gap ? -12 : 0
    }
    #expect(inside[index(18, 18, 12)] && inside[index(18, 18, 13 + gap)])
    #expect(inside[index(18, 18, 13 + gap / 2)] == isFilled)
  }

  @Test func whatWasProbablySeenThroughStaysOutside() {
    let plate = 12...25
    let inside = solve { p in
      guard plate.contains(p.x), plate.contains(p.y) else { return 0 }
      return p.z == 12 || p.z == 16 ? -12 : p.z == 14 ? 3 : 0
    }
    #expect(inside[index(18, 18, 12)] && inside[index(18, 18, 16)])
    #expect(!inside[index(18, 18, 14)])
  }
}
