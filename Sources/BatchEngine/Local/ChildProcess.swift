internal import CaptureCore
internal import Foundation
internal import Synchronization

/// A worker as a process of its own group: a terminal's Ctrl-C reaches this program alone.
final class ChildProcess: Sendable {
  let id: pid_t
  /// Whether the system has given the number back, and may have given it to another process.
  private let isOver = Mutex(false)

  /// How a process ended.
  enum End: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  /// Starts a program, its output going to the end of a file; `whenOver` is called once, from a
  /// thread of its own.
  /// - Throws: ``CaptureError`` `tryAgain` when the system has no room for a process.
  init(
    _ program: URL, _ arguments: [String], output: URL,
    whenOver: @escaping @Sendable (End) -> Void
  ) throws(CaptureError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO, output.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    var (defaults, mask) = (sigset_t(), sigset_t())
    sigemptyset(&mask)
    sigemptyset(&defaults)
    for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&defaults, number) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setsigmask(&attributes, &mask)
    var words: [UnsafeMutablePointer<CChar>?] = ([program.path] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var id: pid_t = 0
    let status = posix_spawn(&id, program.path, &actions, &attributes, words, environ)
    guard status == 0 else {
      throw CaptureError(
        status == ENOENT || status == EACCES ? .badInput : .tryAgain,
        "A worker cannot be started: \(String(cString: strerror(status))).", at: program.path,
        remedy: "Look at the log's folder and at the limits of processes and memory.")
    }
    self.id = id
    Thread.detachNewThread { [self] in whenOver(wait()) }
  }

  /// Waits for the end, which leaves the number as it is, then gives the number back.
  private func wait() -> End {
    var info = siginfo_t()
    while waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    var raw: Int32 = 0
    isOver.withLock { isOver in
      while waitpid(id, &raw, 0) < 0, errno == EINTR {}
      isOver = true
    }
    return raw & 0x7f == 0 ? .exit((raw >> 8) & 0xff) : .signal(raw & 0x7f)
  }

  /// Asks the worker to stop at the next safe place; false where it has ended.
  @discardableResult func interrupt() -> Bool {
    isOver.withLock { !$0 && kill(id, SIGINT) == 0 }
  }
}
