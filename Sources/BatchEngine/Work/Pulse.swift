internal import CaptureCore
internal import CapturePipeline
internal import Foundation
internal import Synchronization

/// A worker's state on disk, renewed while it works, and whether it should stop.
final class Pulse: Sendable {
  private let worker: UnitWorker
  private let url: URL
  private let state: Mutex<UnitState>
  private let isOver = Atomic<Bool>(false)
  private let stops = Atomic<Bool>(false)
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// How often the state is renewed, and asked whether to stop.
  static let rhythm = 2.0

  init(_ worker: UnitWorker, _ home: TakeFolder) {
    self.worker = worker
    url = home.state(worker.unit)
    start = clock.now
    var fresh = UnitState.read(url) ?? UnitState(phase: .waiting)
    fresh.phase = .running
    fresh.tries += 1
    (fresh.host, fresh.boot, fresh.process) = (Host.name, Host.boot, getpid())
    fresh.started = Date().ISO8601Format()
    (fresh.threads, fresh.seconds) = (worker.threads, 0)
    (fresh.done, fresh.total, fresh.note, fresh.isKept) = (0, 0, "", false)
    state = Mutex(fresh)
  }

  /// Whether to stop at the next safe place.
  var isStopping: Bool {
    worker.isInterrupted() || stops.load(ordering: .relaxed)
  }

  private var hasReasonToStop: Bool {
    worker.folder.isCancelled || worker.parent.map { getppid() != $0 } ?? false
  }

  /// Says that the work begins.
  func begin() throws(CaptureError) {
    log("\(worker.unit.name) begins, try \(state.withLock(\.tries)), \(Host.name) \(getpid())")
    stops.store(hasReasonToStop, ordering: .relaxed)
    guard !isStopping else { throw Self.stopped }
    try write { _ in }
    let pulse = self
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: Self.rhythm)
      while !pulse.isOver.load(ordering: .relaxed) {
        if pulse.hasReasonToStop { pulse.stops.store(true, ordering: .relaxed) }
        // A state that cannot be written now is written at the end, or told then.
        try? pulse.write { $0.beat += 1 }
        Thread.sleep(forTimeInterval: Self.rhythm)
      }
    }
  }

  private static let stopped = CaptureError(
    .tryAgain, "Stopped on request.",
    remedy: "Start the batch again to continue; finished work is kept.")

  func progress(_ done: Int, _ total: Int, _ note: String) {
    state.withLock { state in
      (state.done, state.total) = (done, total)
      if !note.isEmpty { state.note = note }
    }
  }

  func kept() { state.withLock { $0.isKept = true } }

  func log(_ line: String) {
    StandardError.write("\(Date().ISO8601Format()) \(line)\n")
  }

  func end(_ result: UnitResult) throws(CaptureError) {
    isOver.store(true, ordering: .relaxed)
    try write { state in
      state.phase = .done
      (state.error, state.code) = (nil, nil)
      (state.summary, state.skipped, state.bytes) = (result.summary, result.skipped, result.bytes)
      state.memory = Host.peakMemory
    }
    log("done: \(result.summary)")
  }

  func fail(_ error: CaptureError) throws(CaptureError) {
    isOver.store(true, ordering: .relaxed)
    log(isStopping ? "stopped" : "failed: \(error)")
    let isStopping = isStopping
    try write { state in
      state.phase = isStopping ? .stopped : .failed
      if !isStopping { (state.error, state.code) = (error.description, error.code.rawValue) }
      state.memory = Host.peakMemory
    }
  }

  private func write(_ change: (inout UnitState) -> Void) throws(CaptureError) {
    // One writer at a time, so that an older state never lands on a newer one.
    let failure = state.withLock { state -> CaptureError? in
      change(&state)
      state.seconds = (clock.now - start) / .seconds(1)
      do throws(CaptureError) {
        // The renewing thread may wake when all is said.
        if isOver.load(ordering: .relaxed), state.phase == .running { return nil }
        try state.write(to: url)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }
}

/// Passes on what a stage tells: progress to the state, the rest to the log.
struct UnitObserver: PipelineObserver {
  private let pulse: Pulse
  private let stage: StageName

  init(_ pulse: Pulse, _ stage: StageName) { (self.pulse, self.stage) = (pulse, stage) }

  func began(_ stage: StageName) {
    if stage != self.stage { pulse.log("\(stage.rawValue) is to be done first") }
  }
  func progressed(_ stage: StageName, done: Int, total: Int, note: String) {
    if stage == self.stage { pulse.progress(done, total, note) }
  }
  func warned(_ stage: StageName, _ sentence: String) {
    pulse.log("\(stage.rawValue): warning: \(sentence)")
  }
  func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String) {
    if stage == self.stage, reused { pulse.kept() }
  }
}
