/// What training steps spend their time on, summed over all threads. Belongs to one session at a time.
public final class PhaseClock: @unchecked Sendable {
  // Touched only by the thread that calls `FieldSession.step`.

  /// A part of a step.
  public enum Phase: Int, CaseIterable, Sendable {
    /// Weights of the step's times.
    case compose
    /// Encoding and all layers.
    case forward
    /// Spatial gradient.
    case gradient
    /// The caller's loss.
    case loss
    /// Backward of the spatial gradient; with bfloat16 pairs, without its part of the weights' gradient.
    case backwardOfGradient
    /// Ordinary backward, and that part.
    case backward
    /// Sums over slices, the residuals' backward, Adam.
    case update
    /// Zeroing, and threads without work while others still compute points.
    case rest
  }

  private var booked = [Double](repeating: 0, count: Phase.allCases.count)

  /// A clock at zero.
  public init() {}

  /// Core seconds spent on a phase since the last reset.
  public func seconds(_ phase: Phase) -> Double { booked[phase.rawValue] }

  /// Sets all phases to zero.
  public func reset() {
    for index in booked.indices { booked[index] = 0 }
  }

  func add(_ seconds: Double, to phase: Phase) { booked[phase.rawValue] += seconds }
}
