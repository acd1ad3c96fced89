internal import CaptureCore
internal import Foundation

/// The three programs of Slurm that a batch uses: `sbatch`, `squeue` and `scontrol`. No shell stands
/// between, and no accounting is asked.
struct SlurmCommands: Sendable {
  /// Runs a program in a folder and returns what it printed.
  ///
  /// - Throws: ``CaptureError`` `tryAgain` with the program's own words when it fails, `usage` when
  ///   it is not installed.
  static func run(
    _ name: String, _ arguments: [String], in folder: URL
  ) throws(CaptureError) -> String {
    guard let program = Host.program(name) else {
      throw CaptureError(
        .usage, "The program '\(name)' is not on the PATH.", at: "--engine slurm",
        remedy: "Start the batch where jobs are submitted, or use '--engine local'.")
    }
    let process = Process()
    let (out, err) = (Pipe(), Pipe())
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    (process.standardOutput, process.standardError) = (out, err)
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw CaptureError(
        .tryAgain, "\(name) cannot be started: \(error.localizedDescription).", at: program.path)
    }
    // What these print is less than a pipe holds, but for squeue, which is read first.
    let output = out.fileHandleForReading.readDataToEndOfFile()
    let errors = err.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let words = oneLine(
        String(decoding: errors, as: UTF8.self).split(separator: "\n").joined(separator: " "))
      throw CaptureError(
        .tryAgain, "\(name) failed: \(words)", at: "--engine slurm",
        remedy: "Look at the cluster and the profile; what was submitted is kept.")
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// What a cluster says of its limits.
  struct Limits: Equatable {
    /// Indices of an array are below this.
    var arraySize = 1001
    /// Whether the cluster queues jobs again by itself that end with status 75.
    var requeues = false

    init(_ configuration: String) {
      for line in configuration.split(separator: "\n") {
        let sides = line.split(separator: "=", maxSplits: 1)
          .map { $0.trimmingCharacters(in: .whitespaces) }
        guard sides.count == 2 else { continue }
        if sides[0] == "MaxArraySize", let size = Int(sides[1]), size > 0 { arraySize = size }
        if sides[0] == "RequeueExit" { requeues = Self.list(sides[1]).contains(75) }
      }
    }

    /// The numbers of a text such as `1,5-7`.
    private static func list(_ text: String) -> [Int] {
      text.split(separator: ",").flatMap { part -> [Int] in
        let ends = part.split(separator: "-").compactMap { Int($0) }
        guard let first = ends.first, let last = ends.last, first <= last, last < 256 else {
          return []
        }
        return Array(first...last)
      }
    }
  }
}
