import Foundation
import Synchronization

// Not a static member: a signal handler can capture nothing, not even its type.
private let isRequested = Atomic<Bool>(false)

/// The first Ctrl-C asks the running stage to stop at the next safe place; the second kills.
enum Interruption {
  /// Begins to listen to SIGINT and SIGTERM.
  static func listen() {
    // The flag comes to life here: a signal handler must not be the first to touch it.
    isRequested.store(false, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if isRequested.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
      sigaddset(&signals, number)
    }
    // Programs that start this one from a worker thread often leave it with blocked signals.
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Whether the user asked to stop.
  static var isPending: Bool { isRequested.load(ordering: .relaxed) }
}
