/// Learns what a run does, as it does it; called from several threads.
public protocol PipelineObserver: Sendable {
  /// A stage begins to work.
  func began(_ stage: StageName)
  /// A stage has done so many units; `note` may be empty.
  func progressed(_ stage: StageName, done: Int, total: Int, note: String)
  /// A sentence that the user should read; of a stage whose result was there already, once more.
  func warned(_ stage: StageName, _ sentence: String)
  /// A stage ended; `reused` when its result was there already.
  func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String)
}

/// Ignores everything.
public struct SilentObserver: PipelineObserver {
  /// The only one there is.
  public init() {}
  /// Nothing.
  public func began(_ stage: StageName) {}
  /// Nothing.
  public func progressed(_ stage: StageName, done: Int, total: Int, note: String) {}
  /// Nothing.
  public func warned(_ stage: StageName, _ sentence: String) {}
  /// Nothing.
  public func ended(_ stage: StageName, seconds: Double, reused: Bool, summary: String) {}
}
