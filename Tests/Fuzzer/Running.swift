import Foundation

/// What the fuzzer calls; libFuzzer's callback cannot hold anything. One thread, set once.
enum Running {
  nonisolated(unsafe) static var run: (Data) -> Bool = { _ in false }
}
