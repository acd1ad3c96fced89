public import CaptureCore
internal import Foundation

/// What runs the units of a plan, or has them run.
public protocol BatchEngine: Sendable {
  /// What `--engine` calls it.
  static var name: String { get }

  /// Runs what is not done, until all is done or has failed, or until asked to stop.
  ///
  /// - Parameters:
  ///   - work: The units of each take that are to run.
  ///   - observer: Learns what happens.
  ///   - stop: What the user asked for so far.
  /// - Returns: How it ended; what became of each unit is in its state.
  /// - Throws: ``CaptureError`` when nothing can run at all.
  func run(
    _ work: BatchWork, observer: any BatchObserver, stop: @escaping @Sendable () -> StopRequest
  ) throws(CaptureError) -> EngineEnd
}

/// What the user asked for.
public enum StopRequest: Int, Comparable, Sendable {
  /// Nothing.
  case none
  /// Begin nothing more; what runs may end.
  case drain
  /// Stop what runs, with a checkpoint.
  case stop

  /// The stronger request is the greater one.
  public static func < (a: StopRequest, b: StopRequest) -> Bool { a.rawValue < b.rawValue }
}

/// How an engine ended.
public enum EngineEnd: Equatable, Sendable {
  /// Everything is done or has failed.
  case finished
  /// Asked to stop before that.
  case interrupted
  /// Others do the work now, as the sentence says.
  case handedOver(String)
}

/// Learns what a batch does, as it does it; called from one thread at a time.
public protocol BatchObserver: Sendable {
  /// A unit ended.
  func ended(_ event: UnitEvent)
  /// How far everything is; called about every second.
  func progressed(_ progress: BatchProgress)
  /// A sentence that the user should read.
  func noted(_ sentence: String)
}

/// A unit that ended.
public struct UnitEvent: Sendable {
  /// Name of the take, as people call it.
  public var take: String
  /// The unit's name.
  public var unit: String
  /// How long it took.
  public var seconds: Double
  /// What it did, or the error.
  public var text: String
  /// Whether it failed.
  public var isFailure: Bool
}

/// How far a batch is.
public struct BatchProgress: Sendable {
  /// A unit that runs.
  public struct Running: Sendable {
    /// Name of the take.
    public var take: String
    /// The unit's name.
    public var unit: String
    /// How much of it is done, 0 to 1; nil before that is known.
    public var share: Double?
    /// Expected seconds until the take is finished; nil before anything is known.
    public var takeSecondsLeft: Double?
  }

  /// Takes in all, done, and failed.
  public var takes, done, failed: Int
  /// How much of the expected work is done, 0 to 1.
  public var share: Double
  /// Expected seconds until the end.
  public var secondsLeft: Double
  /// What runs now.
  public var running: [Running]
}
