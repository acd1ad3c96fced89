import CaptureCore
import Testing

@testable import RayObservations

@Suite struct PatchNumbersTests {
  @Test func patchesAreSmallAndFaceOneWay() {
    var random = SeededGenerator(seed: 3)
    func vector() -> SIMD3<Float> {
      SIMD3(random.uniform(), random.uniform(), random.uniform()) * 2 - 1
    }
    let places = (0..<2000).map { _ in (place: vector() * 0.1, normal: vector().normalized) }
    let patches = PatchNumbers(places, edge: 0.05)
    #expect(patches.numbers.count == places.count)
    #expect(Set(patches.numbers) == Set(patches.firsts.indices))
    // Four cells on each axis, six sides.
    #expect(patches.firsts.count == 4 * 4 * 4 * 6)
    for (place, number) in zip(places, patches.numbers) {
      let first = places[patches.firsts[number]]
      #expect((place.place - first.place).length < 0.05 * 1.733)
      #expect(place.normal.dot(first.normal) > -0.34)
    }
    #expect(PatchNumbers([], edge: 0.05).firsts.isEmpty)
  }
}
