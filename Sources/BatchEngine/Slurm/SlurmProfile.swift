public import CaptureCore
public import CapturePipeline
public import Foundation

/// What each stage asks a Slurm cluster for: a file such as
///
///     {
///       "format": "fieldmesh-slurm", "version": 1,
///       "partition": "cpu", "throttle": 100, "maxJobs": 8000, "signal": 120, "requeues": 20,
///       "options": ["--account=lab"],
///       "stages": {
///         "train": {"cores": 16, "memory": "16G", "time": "8:00:00", "constraint": "avx512"},
///         "mesh": {"cores": 8, "partition": "short", "options": ["--exclusive"]}
///       }
///     }
public struct SlurmProfile: Equatable, Sendable {
  /// What the jobs of one stage ask for.
  public struct Stage: Equatable, Sendable {
    /// Cores of a job, and threads of its worker.
    public var cores: Int
    /// Memory of a job, as `--mem` has it.
    public var memory: String
    /// Time limit of a job, as `--time` has it.
    public var time: String
    /// Partition and node features; nil for the cluster's own choice.
    public var partition, constraint: String?
    /// More options for `sbatch`, each one word.
    public var options: [String] = []
  }

  /// What stands for all stages that say nothing else.
  public var stages: [StageName: Stage]
  /// Jobs of an array that run at the same time; nil for as many as the cluster lets.
  public var throttle: Int?
  /// Jobs of this batch that are in the queue at the same time.
  public var maxJobs = 8000
  /// Seconds before the time limit at which a worker is told to write its checkpoint.
  public var signal = 120
  /// Times that a job is queued again for want of time or for a passing condition.
  public var requeues = 20

  /// Modest jobs that suit most clusters.
  public init() {
    stages = [
      .pair: Stage(cores: 2, memory: "4G", time: "1:00:00"),
      .observe: Stage(cores: 4, memory: "8G", time: "2:00:00"),
      .train: Stage(cores: 8, memory: "8G", time: "12:00:00"),
      .mesh: Stage(cores: 4, memory: "8G", time: "4:00:00"),
      .export: Stage(cores: 2, memory: "8G", time: "1:00:00"),
    ]
  }

  /// Reads a profile file; what it leaves out stays as it is by default.
  /// - Throws: ``CaptureError`` `badInput` that names file and key.
  public init(reading url: URL) throws(CaptureError) {
    self.init()
    let data = try AtomicFile.read(url, limit: 1 << 20)
    do throws(CaptureError) {
      try read(JSONNode(try JSONValue(parsing: data)))
    } catch {
      throw error.within(url.path)
    }
  }

  private mutating func read(_ root: JSONNode) throws(CaptureError) {
    try root.expectKeys([
      "format", "version", "partition", "constraint", "throttle", "maxJobs", "signal", "requeues",
      "options", "stages",
    ])
    try root.expectFormat("fieldmesh-slurm", version: 1)
    throttle = try root.optionalMember("throttle")?.integer(in: 1...1_000_000)
    maxJobs = try root.optionalMember("maxJobs")?.integer(in: 10...10_000_000) ?? maxJobs
    signal = try root.optionalMember("signal")?.integer(in: 5...65_535) ?? signal
    requeues = try root.optionalMember("requeues")?.integer(in: 0...1000) ?? requeues
    let partition = try root.optionalMember("partition").map(Self.word)
    let constraint = try root.optionalMember("constraint").map(Self.word)
    let options = try Self.options(root)
    let given = try root.optionalMember("stages")
    try given?.expectKeys(StageName.allCases.map(\.rawValue))
    for name in StageName.allCases {
      guard var stage = stages[name] else { continue }
      (stage.partition, stage.constraint, stage.options) = (partition, constraint, options)
      if let node = try given?.optionalMember(name.rawValue) { try stage.read(node) }
      stages[name] = stage
    }
  }

  /// One word of printable characters: nothing that a line of options could be broken with.
  fileprivate static func word(_ node: JSONNode) throws(CaptureError) -> String {
    let text = try node.string()
    guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f })
    else { throw node.failure("must be one word of ASCII characters.") }
    return text
  }

  fileprivate static func options(_ node: JSONNode) throws(CaptureError) -> [String] {
    guard let list = try node.optionalMember("options") else { return [] }
    return try list.elements(count: 0...64).map { item throws(CaptureError) in
      let option = try word(item)
      guard option.hasPrefix("--") else {
        throw item.failure("must begin with --.")
      }
      return option
    }
  }
}

extension SlurmProfile.Stage {
  fileprivate mutating func read(_ node: JSONNode) throws(CaptureError) {
    try node.expectKeys(["cores", "memory", "time", "partition", "constraint", "options"])
    cores = try node.optionalMember("cores")?.integer(in: 1...1024) ?? cores
    memory = try node.optionalMember("memory").map(SlurmProfile.word) ?? memory
    time = try node.optionalMember("time").map(SlurmProfile.word) ?? time
    partition = try node.optionalMember("partition").map(SlurmProfile.word) ?? partition
    constraint = try node.optionalMember("constraint").map(SlurmProfile.word) ?? constraint
    options += try SlurmProfile.options(node)
  }

  /// The options of `sbatch` that ask for this.
  var arguments: [String] {
    var list = ["--cpus-per-task=\(cores)", "--mem=\(memory)", "--time=\(time)"]
    if let partition { list.append("--partition=\(partition)") }
    if let constraint { list.append("--constraint=\(constraint)") }
    return list + options
  }
}
