import CaptureCore
import Testing

@Suite struct PointCellsTests {
  /// The numbers of the points that are visited near a place.
  private func visited(_ cells: PointCells, _ p: SIMD3<Float>) -> [Int32] {
    var numbers: [Int32] = []
    cells.near(p) { places in numbers += cells.order[places] }
    return numbers.sorted()
  }

  private func point(_ random: inout SeededGenerator) -> SIMD3<Float> {
    SIMD3(random.uniform(), 2 * random.uniform(), 0.3 * random.uniform())
  }

  @Test func allWithinReachAreVisitedOnce() {
    var random = SeededGenerator(seed: 5)
    let points = (0..<500).map { _ in point(&random) }
    let cells = PointCells(points, reach: 0.15)
    #expect(cells.order.sorted() == (0..<500).map { Int32($0) })
    for _ in 0..<50 {
      let p = point(&random) * 1.3 - 0.2
      let found = visited(cells, p)
      #expect(found == Array(Set(found)).sorted())
      let near = points.indices.filter { (points[$0] - p).length <= 0.15 }.map { Int32($0) }
      #expect(Set(near).isSubset(of: found))
      #expect(found.count < 200)
    }
  }

  @Test func allInABoxAreVisitedOnce() {
    var random = SeededGenerator(seed: 6)
    let points = (0..<500).map { _ in point(&random) }
    let cells = PointCells(points, reach: 0.05)
    func inside(_ box: BoundingBox) -> [Int32] {
      var numbers: [Int32] = []
      cells.inside(box) { places in numbers += cells.order[places] }
      return numbers.sorted()
    }
    for _ in 0..<50 {
      let (p, q) = (point(&random) * 1.3 - 0.2, point(&random) * 1.3 - 0.2)
      let box = BoundingBox(lower: pointwiseMin(p, q), upper: pointwiseMax(p, q))
      let found = inside(box)
      #expect(found == Array(Set(found)).sorted())
      let there = points.indices.filter { box.contains(points[$0]) }.map { Int32($0) }
      #expect(Set(there).isSubset(of: found))
      let wide = BoundingBox(lower: box.lower - 0.06, upper: box.upper + 0.06)
      #expect(found.allSatisfy { wide.contains(points[Int($0)]) })
    }
    let all = BoundingBox(lower: SIMD3(repeating: -1e30), upper: SIMD3(repeating: 1e30))
    #expect(inside(all).count == 500)
    #expect(inside(.empty).isEmpty)
    #expect(inside(BoundingBox(lower: .zero, upper: SIMD3(1, .nan, 1))).isEmpty)
    #expect(inside(BoundingBox(lower: SIMD3(5, 5, 5), upper: SIMD3(6, 6, 6))).isEmpty)
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
