import BatchEngine
import CaptureCore
import CapturePipeline
import Foundation
import Synchronization

/// Shows on stderr what a batch does: a line a unit that ended, and a line that changes on a terminal,
/// or once a minute elsewhere.
final class BatchPrinter: BatchObserver {
  private struct State {
    var isBarVisible = false
    var shown: ContinuousClock.Instant?
  }

  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let isQuiet: Bool
  private let state = Mutex(State())

  init(quiet: Bool) { isQuiet = quiet }

  func ended(_ event: UnitEvent) {
    guard event.isFailure || !isQuiet else { return }
    clear()
    StandardError.write(
      event.isFailure
        ? "\(event.take)  \(event.unit)  FAILED  \(event.text)\n"
        : "\(event.take)  \(event.unit)  \(RunReport.time(event.seconds))  \(event.text)\n")
  }

  func noted(_ sentence: String) {
    clear()
    StandardError.write("fieldmesh: \(sentence)\n")
  }

  func progressed(_ progress: BatchProgress) {
    guard !isQuiet else { return }
    let now = ContinuousClock.now
    let isDue = state.withLock { state in
      let pause: Duration = isTerminal ? .milliseconds(500) : .seconds(60)
      // The first line elsewhere comes when there is something to tell.
      let shown = state.shown ?? (isTerminal ? now - pause : now)
      guard now - shown >= pause else {
        state.shown = shown
        return false
      }
      (state.shown, state.isBarVisible) = (now, isTerminal)
      return true
    }
    guard isDue else { return }
    let line = Self.line(progress)
    // A line that wraps could not be written over.
    StandardError.write(
      isTerminal ? "\r\u{1b}[K" + line.prefix(Self.width - 1) : line + "\n")
  }

  /// Columns of the terminal.
  private static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
    return Int(size.ws_col)
  }

  private static func line(_ progress: BatchProgress) -> String {
    var line =
      String(format: "%3.0f %%", 100 * progress.share)
      + "  \(progress.done) of \(progress.takes) takes"
    if progress.failed > 0 { line += ", \(progress.failed) failed" }
    line += ", about \(RunReport.time(progress.secondsLeft)) left"
    let shown = progress.running.prefix(3).map { unit in
      var text = " | \(unit.take.prefix(24)) \(unit.unit)"
      if let share = unit.share { text += String(format: " %.0f %%", 100 * share) }
      if let left = unit.takeSecondsLeft { text += " \(RunReport.time(left))" }
      return text
    }
    let more = progress.running.count > 3 ? " | \(progress.running.count - 3) more" : ""
    return line + shown.joined() + more
  }

  /// Makes room for other text.
  func clear() {
    state.withLock { state in
      if state.isBarVisible { StandardError.write("\r\u{1b}[K") }
      state.isBarVisible = false
    }
  }
}
