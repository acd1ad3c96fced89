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

  func write(to home: URL) throws(CaptureError) {
    try AtomicFile.writeJSON(self, to: home.appendingPathComponent("submission-\(number).json"))
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

  /// What of earlier submissions is in the queue.
  struct Queue {
    /// Numbers of the jobs.
    var jobs: [String] = []
    /// Takes that a task waits or runs for.
    var takes: Set<String> = []
    /// Tasks in all.
    var tasks = 0

    init(_ submissions: [SlurmSubmission], squeue: String) {
      let lines = Set(squeue.split(whereSeparator: \.isWhitespace).map(String.init))
      for submission in submissions {
        for job in submission.jobs {
          let tasks = (0..<job.tasks).filter { lines.contains("\(job.id)_\($0)") }
          for index in tasks where submission.takes.indices.contains(index) {
            takes.insert(submission.takes[index])
          }
          // The job that writes the summary is no array.
          let count = tasks.count + (lines.contains("\(job.id)_N/A") ? 1 : 0)
          if count > 0 { jobs.append(job.id) }
          self.tasks += count
        }
      }
    }
  }

  /// What is in the queue of the submissions that a folder tells of.
  static func queue(in home: URL) throws(CaptureError) -> Queue {
    let known = all(in: home)
    guard !known.isEmpty else { return Queue([], squeue: "") }
    // %F is the array's number, whatever its tasks are called; a line a task.
    return Queue(
      known,
      squeue: try SlurmCommands.run(
        "squeue", ["--noheader", "--array", "--format=%F_%K"], in: home))
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
