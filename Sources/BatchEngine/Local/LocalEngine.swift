public import CaptureCore
internal import CapturePipeline
public import Foundation
internal import Synchronization

/// Runs units as processes on this machine, those of different takes side by side.
public struct LocalEngine: BatchEngine {
  /// What `--engine` calls it.
  public static let name = "local"

  /// The program whose subcommand `work` does a unit.
  public var program: URL
  /// What of the machine to take.
  public var limits: MachineLimits
  /// Times that a unit is begun before it counts as failed, where the error may pass.
  public var tries = 2

  /// An engine that starts `program`.
  public init(program: URL, limits: MachineLimits) {
    (self.program, self.limits) = (program, limits)
  }

  /// Runs what is not done.
  public func run(
    _ work: BatchWork, observer: any BatchObserver, stop: @escaping @Sendable () -> StopRequest
  ) throws(CaptureError) -> EngineEnd {
    for take in work.units.indices where !work.units[take].isEmpty { try work.begin(take) }
    let run = LocalRun(self, work, observer, stop)
    return try run.finish()
  }
}

/// One run of the engine; of one thread.
private final class LocalRun {
  private let engine: LocalEngine
  private let work: BatchWork
  private let observer: any BatchObserver
  private let stop: @Sendable () -> StopRequest
  private var schedule: Schedule
  private var rates: Rates
  private var running: [Schedule.Key: ChildProcess] = [:]
  private var begun: [Schedule.Key: Int] = [:]
  private var request = StopRequest.none
  private let ends = Ends()
  private var shown = ContinuousClock.now - .seconds(10)

  /// What children's threads leave for the engine's.
  private final class Ends: Sendable {
    let list = Mutex<[(Schedule.Key, ChildProcess.End)]>([])
    let signal = DispatchSemaphore(value: 0)

    func add(_ key: Schedule.Key, _ end: ChildProcess.End) {
      list.withLock { $0.append((key, end)) }
      signal.signal()
    }

    func take() -> [(Schedule.Key, ChildProcess.End)] {
      list.withLock { list in
        defer { list = [] }
        return list
      }
    }
  }

  init(
    _ engine: LocalEngine, _ work: BatchWork, _ observer: any BatchObserver,
    _ stop: @escaping @Sendable () -> StopRequest
  ) {
    (self.engine, self.work, self.observer, self.stop) = (engine, work, observer, stop)
    rates = work.rates
    schedule = Schedule(
      work.units.map {
        Schedule.Take(units: $0, phases: Array(repeating: .waiting, count: $0.count))
      }, limits: engine.limits)
  }

  func finish() throws(CaptureError) -> EngineEnd {
    while true {
      obey()
      if request == .none { try fill() }
      guard !running.isEmpty else { break }
      _ = ends.signal.wait(timeout: .now() + .milliseconds(500))
      for (key, end) in ends.take() { close(key, end) }
      show()
    }
    return request == .none ? .finished : .interrupted
  }

  private func obey() {
    let now = max(stop(), work.folder.isCancelled ? .stop : .none)
    guard now > request else { return }
    request = now
    if now == .stop {
      observer.noted("stopping \(running.count) units at their next safe place")
      for child in running.values { child.interrupt() }
    } else {
      observer.noted(
        "\(running.count) units that run are let finish, nothing more begins; once more stops them")
    }
  }

  private func fill() throws(CaptureError) {
    while let (key, threads) = schedule.next(memory: { memory(of: $0) }) {
      let take = work.plan.takes[key.take]
      let unit = work.units[key.take][key.unit]
      let ends = ends
      do throws(CaptureError) {
        running[key] = try ChildProcess(
          engine.program,
          [
            "work", work.folder.url.path, "--take", take.id, "--unit", unit.name,
            "--threads", "\(threads)", "--parent", "\(getpid())",
          ], output: work.folder.take(take.id).log(unit), whenOver: { ends.add(key, $0) })
        begun[key, default: 0] += 1
      } catch {
        schedule.ended(key, as: .waiting)
        // With others at work, there may be room when one of them ends.
        guard error.code == .tryAgain, !running.isEmpty else { throw error }
        return
      }
    }
  }

  private func memory(of key: Schedule.Key) -> Double {
    rates.estimate(work.units[key.take][key.unit], of: work.plan.takes[key.take]).memory
  }

