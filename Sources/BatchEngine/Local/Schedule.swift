internal import CapturePipeline

/// Which unit is next, with how many threads: a value without clock or process.
///
/// Units that finish a take come first, so that meshes are there early and a night that ends too soon
/// leaves few halves. Cores are shared out among the units that wait; few of them get several each.
struct Schedule {
  enum Phase: Equatable { case waiting, running(threads: Int, memory: Double), done, failed }

  struct Key: Hashable {
    var take, unit: Int
  }

  struct Take {
    var units: [BatchUnit]
    var phases: [Phase]

    var isRunning: Bool {
      phases.contains { if case .running = $0 { true } else { false } }
    }
    var isFailed: Bool { phases.contains(.failed) }
    var isDone: Bool { phases.allSatisfy { $0 == .done } }

    /// Whether every unit of the stages before a unit's is done, and no unit has failed.
    func isReady(_ index: Int) -> Bool {
      phases[index] == .waiting && !isFailed
        && units.indices.allSatisfy {
          units[$0].stage == units[index].stage || $0 > index || phases[$0] == .done
        }
    }
  }

  private(set) var takes: [Take]
  let limits: MachineLimits

  init(_ takes: [Take], limits: MachineLimits) { (self.takes, self.limits) = (takes, limits) }

  /// Cores and memory that running units have.
  private var used: (cores: Int, memory: Double, units: Int, takes: Int) {
    var used = (cores: 0, memory: 0.0, units: 0, takes: 0)
    for take in takes {
      if take.isRunning { used.takes += 1 }
      for case .running(let threads, let memory) in take.phases {
        used.cores += threads
        used.memory += memory
        used.units += 1
      }
    }
    return used
  }

  var isRunning: Bool { takes.contains(where: \.isRunning) }

  /// Takes the next unit that fits; nil when there is none now.
  ///
  /// - Parameter memory: What a unit is expected to need, bytes. A unit that needs more than there is
  ///   runs alone.
  mutating func next(memory: (Key) -> Double) -> (key: Key, threads: Int)? {
    let used = used
    let cores = limits.cores - used.cores
    guard cores > 0 else { return nil }
    let ready = readyUnits(takesLeft: limits.takes - used.takes)
    guard let key = ready.first else { return nil }
    let need = memory(key)
    guard used.units == 0 || used.memory + need <= limits.memory else { return nil }
    // As many as memory and takes let run beside each other share the cores that are free.
    let roomForMemory =
      need > 0 ? max(1, Int(min(1e6, (limits.memory - used.memory) / need))) : cores
    let beside = max(1, min(ready.count, roomForMemory, cores))
    let threads = max(1, cores / beside)
    takes[key.take].phases[key.unit] = .running(threads: threads, memory: need)
    return (key, threads)
  }

  private func readyUnits(takesLeft: Int) -> [Key] {
    var keys: [Key] = []
    var newTakes = 0
    for (t, take) in takes.enumerated() where !take.isFailed && !take.isDone {
      if !take.isRunning {
        guard newTakes < takesLeft else { continue }
        newTakes += 1
      }
      for u in take.units.indices where take.isReady(u) { keys.append(Key(take: t, unit: u)) }
    }
    func rank(_ key: Key) -> Int {
      StageName.allCases.firstIndex(of: takes[key.take].units[key.unit].stage) ?? 0
    }
    return keys.sorted { (-rank($0), $0.take, $0.unit) < (-rank($1), $1.take, $1.unit) }
  }

  mutating func ended(_ key: Key, as phase: Phase) { takes[key.take].phases[key.unit] = phase }
}
