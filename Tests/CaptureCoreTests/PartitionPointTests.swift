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
}
