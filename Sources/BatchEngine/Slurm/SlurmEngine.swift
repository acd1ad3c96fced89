public import CaptureCore
internal import CapturePipeline
public import Foundation

/// Submits units as job arrays, one a stage, and leaves; `fieldmesh status` shows how they stand.
///
/// Task i of every array of a group belongs to the same take, so that a stage of a take waits for
/// the stage before it of this take alone (`aftercorr`). What a task does stands in a file under its
/// index. All that reaches Slurm are numbers, options of the profile, and arguments that no shell
/// reads.
public struct SlurmEngine: BatchEngine {
  /// What `--engine` calls it.
  public static let name = "slurm"

  /// The program whose subcommand `work` does a unit.
  public var program: URL
  /// What jobs ask for.
  public var profile: SlurmProfile

  /// An engine that has nodes start `program`, which they must find under the same path.
  public init(program: URL, profile: SlurmProfile) {
    (self.program, self.profile) = (program, profile)
  }

  /// Constant text: what differs comes as arguments, which the shell passes on as they are.
  static let script = """
    #!/bin/sh
    # $1 is the program. Does the unit that stands in the file $2 under the index of this task; without
    # a file, writes the summary.
    [ $# -gt 1 ] || exec "$1" work . --summary
    exec "$1" work . --array "$2" --index "$SLURM_ARRAY_TASK_ID" --threads "$3" --requeues "$4"

    """

  /// Submits what is not done and not in the queue already.
  public func run(
    _ work: BatchWork, observer: any BatchObserver, stop: @escaping @Sendable () -> StopRequest
  ) throws(CaptureError) -> EngineEnd {
    let home = work.folder.engine(Self.name)
    try AtomicFile.makeFolder(home.appendingPathComponent("logs"))
    let limits = SlurmCommands.Limits(
      try SlurmCommands.run("scontrol", ["show", "config"], in: home))
    let queue = try SlurmSubmission.queue(in: home)
    let open = work.plan.takes.indices.filter {
      !work.units[$0].isEmpty && !queue.takes.contains(work.plan.takes[$0].id)
    }
    guard !open.isEmpty else {
      guard queue.takes.isEmpty else {
        throw CaptureError(
          .tryAgain,
          "All that is to do is in the queue: jobs \(queue.jobs.joined(separator: ", ")).",
          at: work.folder.url.path,
          remedy: "'fieldmesh status OUT --watch' shows it, 'fieldmesh cancel OUT' stops it.")
      }
      return .finished
    }
    try AtomicFile.write(
      Data(Self.script.utf8), to: home.appendingPathComponent("unit.sh"))
    var room = profile.maxJobs - queue.tasks
    var submitted = 0
    for group in groups(of: open, work, limits, room: &room) {
      guard stop() == .none else { break }
      let submission = try submit(group, work, limits, home)
      submitted += group.count
      let jobs = submission.jobs.map(\.id).joined(separator: ", ")
      observer.noted("\(group.count) takes submitted as jobs \(jobs)")
    }
    guard submitted > 0 else {
      throw CaptureError(
        .tryAgain, "The queue holds as many jobs of this batch as 'maxJobs' of the profile lets.",
        at: work.folder.url.path, remedy: "Run the same command again later.")
    }
    let rest = open.count - submitted
    return .handedOver(
      "the cluster works on \(submitted) takes now"
        + (rest > 0 ? "; run the same command again later for \(rest) more" : ""))
  }

  /// Takes that are submitted together, as many as limits let.
  private func groups(
    of takes: [Int], _ work: BatchWork, _ limits: SlurmCommands.Limits, room: inout Int
  ) -> [[Int]] {
    var groups: [[Int]] = []
    var next = 0
    while next < takes.count {
      // The columns of the widest take count for each of the group.
      var (group, columns) = ([Int](), 0)
      while next < takes.count, group.count < limits.arraySize - 1 {
        let widest = max(columns, work.plan.takes[takes[next]].units.count)
        guard (group.count + 1) * widest < room else { break }
        columns = widest
        group.append(takes[next])
        next += 1
      }
      guard !group.isEmpty else { break }
      room -= group.count * columns + 1
      groups.append(group)
    }
    return groups
  }

  private func submit(
    _ takes: [Int], _ work: BatchWork, _ limits: SlurmCommands.Limits, _ home: URL
  ) throws(CaptureError) -> SlurmSubmission {
    var submission = SlurmSubmission(
      number: SlurmSubmission.next(in: home), takes: takes.map { work.plan.takes[$0].id },
      jobs: [])
    for take in takes { try work.begin(take) }
    var before: [String] = []
    for stage in StageName.allCases {
      let columns = takes.map { take in work.units[take].filter { $0.stage == stage } }
      let width = columns.map(\.count).max() ?? 0
      var ids: [String] = []
      for column in 0..<width {
        let name = "\(submission.number)-\(stage.rawValue)\(width > 1 ? "-\(column + 1)" : "").txt"
        let lines = zip(takes, columns).map { take, units in
          column < units.count ? "\(work.plan.takes[take].id) \(units[column].name)" : "-"
        }
        try AtomicFile.write(
          Data((lines.joined(separator: "\n") + "\n").utf8), to: home.appendingPathComponent(name))
        var options = ["--array=0-\(takes.count - 1)" + (profile.throttle.map { "%\($0)" } ?? "")]
        if !before.isEmpty {
          options += [
            "--dependency=aftercorr:\(before.joined(separator: ":"))",
            "--kill-on-invalid-dep=yes",
          ]
        }
        let id = try sbatch(
          stage, options, work.folder,
          [
            "slurm/\(name)", "\(profile.stages[stage]?.cores ?? 1)",
            "\(limits.requeues ? 0 : profile.requeues)",
          ])
        ids.append(id)
        submission.jobs.append(SlurmSubmission.Job(id: id, stage: stage, tasks: takes.count))
        // Kept after each one: a second start must know what is in the queue.
        try submission.write(to: home)
      }
      if !ids.isEmpty { before = ids }
    }
    let id = try sbatch(
      .export, ["--dependency=afterany:\(before.joined(separator: ":"))"], work.folder, [])
    submission.jobs.append(SlurmSubmission.Job(id: id, stage: .export, tasks: 1))
    try submission.write(to: home)
    return submission
  }

  /// Submits one job or array and returns its number.
  private func sbatch(
    _ stage: StageName, _ more: [String], _ folder: BatchFolder, _ arguments: [String]
  ) throws(CaptureError) -> String {
    var options =
      [
        "--parsable", "--job-name=fieldmesh-\(arguments.isEmpty ? "summary" : stage.rawValue)",
        "--chdir=\(folder.url.path)",
        "--output=slurm/logs/\(arguments.isEmpty ? "%j" : "%A_%a").out", "--open-mode=append",
        "--requeue", "--signal=B:USR1@\(profile.signal)",
      ] + more
    options += profile.stages[stage]?.arguments ?? []
    let answer = try SlurmCommands.run(
      "sbatch", options + ["slurm/unit.sh", program.path] + arguments, in: folder.url)
    // `12` or `12;cluster`.
    let id = answer.trimmingCharacters(in: .whitespacesAndNewlines).prefix { $0 != ";" }
    guard !id.isEmpty, id.allSatisfy(\.isNumber) else {
      throw CaptureError(
        .tryAgain, "sbatch answered '\(oneLine(answer))', which is no job.", at: "--engine slurm")
    }
    return String(id)
  }
}
