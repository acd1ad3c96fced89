/// How a long stage tells where it is, and learns that it should stop.
public struct StageMonitor: Sendable {
  /// Receives the units done, the units in all, and a short note (a loss, a frame); may be empty.
  public var report: @Sendable (_ done: Int, _ total: Int, _ note: String) -> Void
  /// Receives a sentence for the log that the user should read.
  public var warn: @Sendable (String) -> Void
  /// True once the user asked to stop (Ctrl-C).
  public var isCancelled: @Sendable () -> Bool

  /// A monitor of the given parts; those left out do nothing.
  public init(
    report: @escaping @Sendable (Int, Int, String) -> Void = { _, _, _ in },
    warn: @escaping @Sendable (String) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.report, self.warn, self.isCancelled) = (report, warn, isCancelled)
  }

  /// A monitor that does nothing.
  public static let silent = StageMonitor()

  /// - Throws: ``CaptureError`` `tryAgain` once the user asked to stop.
  public func checkCancelled() throws(CaptureError) {
    guard isCancelled() else { return }
    throw CaptureError(
      .tryAgain, "Stopped on request.",
      remedy: "Run the same command again to continue; finished work is kept.")
  }
}
