internal import CaptureCore

/// The values for all numbers below a count, worked out on several threads.
func parallelValues<Value: Sendable>(
  _ count: Int, threads: Int?, _ value: (Int) -> Value
) -> [Value] {
  let block = 2048
  return [Value](unsafeUninitializedCapacity: count) { out, filled in
    nonisolated(unsafe) let out = out
    concurrently((count + block - 1) / block, threads: threads) { index, _ in
      for i in index * block..<min(count, (index + 1) * block) {
        out.initializeElement(at: i, to: value(i))
      }
    }
    filled = count
  }
}
