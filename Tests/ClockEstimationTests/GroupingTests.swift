import Testing

@testable import ClockEstimation

@Suite struct GroupingTests {
  private let grouping = Grouping([1, 1, 2, 3, 4, 5])

  @Test func equalGroupsAllCount() {
    #expect(abs(grouping.spread(of: [0.5, 0.5, 1, 1, 1, 1]) - 5) < 1e-12)
  }

  @Test func oneMomentThatTellsNearlyEverythingIsOne() {
    let spread = grouping.spread(of: [4, 6, 0.1, 0.1, 0.1, 0.1])
    #expect(spread > 1 && spread < 1.1)
    #expect(grouping.spread(of: [0, 0, 0, 0, 0, 0]) == 0)
  }

  @Test func pullsOfOneGroupAddUpAndMayCancel() {
    #expect(grouping.squares([3, -3, 1, 0, 0, 0]) == 1)
    #expect(grouping.squares([3, 1, 0, 0, 0, 2]) == 20)
  }

  @Test func fewGroupsAreTrustedLess() {
    let pulls = [1.0, 0, 1, 1, 1, 1]
    // Five groups: 5 / (5 - 3).
    #expect(abs(grouping.variance(pulls, spread: 5) - 5 * 2.5) < 1e-12)
    // Most of it from little more than four: (4.1 - 1) / (4.1 - 3).
    #expect(abs(grouping.variance(pulls, spread: 4.1) - 5 * 3.1 / 1.1) < 1e-12)
  }
}
