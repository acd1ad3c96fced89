public import CaptureCore
internal import CapturePipeline
internal import Foundation

/// What was submitted together: `OUT/slurm/submission-3.json`.
struct SlurmSubmission: Codable, Equatable {
  struct Job: Codable, Equatable {
    /// Number of the array.
    var id: String
    var stage: StageName
    var tasks: Int
  }

  var number: Int
  /// Safe names of the takes, by index of the arrays.
  var takes: [String]
  var jobs: [Job]

  /// Jobs that it has in the queue at most.
  var tasks: Int { jobs.reduce(0) { $0 + $1.tasks } }

  func write(to home: URL) throws(CaptureError) {
    try writeJSON(self, to: home.appendingPathComponent("submission-\(number).json"))
  }

  private static func all(in home: URL) -> [SlurmSubmission] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
    return names.filter { $0.hasPrefix("submission-") && $0.hasSuffix(".json") }
      .compactMap {
        try? readJSON(SlurmSubmission.self, from: home.appendingPathComponent($0), remedy: "")
      }.sorted { $0.number < $1.number }
  }

  /// A number that no submission has yet.
  static func next(in home: URL) -> Int { (all(in: home).map(\.number).max() ?? 0) + 1 }

  /// The submissions of which a job is in the queue.
  static func active(in home: URL) throws(CaptureError) -> [SlurmSubmission] {
    let known = all(in: home)
    guard !known.isEmpty else { return [] }
    // %F is the array's number, whatever its tasks are called.
    let answer = try SlurmCommands.run("squeue", ["--noheader", "--format=%F"], in: home)
    let queued = Set(
      answer.split(whereSeparator: \.isWhitespace).map(String.init))
    return known.filter { $0.jobs.contains { queued.contains($0.id) } }
  }
}

extension BatchFolder {
  /// The take and the unit of a task, from a file that an engine left; nil where the task has none.
  ///
  /// - Parameters:
  ///   - array: The file, relative to the batch's folder.
  ///   - index: The task's index, from 0.
  /// - Throws: ``CaptureError`` `usage` for an index that the file does not have.
  public func task(
    in array: String, at index: Int
  ) throws(CaptureError) -> (take: String, unit: BatchUnit)? {
    let file = url.appendingPathComponent(array)
    let text = String(decoding: try AtomicFile.read(file, limit: 64 << 20), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.dropLast().contains(index) else {
      throw CaptureError(.usage, "There is no task \(index).", at: file.path)
    }
    let words = lines[index].split(separator: " ").map(String.init)
    guard words.count == 2 else { return nil }
    return (words[0], try BatchUnit(named: words[1]))
  }
}
