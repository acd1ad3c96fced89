internal import Foundation
internal import Synchronization

/// Threads that stay from step to step, so that sharing out a step's work takes no memory.
///
/// The caller works along as worker 0. Indices go to whichever worker is free.
final class WorkerTeam: @unchecked Sendable {
  /// Does the piece of work `index` of a phase.
  typealias Job = @Sendable (_ phase: Int, _ index: Int, _ worker: Int) -> Void

  private let shared: Shared
  private var threads: [pthread_t] = []

  /// A team of so many workers, the caller included.
  init(threads count: Int, job: @escaping Job) {
    shared = Shared(job)
    for worker in 1..<max(1, count) {
      var thread = pthread_t()
      let seat = Unmanaged.passRetained(Seat(shared, worker))
      let failure = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          let seat = Unmanaged<Seat>.fromOpaque(context).takeRetainedValue()
          seat.shared.serve(worker: seat.worker)
          return nil
        }, seat.toOpaque())
      if failure == 0 {
        threads.append(thread)
      } else {
        // The caller does the work of those who never came.
        seat.release()
      }
    }
    shared.helpers = threads.count
  }

  /// Ends the threads; no run may be going on.
  deinit {
    shared.dismiss()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Does every index below `count` of a phase, and returns when all are done.
  func run(_ phase: Int, count: Int) {
    guard count > 1, shared.helpers > 0 else {
      for index in 0..<max(0, count) { shared.job(phase, index, 0) }
      return
    }
    shared.open(phase, count)
    shared.work(worker: 0)
    shared.awaitHelpers()
  }

  /// A thread's way to the shared state.
  private final class Seat: Sendable {
    let shared: Shared
    let worker: Int
    init(_ shared: Shared, _ worker: Int) { (self.shared, self.worker) = (shared, worker) }
  }

  /// What the threads share; everything but `next` changes under the lock alone.
  private final class Shared: @unchecked Sendable {
    let job: Job
    var helpers = 0
    private let next = Atomic<Int>(0)
    private let state = NSCondition()
    private var (phase, count) = (0, 0)
    /// Counts phases, so that a thread knows a new one from the last.
    private var round = 0
    private var busy = 0
    private var isOver = false

    init(_ job: @escaping Job) { self.job = job }

    func open(_ phase: Int, _ count: Int) {
      state.lock()
      (self.phase, self.count) = (phase, count)
      next.store(0, ordering: .relaxed)
      busy = helpers
      round += 1
      state.broadcast()
      state.unlock()
    }

    func work(worker: Int) {
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        job(phase, index, worker)
      }
    }

    func awaitHelpers() {
      state.lock()
      while busy > 0 { state.wait() }
      state.unlock()
    }

    func dismiss() {
      state.lock()
      isOver = true
      state.broadcast()
      state.unlock()
    }

    func serve(worker: Int) {
      var seen = 0
      while true {
        state.lock()
        while round == seen && !isOver { state.wait() }
        seen = round
        let isOver = isOver
        state.unlock()
        if isOver { return }
        work(worker: worker)
        state.lock()
        busy -= 1
        if busy == 0 { state.broadcast() }
        state.unlock()
      }
    }
  }
}
