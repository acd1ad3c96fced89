internal import CFieldKernels
internal import Dispatch

/// Measures one session's steps into a ``PhaseClock``.
final class StepTimer {
  private let clock: PhaseClock
  private let threads: Int
  /// `[threads][CFK_PHASES]`, filled by the kernels.
  private let counted: UnsafeMutablePointer<UInt64>
  private var mark: UInt64 = 0

  init(_ clock: PhaseClock, threads: Int) {
    (self.clock, self.threads) = (clock, threads)
    counted = .allocate(capacity: threads * CFK_PHASES)
    counted.initialize(repeating: 0, count: threads * CFK_PHASES)
  }

  deinit { counted.deallocate() }

  func begin() { mark = DispatchTime.now().uptimeNanoseconds }
  func composed() { clock.add(lap(), to: .compose) }
  func updated() { clock.add(lap(), to: .update) }
  func ticks(_ worker: Int) -> UnsafeMutablePointer<UInt64> { counted + worker * CFK_PHASES }

  /// Shares the core seconds of all slices out by the processor's ticks.
  func ran() {
    var rest = lap()
    var busiest: UInt64 = 1
    for worker in 0..<threads {
      busiest = max(busiest, (0..<CFK_PHASES).reduce(0) { $0 + ticks(worker)[$1] })
    }
    // The busiest worker computed from the beginning to the end, near enough.
    let tick = rest / Double(threads) / Double(busiest)
    for phase in 0..<CFK_PHASES {
      let sum = (0..<threads).reduce(0.0) { $0 + Double(ticks($1)[phase]) } * tick
      clock.add(sum, to: Self.phases[phase])
      rest -= sum
    }
    clock.add(max(rest, 0), to: .rest)
    counted.update(repeating: 0, count: threads * CFK_PHASES)
  }

  private static let phases: [PhaseClock.Phase] = [
    .forward, .gradient, .loss, .backwardOfGradient, .backward,
  ]

  /// Core seconds since the last call.
  private func lap() -> Double {
    let now = DispatchTime.now().uptimeNanoseconds
    defer { mark = now }
    return Double(now - mark) * 1e-9 * Double(threads)
  }
}
