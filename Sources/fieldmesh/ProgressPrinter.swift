import CaptureCore
import CapturePipeline
import Foundation
import Logging
import Synchronization

/// Shows on stderr what a run does: a bar on a terminal, a line for every tenth elsewhere.
final class ProgressPrinter: PipelineObserver {
  private struct State {
    var begin: ContinuousClock.Instant?
    var shown: ContinuousClock.Instant?
    var tenth = 0
    var isBarVisible = false
  }

  private let isTerminal: Bool
  private let isQuiet: Bool
  private let logger: Logger
  private let state = Mutex(State())
  private let clock = ContinuousClock()

  /// A printer; a quiet one leaves only what the log level lets through.
  init(quiet: Bool, logger: Logger) {
    isTerminal = isatty(STDERR_FILENO) == 1
    isQuiet = quiet
    self.logger = logger
  }

  func began(_ stage: StageName) {
    state.withLock { $0 = State(begin: clock.now) }
    logger.debug("\(stage.rawValue) begins")
  }

  func progressed(_ stage: StageName, done: Int, total: Int, note: String) {
    guard !isQuiet, total > 0 else { return }
    let now = clock.now
    state.withLock { state in
      let share = min(1, max(0, Double(done) / Double(total)))
      let elapsed = state.begin.map { seconds(now - $0) } ?? 0
      let line = Self.line(stage, share: share, elapsed: elapsed, note: note)
      if isTerminal {
        // Ten times a second is as often as an eye can use.
        if let shown = state.shown, seconds(now - shown) < 0.1, done < total { return }
        (state.shown, state.isBarVisible) = (now, true)
        StandardError.write("\r\u{1b}[K" + Self.bar(share) + " " + line)
      } else if Int(share * 10) > state.tenth {
        state.tenth = Int(share * 10)
        // A stage of a moment needs no more than the line at its end.
        if elapsed > 2, done < total { StandardError.write(line + "\n") }
      }
    }
  }

  func warned(_ stage: StageName, _ sentence: String) {
    clearBar()
    logger.warning("\(stage.rawValue): \(sentence)")
  }

  func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String) {
    clearBar()
    guard !isQuiet else { return }
    let time = reused ? "kept" : RunReport.time(seconds)
    StandardError.write("\(Self.padded(stage.rawValue)) \(time)  \(summary)\n")
  }

  /// Makes room for other text.
  func clearBar() {
    state.withLock { state in
      if state.isBarVisible { StandardError.write("\r\u{1b}[K") }
      state.isBarVisible = false
    }
  }

  private static func line(
    _ stage: StageName, share: Double, elapsed: Double, note: String
  ) -> String {
    let percent = String(format: "%3d %%", Int(share * 100))
    let left = share > 0 && share < 1 ? elapsed * (1 - share) / share : 0
    let eta = left > 0 && elapsed > 1 ? "  \(RunReport.time(left)) left" : ""
    return "\(padded(stage.rawValue)) \(percent)\(eta)" + (note.isEmpty ? "" : "  " + note)
  }

  private static func bar(_ share: Double, width: Int = 24) -> String {
    let full = Int(share * Double(width))
    return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
      + "]"
  }

  private static func padded(_ name: String) -> String {
    name + String(repeating: " ", count: max(0, 7 - name.count))
  }

  private func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
