internal import CaptureCore
internal import Foundation

/// What became of one clock of a trial.
struct ClockOutcome {
  var trial: String
  var camera: Int
  var estimate: ClockEstimate
  /// Of the offset, at the fit's reference, seconds.
  var error: Double
  /// What the clock truly gains on the rig's, seconds per second.
  var trueRate: Double
  /// What the whole trial took, seconds.
  var seconds: Double

  static let heading = row([
    "trial", "camera", "from", "error ms", "+- ms", "ratio", "rate ppm", "+- ppm", "true ppm",
    "seconds",
  ])

  var line: String {
    Self.row([
      trial, "\(camera)", estimate.source.rawValue, (error * 1000).text(2),
      estimate.offsetDeviation.map { ($0 * 1000).text(2) } ?? "-",
      ratio.map { $0.text(1) } ?? "-", (estimate.fit.rate * 1e6).text(0),
      estimate.rateDeviation.map { ($0 * 1e6).text(0) } ?? "-", (trueRate * 1e6).text(0),
      seconds.text(1),
    ])
  }

  /// Error over deviation; nil where nothing is said to be known.
  var ratio: Double? { estimate.offsetDeviation.map { error / $0 } }

  private static func row(_ cells: [String]) -> String {
    cells.row(widths: [12, 6, 8, 8, 6, 6, 8, 7, 8, 7])
  }
}

/// How large the errors of many clocks are, and whether their deviations say so.
struct ClockSummary {
  private let outcomes: [ClockOutcome]

  init(_ outcomes: [ClockOutcome]) { self.outcomes = outcomes }

  var lines: [String] {
    let known = outcomes.filter { $0.ratio != nil }
    var lines = ["\(outcomes.count) clocks, \(outcomes.count - known.count) said to be unknown"]
    guard !known.isEmpty else { return lines }
    let errors = known.map { abs($0.error) * 1000 }.sorted()
    let deviations = known.compactMap(\.estimate.offsetDeviation).map { $0 * 1000 }.sorted()
    let ratios = known.compactMap(\.ratio).map { abs($0) }
    func percent(_ count: Int) -> String { "\((100 * count + known.count / 2) / known.count) %" }
    func part(_ share: Double, _ of: [Double]) -> String {
      of[min(of.count - 1, Int(share * Double(of.count)))].text(2)
    }
    lines.append(
      "errors: within 2 ms \(percent(errors.count { $0 <= 2 })), within 3 ms "
        + "\(percent(errors.count { $0 <= 3 })), median \(part(0.5, errors)), "
        + "95 % under \(part(0.95, errors)), worst \(part(1, errors)) ms")
    let square = ratios.reduce(0) { $0 + $1 * $1 } / Double(ratios.count)
    lines.append(
      "deviations: median \(part(0.5, deviations)), 95 % under \(part(0.95, deviations)) ms; errors"
        + " over them: within 2 \(percent(ratios.count { $0 <= 2 })), within 3 "
        + "\(percent(ratios.count { $0 <= 3 })), mean square \(square.text(2)), worst "
        + (ratios.max() ?? 0).text(1))
    return lines
  }
}
