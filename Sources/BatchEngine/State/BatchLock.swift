internal import CaptureCore
internal import Foundation
internal import Synchronization

/// One batch at a time works on an output folder.
///
/// Two things are held: a lock of the system, which ends with the process, and a counter in the
/// file, which goes on while the holder lives. Where machines share a disk but not its locks, a new
/// batch that finds another machine's name watches the counter: it stands still when that machine or
/// process is dead. Clocks are not compared.
final class BatchLock: Sendable {
  struct Holder: Codable, Equatable {
    var host: String
    var boot: String
    var process: Int32
    var beat: Int

    var words: String { "process \(process) on \(host)" }
  }

  static let fileName = ".batch.lock"

  private let file: Int32
  private let isReleased = Mutex(false)
  private let rhythm: Duration
  private let beats = Mutex(0)

  /// Takes the lock of a folder, which must exist.
  ///
  /// - Parameters:
  ///   - rhythm: How often a holder counts; a counter that stands still for three times as long is
  ///     a dead one's.
  ///   - waits: Whether to wait for another holder.
  ///   - note: Receives a sentence about what is waited for or taken over.
  /// - Throws: ``CaptureError`` `tryAgain`, naming the holder; `badInput` where nothing can be
  ///   written.
  init(
    _ folder: URL, rhythm: Duration = .seconds(4), waits: Bool = false,
    isCancelled: () -> Bool = { false }, note: (String) -> Void = { _ in }
  ) throws(CaptureError) {
    let path = folder.appendingPathComponent(Self.fileName).path
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw CaptureError(
        .badInput, "The folder cannot be written: \(String(cString: strerror(errno))).",
        at: folder.path, remedy: "Choose an output folder that can be written.")
    }
    var isNoted = false
    while true {
      let isLocked = flock(file, LOCK_EX | LOCK_NB) == 0
      let holder = Self.read(file)
      if isLocked, Self.isFree(of: holder, file, rhythm, note) { break }
      if isLocked { flock(file, LOCK_UN) }
      guard waits, !isCancelled() else {
        close(file)
        throw CaptureError(
          .tryAgain, "Another batch works in this folder (\(holder?.words ?? "unknown")).",
          at: folder.path, remedy: "Wait until it ends (--wait does), or choose another folder.")
      }
      if !isNoted { note("waiting for another batch (\(holder?.words ?? "unknown"))") }
      isNoted = true
      usleep(200_000)
    }
    // Not before: what a failed `init` had set, its `deinit` would release, the holder's record with it.
    (self.file, self.rhythm) = (file, rhythm)
    write(beat: 1)
    Thread.detachNewThread { [weak self] in
      while let self, self.isReleased.withLock({ !$0 }) {
        self.write(beat: self.beats.withLock { $0 + 1 })
        let pause = self.rhythm
        Thread.sleep(forTimeInterval: pause / .seconds(1))
      }
    }
  }

  /// Whether the holder that a file names, whose lock is gone, is gone as well.
  private static func isFree(
    of holder: Holder?, _ file: Int32, _ rhythm: Duration, _ note: (String) -> Void
  ) -> Bool {
    guard let holder else { return true }
    // On one machine the system's lock says it all.
    guard holder.host != Host.name else {
      note("taking over from \(holder.words), which is gone")
      return true
    }
    note("looking whether \(holder.words) is alive")
    Thread.sleep(forTimeInterval: 3 * (rhythm / .seconds(1)))
    guard read(file) == holder else { return false }
    note("taking over from \(holder.words), which is dead")
    return true
  }

  private static func read(_ file: Int32) -> Holder? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = max(0, pread(file, &bytes, bytes.count, 0))
    return try? JSONDecoder().decode(Holder.self, from: Data(bytes[..<count]))
  }

  private func write(beat: Int) {
    isReleased.withLock { isReleased in
      guard !isReleased else { return }
      beats.withLock { $0 = beat }
      let holder = Holder(host: Host.name, boot: Host.boot, process: getpid(), beat: beat)
      // A holder that cannot count looks dead to other machines only.
      guard let data = try? JSONEncoder().encode(holder) else { return }
      let bytes = [UInt8](data)
      if pwrite(file, bytes, bytes.count, 0) == bytes.count { ftruncate(file, off_t(bytes.count)) }
    }
  }

  /// Frees the lock; nobody has to wonder whether this process lives.
  func release() {
    isReleased.withLock { isReleased in
      guard !isReleased else { return }
      isReleased = true
      ftruncate(file, 0)
      close(file)
    }
  }

  deinit { release() }

  /// Who holds a folder's lock on this machine or another, as far as the file tells; nil for nobody.
  static func holder(of folder: URL) -> Holder? {
    let file = open(folder.appendingPathComponent(fileName).path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    guard let holder = read(file) else { return nil }
    // Asked without touching the lock, which a batch that begins meanwhile would find taken.
    guard holder.host == Host.name else { return holder }
    guard holder.boot == Host.boot, kill(holder.process, 0) == 0 || errno == EPERM else {
      return nil
    }
    return holder
  }
}