  /// Learns from a worker that ended, and decides whether its unit is tried again.
  private func close(_ key: Schedule.Key, _ end: ChildProcess.End) {
    running[key] = nil
    let take = work.plan.takes[key.take]
    let unit = work.units[key.take][key.unit]
    let url = work.folder.take(take.id).state(unit)
    var state = UnitState.read(url) ?? UnitState(phase: .running)
    if end == .exit(0) {
      rates.learn(unit, of: take, state)
      schedule.ended(key, as: .done)
      tell(take, unit, state, state.summary, isFailure: false)
      return
    }
    if state.phase != .failed, state.phase != .stopped {
      state.phase = .failed
      (state.error, state.code) = words(end, take, unit)
    }
    guard request != .stop, state.phase != .stopped || request == .none else {
      schedule.ended(key, as: .waiting)
      return
    }
    let mayPass = state.code == CaptureError.Code.tryAgain.rawValue || state.phase == .stopped
    if mayPass, begun[key, default: 0] < engine.tries {
      schedule.ended(key, as: .waiting)
      return
    }
    if state.phase == .stopped { state.phase = .failed }
    // The error is told in any case; on a disk that is full it cannot be kept.
    try? state.write(to: url)
    schedule.ended(key, as: .failed)
    tell(take, unit, state, state.error ?? "It was stopped.", isFailure: true)
  }

  /// What is said of a worker that could not say it itself.
  private func words(
    _ end: ChildProcess.End, _ take: BatchPlan.Take, _ unit: BatchUnit
  ) -> (error: String, code: String?) {
    let passing = CaptureError.Code.tryAgain
    switch end {
    case .signal(SIGKILL):
      return (
        "The worker was killed (signal 9), by hand or for want of memory.", passing.rawValue
      )
    case .signal(let number):
      return ("The worker died of signal \(number). Its log says more.", passing.rawValue)
    case .exit(passing.exitStatus):
      // A disk so full that not even the state can be kept.
      let needed = byteCount(max(1e3, rates.estimate(unit, of: take).bytes))
      let free = byteCount(Double(freeBytes(at: work.folder.url) ?? 0))
      return (
        "Stage '\(unit.stage.rawValue)' of take '\(take.id)' could not keep its state. It needs about \(needed) of disk; \(free) are free.",
        passing.rawValue
      )
    case .exit(let status):
      return ("The worker ended with status \(status). Its log says more.", nil)
    }
  }

  private func tell(
    _ take: BatchPlan.Take, _ unit: BatchUnit, _ state: UnitState, _ text: String, isFailure: Bool
  ) {
    observer.ended(
      UnitEvent(
        take: oneLine(take.name), unit: unit.name, seconds: state.seconds, text: text,
        isFailure: isFailure))
  }

  private func show() {
    let now = ContinuousClock.now
    guard now - shown > .seconds(1) || running.isEmpty else { return }
    shown = now
    var shares: [Schedule.Key: Double] = [:]
    for key in running.keys {
      let take = work.plan.takes[key.take]
      let state = UnitState.read(
        work.folder.take(take.id).state(work.units[key.take][key.unit]))
      if let state, state.phase == .running, state.total > 0 {
        shares[key] = min(1, Double(state.done) / Double(state.total))
      }
    }
    let perTake = schedule.takes.enumerated().map { t, take in
      take.isFailed
        ? 0
        : take.units.indices.reduce(0.0) { sum, u in
          guard take.phases[u] != .done else { return sum }
          let whole = rates.estimate(take.units[u], of: work.plan.takes[t]).coreSeconds
          return sum + whole * (1 - (shares[Schedule.Key(take: t, unit: u)] ?? 0))
        }
    }
    let left = perTake.reduce(0, +)
    // The whole by what is known now, as what is left.
    let total = zip(work.plan.takes, work.units).reduce(0.0) { sum, take in
      take.1.reduce(sum) { $0 + rates.estimate($1, of: take.0).coreSeconds }
    }
    let cores = Double(max(1, engine.limits.cores))
    let beside = Double(max(1, schedule.takes.filter(\.isRunning).count))
    observer.progressed(
      BatchProgress(
        takes: schedule.takes.count, done: schedule.takes.filter(\.isDone).count,
        failed: schedule.takes.filter(\.isFailed).count,
        share: total > 0 ? max(0, 1 - left / total) : 1,
        secondsLeft: left / cores,
        running: running.keys.sorted { ($0.take, $0.unit) < ($1.take, $1.unit) }.map { key in
          BatchProgress.Running(
            take: oneLine(work.plan.takes[key.take].name),
            unit: work.units[key.take][key.unit].name, share: shares[key],
            takeSecondsLeft: perTake[key.take] * beside / cores)
        }))
  }
}
