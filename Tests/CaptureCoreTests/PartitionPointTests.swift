import CaptureCore
import Testing

@Suite struct PartitionPointTests {
  @Test func everyPlaceInListsOfEveryLength() {
    for count in 0..<20 {
      for place in 0...count {
        // A slice, whose indices do not begin at 0.
        let list = Array(-3..<count)[3...]
        #expect(list.partitionPoint { $0 < place } == list.startIndex + place)
      }
    }
  }

  @Test func theNearestNumberWithinReachIsFound() {
    let list = [1.0, 2, 2, 4]
    #expect(list.nearest(to: 0.4, within: 0.7) == 0)
    #expect(list.nearest(to: 0.2, within: 0.7) == nil)
    #expect(list.nearest(to: 3.1, within: 1) == 3)
    #expect(list.nearest(to: 3, within: 1) == 2)
    #expect(list.nearest(to: 9, within: 5) == 3)
    #expect(list[1...].nearest(to: 0, within: 3) == 1)
    #expect([Double]().nearest(to: 0, within: 3) == nil)
  }
}
