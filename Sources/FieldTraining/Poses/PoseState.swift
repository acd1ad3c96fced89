internal import CaptureCore

/// How far the refinement of poses has come: part of every checkpoint.
struct PoseState: Codable, Equatable, Sendable {
  /// Rounds done.
  var rounds = 0
  /// One a camera.
  var corrections: [CameraCorrection]
  /// Mean absolute residual of each camera's shared observations in the first round that had any, and
  /// in the last one, metres.
  var before: [Double?]
  var after: [Double?]
  /// Whether a camera would have gone beyond ``CameraCorrection/limit`` in the last round.
  var isHeld: [Bool]

  /// Nothing corrected yet.
  init(cameras: Int) {
    corrections = Array(repeating: CameraCorrection(), count: cameras)
    (before, after) = (Array(repeating: nil, count: cameras), Array(repeating: nil, count: cameras))
    isHeld = Array(repeating: false, count: cameras)
  }

  /// Whether the state is one of so many cameras.
  func isValid(cameras: Int) -> Bool {
    rounds >= 0
      && [corrections.count, before.count, after.count, isHeld.count].allSatisfy { $0 == cameras }
  }

  /// The step before which each round takes place, ascending; rounds that fall on the same step are one.
  static func steps(_ c: TrainingConfiguration) -> [Int] {
    var steps: [Int] = []
    for round in 0..<c.refineRounds {
      let share = c.refineRounds > 1 ? Double(round) / Double(c.refineRounds - 1) : 0
      let step = Int(
        ((c.refineFrom + (c.refineUntil - c.refineFrom) * share) * Double(c.steps)).rounded())
      if steps.last != step, step < c.steps { steps.append(step) }
    }
    return steps
  }
}
