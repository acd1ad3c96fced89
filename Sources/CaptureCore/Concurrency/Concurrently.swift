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

/// The values for all numbers below a count, in their order, worked out on several threads.
///
/// - Parameter block: How many neighbouring numbers a thread takes at a time: more where a value costs little.
public func concurrentValues<Value>(
  _ count: Int, threads: Int? = nil, block: Int = 1, _ value: (Int) -> Value
) -> [Value] {
  [Value](unsafeUninitializedCapacity: count) { out, filled in
    nonisolated(unsafe) let out = out
    concurrently((count + block - 1) / block, threads: threads) { index, _ in
      for i in index * block..<min(count, (index + 1) * block) {
        out.initializeElement(at: i, to: value(i))
      }
    }
    filled = count
  }
}

/// The same for values that may not be had.
/// - Throws: What the first of them throws; all are tried.
public func concurrentValues<Value, Failure: Error>(
  _ count: Int, threads: Int? = nil, trying value: (Int) throws(Failure) -> Value
) throws(Failure) -> [Value] {
  let results = concurrentValues(count, threads: threads, block: 1) { i in
    Result { () throws(Failure) in try value(i) }
  }
  return try results.map { result throws(Failure) in try result.get() }
}
