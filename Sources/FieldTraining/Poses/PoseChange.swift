internal import CaptureCore

/// What the refinement did to one camera.
public struct PoseChange: Codable, Equatable, Sendable {
  /// The camera.
  public var camera: String
  /// Movement of its depth lens, millimetres.
  public var lensMillimetres: Double
  /// Movement of what it sees at the centre of the region of interest, millimetres.
  public var subjectMillimetres: Double
  /// Angle by which it was turned, degrees.
  public var degrees: Double
  /// Shift of its clock, milliseconds; nil where all images are taken at the frame sets' times.
  public var milliseconds: Double?
  /// Mean distance of its observations from the mean of all cameras, where another one saw the same
  /// place, in the first and in the last round, millimetres; nil where it shares no place.
  public var distanceBefore, distanceAfter: Double?
  /// Whether the change was held at the largest one allowed.
  public var isHeld: Bool
}

extension PoseChange {
  /// What to tell the user of a change that was held.
  var warning: String {
    let limit = CameraCorrection.limit
    return
      "Camera \(camera) is farther off than training corrects (\(limit.metres * 1000) mm, \(limit.radians * 180 / .pi) degrees): calibrate the rig anew, or run `fieldmesh align` first."
  }
}

extension PoseRefiner {
  /// The state as the user is told, one a camera.
  func changes(_ state: PoseState) -> [PoseChange] {
    let pivot = SIMD3<Double>(source.box.center)
    func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
    return source.cameras.enumerated().map { index, camera in
      let correction = state.corrections[index]
      let lens = camera.worldFromDepth.translation
      return PoseChange(
        camera: camera.description.id,
        lensMillimetres: rounded(
          1000 * (correction.motion(about: pivot).apply(lens) - lens).length),
        subjectMillimetres: rounded(1000 * correction.translation.length),
        degrees: rounded(correction.rotation.length * 180 / .pi),
        milliseconds: hasClocks ? rounded(1000 * correction.seconds) : nil,
        distanceBefore: state.before[index].map { rounded(1000 * $0) },
        distanceAfter: state.after[index].map { rounded(1000 * $0) },
        isHeld: state.isHeld[index])
    }
  }
}
