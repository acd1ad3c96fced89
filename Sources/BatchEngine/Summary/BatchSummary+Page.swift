internal import CapturePipeline
internal import Foundation

extension BatchSummary {
  /// The summary as a page, beside the takes' folder, whose pictures it shows.
  var page: String {
    let done = takes.filter { $0.phase == .done }.count
    let title = "\(done) of \(takes.count) takes done"
    var page = ReportPage(title: title)
    page.table(
      [
        "take", "state", ">frames", ">meshes", ">faces a mesh", "extent", ">sync error", ">drops",
        "training", ">left out", ">warnings", ">time", ">memory", ">disk",
      ], takes.map(row))
    let failed = takes.filter { !$0.errors.isEmpty }
    if !failed.isEmpty {
      page.heading("Errors")
      page.list(failed.flatMap { take in take.errors.map { "\(oneLine(take.name)), \($0)" } })
    }
    for take in takes {
      page.heading(oneLine(take.name))
      if let picture = take.picture { page.picture(at: picture, "results in takes/\(take.id)") }
      page.list(
        [times(take)] + Self.first(take.warnings, "warnings") + Self.first(take.skipped, "left out")
      )
    }
    return page.html
  }

  private func row(_ take: Take) -> [String] {
    let digest = take.digest
    let total = take.seconds.values.reduce(0, +)
    return [
      oneLine(take.name), take.phase == .failed ? "fail" : take.phase.rawValue,
      digest.map { "\($0.frames)" } ?? "", digest.map { "\($0.meshes)" } ?? "",
      digest.map { "\($0.facesPerFrame)" } ?? "",
      digest.map { $0.extent.map { String(format: "%.2f", $0) }.joined(separator: " x ") + " m" }
        ?? "",
      digest.map { String(format: "%.1f ms", 1000 * $0.syncError) } ?? "",
      digest.map { "\($0.drops)" } ?? "", take.trainingNote, "\(take.skipped.count)",
      "\(take.warnings.count)", RunReport.time(total), byteCount(Double(take.memory)),
      byteCount(Double(take.bytes)),
    ]
  }

  private func times(_ take: Take) -> String {
    "time: "
      + StageName.allCases.compactMap { stage in
        take.seconds[stage.rawValue].map { "\(stage.rawValue) \(RunReport.time($0))" }
      }.joined(separator: ", ")
  }

  private static func first(_ sentences: [String], _ what: String) -> [String] {
    let shown = Array(sentences.prefix(10))
    return sentences.count > 10 ? shown + ["and \(sentences.count - 10) more \(what)"] : shown
  }
}
