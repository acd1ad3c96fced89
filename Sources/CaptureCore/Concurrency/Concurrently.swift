internal import Foundation
internal import Synchronization

/// Runs `body(index, worker)` for every index below `count` and returns when all are done.
///
/// An index goes to whichever worker is free; `worker` is below `threads`, so that a body can own
/// scratch memory. Results must not depend on which worker does what.
public func concurrently(
  _ count: Int, threads: Int? = nil, _ body: (_ index: Int, _ worker: Int) -> Void
) {
  let threads = min(threads ?? ProcessInfo.processInfo.activeProcessorCount, count)
  guard threads > 1 else {
    for index in 0..<max(count, 0) { body(index, 0) }
    return
  }
  let next = Atomic<Int>(0)
  withoutActuallyEscaping(body) { body in
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: threads) { worker in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index, worker)
      }
    }
  }
}
