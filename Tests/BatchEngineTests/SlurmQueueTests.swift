import CapturePipeline
import Testing

@testable import BatchEngine

@Suite struct SlurmQueueTests {
  @Test("A take is in the queue while a task of its index is; the summary's job is nobody's")
  func queue() {
    let first = SlurmSubmission(
      number: 1, takes: ["a", "b", "c"],
      jobs: [
        .init(id: "7", stage: .pair, tasks: 3), .init(id: "8", stage: .observe, tasks: 3),
        .init(id: "9", stage: .export, tasks: 1),
      ])
    let second = SlurmSubmission(
      number: 2, takes: ["d"], jobs: [.init(id: "12", stage: .pair, tasks: 1)])
    let queue = SlurmSubmission.Queue(
      [first, second], squeue: "8_0\n8_2 \n9_N/A\n77_0\n12_1\n1_2\n")
    #expect(queue.takes == ["a", "c"])
    #expect(queue.jobs == ["8", "9"])
    #expect(queue.tasks == 3)
    #expect(SlurmSubmission.Queue([first], squeue: "").takes.isEmpty)
  }
}
