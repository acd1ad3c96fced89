import CaptureCore
import Testing

@Suite struct EvenlySpreadTests {
  @Test func aFewOfManyAreSpreadOverAllOfThem() {
    #expect(Array(0..<10).evenlySpread(4) == [0, 2, 5, 7])
    #expect(Array(0..<480).evenlySpread(3) == [0, 160, 320])
  }

  @Test func thereAreNeverMoreThanThereWere() {
    for count in [3, 4, 1000, .max] { #expect([7, 8, 9].evenlySpread(count) == [7, 8, 9]) }
    #expect([7, 8, 9].evenlySpread(1) == [7])
    #expect([7, 8, 9].evenlySpread(0).isEmpty)
    #expect([7, 8, 9].evenlySpread(-1).isEmpty)
    #expect([Int]().evenlySpread(2).isEmpty)
  }
}
