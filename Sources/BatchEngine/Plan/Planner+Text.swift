internal import CaptureCore
internal import CapturePipeline
internal import Foundation

extension Planner {
  /// What will run, what is done, and what it will take, for people: a line a take, then the sum.
  ///
  /// - Parameter cores: Cores that work at the same time, for the time it will take.
  public func text(cores: Int) -> String {
    var table = TextTable(["take", ">cameras", ">frames", "done", "to run", ">core time", ">disk"])
    var (seconds, bytes, count, done) = (0.0, 0.0, 0, 0)
    for (index, take) in plan.takes.enumerated() {
      let units = units(of: index)
      let estimates = units.map { rates.estimate($0, of: take) }
      let sum = estimates.reduce(0) { $0 + $1.coreSeconds }
      let disk = estimates.reduce(0) { $0 + $1.bytes }
      let kept = StageName.allCases.filter { finished[index].contains($0) }.map(\.rawValue)
      table.add([
        oneLine(take.name), "\(take.cameras)", "\(take.frames)",
        kept.isEmpty ? "-" : kept.joined(separator: " "),
        units.isEmpty ? "-" : Self.listed(units), units.isEmpty ? "" : RunReport.time(sum),
        units.isEmpty ? "" : byteCount(disk),
      ])
      (seconds, bytes) = (seconds + sum, bytes + disk)
      count += units.count
      if units.isEmpty { done += 1 }
    }
    var text = notes.map { "note: \(oneLine($0))\n" }.joined() + table.text + "\n\n"
    text +=
      "\(plan.takes.count) takes, \(done) done; \(count) units to run"
    guard count > 0 else { return text + "." }
    let basis =
      rates.count > 0
      ? "\(rates.count) units that ran here"
      : "rates of one machine with AVX2, until something has run here"
    text +=
      ": about \(RunReport.time(seconds / Double(max(1, cores)))) on \(cores) cores, "
      + "\(byteCount(bytes)) of disk (by \(basis))."
    if let free = freeBytes(at: folder.url), Double(free) < bytes {
      text += "\nnote: only \(byteCount(Double(free))) are free there."
    }
    return text
  }

  private static func listed(_ units: [BatchUnit]) -> String {
    StageName.allCases.compactMap { stage in
      let of = units.filter { $0.stage == stage }
      guard !of.isEmpty else { return nil }
      return stage.rawValue + (of.count > 1 ? " x \(of.count)" : "")
    }.joined(separator: " ")
  }
}

/// A text as it can stand in a line of a table or a log: no control characters, not too long.
func oneLine(_ text: String) -> String {
  let shown = String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  return shown.count <= 200 ? shown : shown.prefix(199) + "…"
}

/// `12 MB`, `3.4 GB`.
func byteCount(_ bytes: Double) -> String {
  switch bytes {
  case ..<1e6: "\(Int((bytes / 1e3).rounded(.up))) kB"
  case ..<1e9: "\(Int((bytes / 1e6).rounded(.up))) MB"
  default: String(format: "%.1f GB", bytes / 1e9)
  }
}

/// Bytes that a file system has left, asked at a folder or the nearest of its parents that exists.
func freeBytes(at url: URL) -> Int? {
  var place = url
  while true {
    var status = statvfs()
    if statvfs(place.path, &status) == 0 { return Int(status.f_bavail) * Int(status.f_frsize) }
    guard place.path != "/" else { return nil }
    place = place.deletingLastPathComponent()
  }
}
