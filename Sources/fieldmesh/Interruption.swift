import Foundation
import Synchronization

// Not a static member: a signal handler can capture nothing, not even its type.
private let requests = Atomic<Int>(0)
private let patience = Atomic<Int>(1)
private let last = Atomic<Int32>(0)

/// The first Ctrl-C asks the running stage to stop at the next safe place; the second kills.
enum Interruption {
  /// Begins to listen to SIGINT and SIGTERM.
  ///
  /// - Parameters:
  ///   - steps: How often Ctrl-C is a request before it kills. SIGTERM stands for all of them: who
  ///     sends it does not come back to ask again.
  ///   - others: Signals that mean the same as SIGTERM.
  static func listen(steps: Int = 1, others: [Int32] = []) {
    // These come to life here: a signal handler must not be the first to touch them.
    requests.store(0, ordering: .relaxed)
    patience.store(steps, ordering: .relaxed)
    last.store(0, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] + others {
      signal(number) { number in
        let steps = patience.load(ordering: .relaxed)
        let before = requests.load(ordering: .relaxed)
        last.store(number, ordering: .relaxed)
        if before >= steps { _exit(128 + number) }
        requests.store(number == SIGINT ? before + 1 : steps, ordering: .relaxed)
      }
      sigaddset(&signals, number)
    }
    // Programs that start this one from a worker thread often leave it with blocked signals.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Whether the user asked to stop.
  static var isPending: Bool { count > 0 }

  /// The last signal that came; 0 before any.
  static var lastSignal: Int32 { last.load(ordering: .relaxed) }

  /// How often the user asked.
  static var count: Int { requests.load(ordering: .relaxed) }
}
