internal import CapturePipeline
internal import Foundation

extension BatchStatus {
  /// The table of takes and stages, the errors, and the sum, for people.
  public var text: String {
    var table = TextTable(["take"] + StageName.allCases.map(\.rawValue))
    for take in takes {
      table.add([oneLine(take.name)] + StageName.allCases.map { Self.cell($0, take) })
    }
    let errors = takes.flatMap { take in
      take.units.filter { $0.error != nil && $0.phase != .done }.map { unit in
        "\n\(oneLine(take.name)), \(unit.name): \(unit.phase.rawValue), \(unit.tries) "
          + "\(unit.tries == 1 ? "try" : "tries"). \(oneLine(unit.error ?? ""))\n  \(unit.log)"
      }
    }
    let counts = counts
    let sum = Phase.allCases.compactMap { phase in counts[phase].map { "\($0) \(phase.rawValue)" } }
    var text = table.text + "\n" + errors.joined()
    text += "\n\(takes.count) takes: \(sum.joined(separator: ", "))"
    if let holder { text += "; at work: \(holder)" }
    if isCancelled { text += "; asked to stop" }
    return text
  }

  /// One stage of one take: `12 s`, `45 %`, `3/8`, `failed`.
  private static func cell(_ stage: StageName, _ take: Take) -> String {
    let units = take.units.filter {
      $0.name == stage.rawValue || $0.name.hasPrefix(stage.rawValue + "-")
    }
    guard let first = units.first else { return "" }
    if units.count > 1 {
      let worst = units.first { $0.phase == .failed }
      let done = units.filter { $0.phase == .done }.count
      if worst == nil, done == units.count {
        return RunReport.time(units.reduce(0) { $0 + $1.seconds })
      }
      return (worst.map { $0.phase.rawValue + " " } ?? "") + "\(done)/\(units.count)"
    }
    switch first.phase {
    case .done: return RunReport.time(first.seconds)
    case .running: return first.share.map { String(format: "%.0f %%", 100 * $0) } ?? "running"
    case .waiting, .blocked: return first.phase == .waiting ? "-" : "blocked"
    case .failed, .stopped, .lost: return first.phase.rawValue
    }
  }
}
