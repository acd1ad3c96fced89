import CaptureCore
import Testing

@testable import RayObservations

@Suite struct HollowsTests {
  /// Around the leg, 8 cm above the hem and between it and the skirt.
  private let hollow = DistanceScene.ring(radius: 0.14, height: 0.58)
  /// The middle of the leg above the hem, and of the trunk.
  private let body = [SIMD3<Float>(0, 0.6, 0), SIMD3(0, 0.68, 0), SIMD3(0, 1.05, 0)]

  @Test func aSkirtIsHollowAndTheLegGoesOnInIt() throws {
    let inside = try DistanceScene.skirt.areInside(hollow + body, opening: 0.12)
    #expect(inside == hollow.map { _ in false } + body.map { _ in true })
  }

  @Test(arguments: [0, 0.7]) func whatIsNoWideOpeningIsClosed(_ opening: Double) throws {
    let inside = try DistanceScene.skirt.areInside(hollow + body, opening: opening)
    #expect(inside == (hollow + body).map { _ in true })
  }

  private let grid = CellGrid(origin: .zero, edge: 0.01, counts: SIMD3(40, 34, 40))

  /// Hidden cells of a block that was seen from above and from the sides, from a height on, and those seen.
  private func block(x: Range<Int>, from low: Int) -> (cells: [Int32], seeds: [Float]) {
    var (cells, seeds): ([Int32], [Float]) = ([], [Float](repeating: 0, count: grid.count))
    let (y, z) = (low..<low + 25, 5..<35)
    for i in 0..<grid.count {
      let c = grid.cell(i)
      guard x.contains(c.x), y.contains(c.y), z.contains(c.z) else { continue }
      cells.append(Int32(i))
      let isSide = [x.first, x.last].contains(c.x) || [z.first, z.last].contains(c.z)
      if isSide || c.y == y.last { seeds[i] = 1 }
    }
    return (cells, seeds)
  }

  private func hollows(
    _ block: (cells: [Int32], seeds: [Float]), surface: [SurfaceObservation] = [],
    isFree: (SIMD3<Float>) -> Bool = { _ in true }
  ) -> Hollows {
    Hollows(
      grid, cells: block.cells, seeds: block.seeds, width: 0.12, surface: surface, isFree: isFree)
  }

  @Test func aBlockIsHollowOnlyWhereSpaceIsFreeBelowIt() {
    // One that stands on the border is not.
    #expect(hollows(block(x: 5..<35, from: 0)).isEmpty)
    let lifted = block(x: 5..<35, from: 4)
    let hollow = hollows(lifted)
    #expect(!hollow.isEmpty)
    let low = grid.index(SIMD3(20, 7, 20)), wall = grid.index(SIMD3(5, 20, 20))
    #expect(hollow.contains(low) && hollow.force(low) > 0.1)
    #expect(!hollow.contains(wall) && hollow.force(wall) == 0)
    #expect(hollow.isHidden(wall) && !hollow.isHidden(grid.index(SIMD3(20, 1, 20))))
    // Nor where nobody looks below it.
    #expect(hollows(lifted) { $0.y > 0.04 }.isEmpty)
  }

  @Test("What faces down or hangs straight goes on closing", arguments: [-0.4, 0, 0.4])
  func whatFlaresIsHollow(_ slope: Float) {
    let lifted = block(x: 5..<35, from: 4)
    let leaning = lifted.cells.filter { lifted.seeds[Int($0)] > 0 }.map { i in
      var o = SurfaceObservation()
      let p = grid.center(grid.cell(Int(i))), side = p - SIMD3(0.2, p.y, 0.2)
      let normal = (side.normalized + SIMD3(0, slope, 0)).normalized
      (o.nx, o.ny, o.nz, o.confidence) = (normal.x, normal.y, normal.z, 1)
      let q = p + normal * (0.5 * grid.edge)
      (o.x, o.y, o.z) = (q.x, q.y, q.z)
      return o
    }
    #expect(!leaning.isEmpty)
    #expect(hollows(lifted, surface: leaning).isEmpty == (slope <= 0))
  }

  /// The same block, but beside its far side goes on what is hidden, without a roof.
  @Test func whatHasNoRoofIsAShadow() {
    var shadow = block(x: 5..<40, from: 4)
    for i in shadow.cells.map(Int.init) where grid.cell(i).x >= 22 {
      shadow.seeds[i] = grid.cell(i).x == 22 ? 1 : 0
    }
    let places = [SIMD3(14, 8, 20), SIMD3(32, 8, 20)].map(grid.index)
    // To where nobody looks, or to where cameras saw through.
    let unseen = hollows(shadow) { $0.y < 0.29 }
    #expect(places.map(unseen.contains) == [true, false])
    #expect(places.map(hollows(shadow).contains) == [true, false])
  }
}

@Suite struct CellGridTests {
  @Test func distancesAreThoseToTheNearestMarkedCell() {
    let grid = CellGrid(origin: .zero, edge: 1, counts: SIMD3(9, 7, 11))
    var random = SeededGenerator(seed: 3)
    for share in [Float(0.004), 0.05, 0.5] {
      let marked = (0..<grid.count).map { _ in random.uniform() < share }
      let distances = grid.squaredDistances(toMarked: marked)
      let places = marked.indices.filter { marked[$0] }.map { grid.cell($0) }
      for i in 0..<grid.count {
        let c = grid.cell(i)
        let nearest = places.map { p in ((p &- c) &* (p &- c)).wrappedSum() }.min()
        #expect(distances[i] == nearest.map(Float.init) ?? .infinity)
      }
    }
  }

  @Test func nothingMarkedIsInfinitelyFar() {
    let grid = CellGrid(origin: .zero, edge: 1, counts: SIMD3(3, 2, 4))
    #expect(
      grid.squaredDistances(toMarked: .init(repeating: false, count: 24))
        == .init(repeating: .infinity, count: 24))
  }

  @Test func placesAndCellsAgree() {
    let grid = CellGrid(origin: SIMD3(-1, 2, 0.5), edge: 0.25, counts: SIMD3(4, 5, 6))
    for i in 0..<grid.count {
      #expect(grid.index(grid.cell(i)) == i)
      #expect(grid.index(at: grid.center(grid.cell(i))) == i)
    }
    #expect(grid.index(at: SIMD3(-1.01, 2, 0.5)) == nil)
    #expect(grid.index(at: SIMD3(-0.9, 2, 2.01)) == nil)
    #expect(grid.coarser(by: 2).counts == SIMD3(2, 3, 3))
  }
}
