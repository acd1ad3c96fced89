import CaptureCore
import Testing

@Suite struct PointCellsTests {
  /// The numbers of the points that are visited near a place.
  private func visited(_ cells: PointCells, _ p: SIMD3<Float>) -> [Int32] {
    var numbers: [Int32] = []
    cells.near(p) { places in numbers += cells.order[places] }
    return numbers.sorted()
  }

  @Test func allWithinReachAreVisitedOnce() {
    var random = SeededGenerator(seed: 5)
    func point() -> SIMD3<Float> {
      SIMD3(random.uniform(), 2 * random.uniform(), 0.3 * random.uniform())
    }
    let points = (0..<500).map { _ in point() }
    let cells = PointCells(points, reach: 0.15)
    #expect(cells.order.sorted() == (0..<500).map { Int32($0) })
    for _ in 0..<50 {
      let p = point() * 1.3 - 0.2
      let found = visited(cells, p)
      #expect(found == Array(Set(found)).sorted())
      let near = points.indices.filter { (points[$0] - p).length <= 0.15 }.map { Int32($0) }
      #expect(Set(near).isSubset(of: found))
      #expect(found.count < 200)
    }
  }

  @Test func whatLiesFarApartTakesNoMoreCells() {
    let far: [SIMD3<Float>] = [.zero, SIMD3(5000, 0, 5000), SIMD3(5000, 1, 0)]
    let cells = PointCells(far, reach: 0.01)
    #expect(visited(cells, SIMD3(5000, 1.005, 0)).contains(2))
    #expect(visited(cells, SIMD3(-9000, 0, 0)).isEmpty)
    #expect(visited(cells, SIMD3(.nan, 0, 0)).isEmpty)
    #expect(visited(PointCells([], reach: 1), .zero).isEmpty)
  }
}
