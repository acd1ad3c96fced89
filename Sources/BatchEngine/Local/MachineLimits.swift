internal import Foundation

/// What of a machine a batch may take.
public struct MachineLimits: Equatable, Sendable {
  /// Cores.
  public var cores: Int
  /// Memory of all workers together, bytes.
  public var memory: Double
  /// Most takes that are worked on at the same time.
  public var takes: Int

  /// Limits.
  public init(cores: Int, memory: Double, takes: Int = .max) {
    (self.cores, self.memory, self.takes) = (cores, memory, takes)
  }

  /// All cores that this process may use, and four fifths of the memory that is free now, or of what
  /// the control group allows.
  public static func ofThisMachine() -> MachineLimits {
    var memory = 4e9
    let info = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    if let match = info.firstMatch(of: /MemAvailable:\s+(\d+) kB/), let kibibytes = Double(match.1)
    {
      memory = kibibytes * 1024
    }
    let group = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
    if let limit = group.flatMap({ Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
      memory = min(memory, limit)
    }
    return MachineLimits(
      cores: ProcessInfo.processInfo.activeProcessorCount, memory: 0.8 * memory)
  }
}
