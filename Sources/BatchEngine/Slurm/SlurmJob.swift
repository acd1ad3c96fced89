public import CaptureCore
internal import CapturePipeline
internal import Foundation

/// A worker's own job, seen from inside.
public enum SlurmJob {
  /// What a worker ends with that did not come to its end.
  ///
  /// Before the time limit, and for conditions that may pass, the job is queued again: by the
  /// cluster where it does so for status 75, else by the job itself, which the cluster then ends.
  ///
  /// - Parameters:
  ///   - error: Why the worker ended; its code is `tryAgain`.
  ///   - isCancelled: Whether the batch is to stop: nothing may queue the job again.
  ///   - signal: The signal that asked to stop; 0 for none. SIGTERM comes from who ends jobs, and
  ///     decides about them.
  ///   - requeues: Times that the job may queue itself again; 0 where the cluster does.
  /// - Returns: The error that the command ends with.
  public static func answer(
    to error: CaptureError, isCancelled: Bool, signal: Int32, requeues: Int
  ) -> CaptureError {
    var error = error
    if isCancelled {
      // Not 75, which clusters may queue again.
      error.code = .partialResult
      return error
    }
    let environment = ProcessInfo.processInfo.environment
    let before = Int(environment["SLURM_RESTART_COUNT"] ?? "0") ?? 0
    guard signal != SIGTERM, before < requeues,
      let job = environment["SLURM_JOB_ID"], job.allSatisfy(\.isNumber)
    else { return error }
    do throws(CaptureError) {
      _ = try SlurmCommands.run(
        "scontrol", ["requeue", job], in: URL(fileURLWithPath: "/"))
    } catch {
      StandardError.write("The job is not queued again. \(error)\n")
      return error
    }
    // The cluster ends this process; a status of its own could come before that.
    Thread.sleep(forTimeInterval: 120)
    return error
  }
}
