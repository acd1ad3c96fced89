internal import CapturePipeline
internal import Foundation

/// What a unit is expected to take.
struct Estimate: Equatable, Sendable {
  /// Seconds of one core.
  var coreSeconds = 0.0
  /// Bytes that stay on the disk.
  var bytes = 0.0
  /// Most memory of its process, bytes.
  var memory = 0.0
}

/// Seconds and bytes a unit of work, as measured by the units that ended in this batch, else as
/// measured on the README's machine with AVX2.
struct Rates: Sendable {
  private struct Sum {
    var work = 0.0
    var seconds = 0.0
    var bytes = 0.0
    var memory = 0.0
    var count = 0
  }

  /// Core seconds, bytes, and bytes of memory a unit of work. Measured on `samples/knight`, on cores with AVX2.
  private static let builtin: [String: (seconds: Double, bytes: Double, memory: Double)] = [
    "pair": (0.012, 180, 150e6),
    "observe": (1.4, 2.6e6, 400e6),
    "train-field": (145, 630e3, 700e6),
    "mesh-field": (6.9, 27e6, 900e6),
    "mesh-tsdf": (2.3, 27e6, 900e6),
    "export": (0.05, 27e6, 300e6),
  ]
  /// Bytes of a preview, however many frames a take has.
  private static let preview = 1.2e6

  private var sums: [String: Sum] = [:]
  /// Units that were measured.
  private(set) var count = 0

  private static func key(_ unit: BatchUnit, _ method: JobConfiguration.Method) -> String {
    [.train, .mesh].contains(unit.stage)
      ? "\(unit.stage.rawValue)-\(method.rawValue)" : unit.stage.rawValue
  }

  private static func amount(_ unit: BatchUnit, _ take: BatchPlan.Take) -> Double {
    take.work.amount(unit.stage) / Double(unit.part?.count ?? 1)
  }

  /// Learns from a unit that ran.
  mutating func learn(
    _ unit: BatchUnit, of take: BatchPlan.Take, _ state: UnitState
  ) {
    // What was continued or kept tells nothing of the whole.
    guard state.phase == .done, !state.isKept, state.tries <= 1 else { return }
    count += 1
    var sum = sums[Self.key(unit, take.method)] ?? Sum()
    sum.work += Self.amount(unit, take)
    sum.seconds += state.seconds * Double(state.threads)
    sum.bytes += Double(state.bytes)
    sum.memory = max(sum.memory, Double(state.memory))
    sum.count += 1
    sums[Self.key(unit, take.method)] = sum
  }

  /// What a unit is expected to take.
  func estimate(_ unit: BatchUnit, of take: BatchPlan.Take) -> Estimate {
    let key = Self.key(unit, take.method)
    let amount = Self.amount(unit, take)
    if let sum = sums[key], sum.work > 0 {
      // A fifth more memory than ever seen: takes differ.
      return Estimate(
        coreSeconds: sum.seconds / sum.work * amount, bytes: sum.bytes / sum.work * amount,
        memory: 1.2 * sum.memory)
    }
    let rate = Self.builtin[key] ?? (0, 0, 0)
    return Estimate(
      coreSeconds: rate.seconds * amount,
      bytes: rate.bytes * amount + (unit.stage == .export ? Self.preview : 0), memory: rate.memory)
  }
}
