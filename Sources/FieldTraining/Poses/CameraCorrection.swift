internal import CaptureCore

/// A small rigid motion of everything that one camera saw, and a shift of its clock.
///
///     x' = R(rotation) (x − pivot) + pivot + translation
///
/// All cameras turn about the same pivot, the centre of the region of interest: what is left of
/// translation and rotation there is what the subject feels, and both are small together.
struct CameraCorrection: Codable, Equatable, Sendable {
  /// Motion of the pivot, metres.
  var translation = SIMD3<Double>.zero
  /// Rotation vector: axis times angle, radians.
  var rotation = SIMD3<Double>.zero
  /// Added to the times of the camera's images, seconds.
  var seconds = 0.0

  /// Largest correction that training makes. Half a metre from the pivot this is 24 mm, less than the
  /// margins of free space, which is not worked out anew.
  static let limit = (metres: 0.015, radians: 1 * Double.pi / 180)

  /// The motion of points in the world.
  func motion(about pivot: SIMD3<Double>) -> RigidTransform {
    let turn = RigidTransform(turn: rotation)
    return RigidTransform(
      rows: turn.rows, translation: pivot + translation - turn.rotate(pivot))
  }

  /// Keeps the correction within ``limit`` and the clock within `period / 2`.
  /// - Returns: Whether it was larger.
  mutating func clamp(period: Double) -> Bool {
    let (t, r) = (translation.length, rotation.length)
    let (tooFar, tooTurned) = (t > Self.limit.metres, r > Self.limit.radians)
    let tooLate = abs(seconds) > period / 2
    if tooFar { translation *= Self.limit.metres / t }
    if tooTurned { rotation *= Self.limit.radians / r }
    if tooLate { seconds = seconds > 0 ? period / 2 : -period / 2 }
    return tooFar || tooTurned || tooLate
  }

  /// Takes the mean over the cameras listed away from each of them: no data tells where the rig as a
  /// whole stands, or when it began.
  static func center(_ corrections: inout [CameraCorrection], over cameras: [Int]) {
    guard !cameras.isEmpty else { return }
    let share = 1 / Double(cameras.count)
    var mean = CameraCorrection()
    for c in cameras {
      mean.translation += corrections[c].translation * share
      mean.rotation += corrections[c].rotation * share
      mean.seconds += corrections[c].seconds * share
    }
    for c in cameras {
      corrections[c].translation -= mean.translation
      corrections[c].rotation -= mean.rotation
      corrections[c].seconds -= mean.seconds
    }
  }
}
