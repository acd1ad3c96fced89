internal import CaptureCore
internal import CapturePipeline
internal import Foundation

/// What a unit's worker says about itself, `OUT/takes/<id>/units/<unit>.json`: what no manifest tells.
struct UnitState: Codable, Equatable, Sendable {
  enum Phase: String, Codable {
    /// Has to run, whatever manifest is there: its inputs have changed.
    case waiting
    case running
    case done
    /// Ended with an error.
    case failed
    /// Was asked to stop, and goes on next time.
    case stopped
  }

  var phase: Phase
  /// Times that a worker began.
  var tries = 0
  /// Who runs it, or did last.
  var host = ""
  var boot = ""
  var process: Int32 = 0
  /// When the worker began, for people: no decision rests on a clock.
  var started = ""
  /// How long the last worker took, and with how many threads.
  var seconds = 0.0
  var threads = 1
  /// Where the worker is.
  var done = 0
  var total = 0
  var note = ""
  /// Grows while the worker lives.
  var beat = 0
  /// The last error, and its code.
  var error: String?
  var code: String?
  /// What was done, for people.
  var summary = ""
  /// Images and frames that were left out.
  var skipped = 0
  /// Most memory that the worker has held, and what it left on the disk; bytes.
  var memory = 0
  var bytes = 0
  /// Whether the result was there already.
  var isKept = false

  /// Whether a worker began and did not come to its end.
  var isUnfinished: Bool { [.running, .failed, .stopped].contains(phase) }

  /// The state of a unit; nil where no worker has begun, or a killed one left something unreadable.
  static func read(_ url: URL) -> UnitState? {
    guard let data = try? AtomicFile.read(url, limit: 1 << 20) else { return nil }
    return try? JSONDecoder().decode(UnitState.self, from: data)
  }

  func write(to url: URL) throws(CaptureError) {
    // Manifests are the truth; this file may be lost with the machine.
    try AtomicFile.writeJSON(self, to: url, isSynced: false)
  }

  /// Seconds of silence after which a worker on another machine is taken for dead; it writes every
  /// two. As much as clocks of machines that share a disk may differ.
  static let silence = 600.0

  /// Whether the worker that wrote this to a file is dead, as far as can be told from here.
  func isOrphaned(_ url: URL) -> Bool {
    guard phase == .running else { return false }
    if host == Host.name {
      return boot != Host.boot || (kill(process, 0) != 0 && errno == ESRCH)
    }
    var status = stat()
    guard stat(url.path, &status) == 0 else { return false }
    return Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec) > Self.silence
  }
}
