import CaptureCore
import Foundation
import Testing

@testable import RayObservations

@Suite struct NodeHoldsTests {
  @Test(arguments: [0, 1, 3, 5, 400])
  func theNearestNodesCarryAPlace(_ count: Int) {
    var random = SeededGenerator(seed: 9)
    func place() -> SIMD3<Float> {
      SIMD3(random.uniform(), random.uniform(), random.uniform())
    }
    let nodes = (0..<count).map { _ in place() }
    let holds = NodeHolds(nodes)
    for _ in 0..<100 {
      // Some of them far from all nodes.
      let p = place() * 3 - 1
      let nearest = nodes.indices.sorted { (nodes[$0] - p).length < (nodes[$1] - p).length }
      let hold = holds.hold(p)
      #expect(hold.count == min(4, count))
      #expect((0..<hold.count).map { Int(hold.nodes[$0]) } == Array(nearest.prefix(4)))
      if count > 0 { #expect(abs(hold.weights.sum() - 1) < 1e-5) }
      for k in 1..<max(1, hold.count) { #expect(hold.weights[k] <= hold.weights[k - 1]) }
    }
  }
}
