import Synchronization
import Testing

@testable import FieldBackendCPU

@Suite struct WorkerTeamTests {
  /// How often each index of each phase was done, and whether by a worker of the team.
  private final class Tally: Sendable {
    let counts = Mutex([[Int]](repeating: [Int](repeating: 0, count: 500), count: 3))
    let strangers = Atomic<Int>(0)
    let size: Int
    init(_ size: Int) { self.size = size }
    func add(_ phase: Int, _ index: Int, _ worker: Int) {
      counts.withLock { $0[phase][index] += 1 }
      if !(0..<size).contains(worker) { strangers.add(1, ordering: .relaxed) }
    }
  }

  @Test(arguments: [1, 2, 3, 8]) func everyIndexIsDoneOnceARun(threads: Int) {
    let tally = Tally(threads)
    let team = WorkerTeam(threads: threads) { tally.add($0, $1, $2) }
    for _ in 0..<200 {
      team.run(0, count: 500)
      team.run(1, count: 1)
      team.run(2, count: 0)
      team.run(2, count: 7)
    }
    let counts = tally.counts.withLock { $0 }
    #expect(counts[0].allSatisfy { $0 == 200 })
    #expect(counts[1] == [200] + [Int](repeating: 0, count: 499))
    #expect(counts[2] == [Int](repeating: 200, count: 7) + [Int](repeating: 0, count: 493))
    #expect(tally.strangers.load(ordering: .relaxed) == 0)
  }

  @Test func aTeamThatNeverWorkedEnds() {
    for threads in 1...4 { _ = WorkerTeam(threads: threads) { _, _, _ in } }
  }
}
