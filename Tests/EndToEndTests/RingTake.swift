import CaptureCore
import CaptureTestSupport
import Foundation
import Recordings
import SyntheticRigs
import Testing

/// Takes of rings of cameras that are large enough to tell where the cameras stand.
enum RingTake {
  /// Changes where a calibration says that a camera stands.
  struct Move: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout RigTransformation) -> Void

    func callAsFunction(_ calibration: RigCalibration, _ camera: String) -> RigCalibration {
      var result = calibration
      var place = RigTransformation(
        rigFromColor: calibration.rigFromColor[camera] ?? .identity,
        worldFromRig: calibration.worldFromRig)
      change(&place)
      result.rigFromColor[camera] = place.rigFromColor
      return result
    }
  }

  /// A camera's place in a rig that stands in the world.
  struct RigTransformation {
    var rigFromColor, worldFromRig: RigidTransform
  }

  /// A pan about the camera's upright axis.
  static func turned(_ degrees: Double) -> Move {
    Move(testDescription: "turned by \(degrees) degrees") { place in
      let turn = RigidTransform(turn: SIMD3(0, degrees * .pi / 180, 0))
      place.rigFromColor = place.rigFromColor * turn
    }
  }

  /// A shift along the floor.
  static func shifted(_ metres: Double) -> Move {
    Move(testDescription: "shifted by \(metres) m") { place in
      place.rigFromColor.translation += place.worldFromRig.inverse.rotate(SIMD3(metres, 0, 0))
    }
  }

  static func knobs(
    _ cameras: Int, _ subject: String, frames: Int = 1
  ) -> SyntheticRigConfiguration {
    var knobs = SyntheticRigConfiguration()
    (knobs.cameras, knobs.subject, knobs.frames) = (cameras, subject, frames)
    (knobs.depthWidth, knobs.depthHeight) = (160, 144)
    (knobs.colorWidth, knobs.colorHeight) = (256, 144)
    return knobs
  }

  /// The moments of some cameras of a ring.
  static func write(
    _ chosen: [Int], of knobs: SyntheticRigConfiguration, calibration: RigCalibration? = nil
  ) throws -> URL {
    let rig = try SyntheticRig(knobs)
    var take = rig.take
    take.cameras = chosen.map { take.cameras[$0] }
    let url = Scratch.unused("ring")
    let writer = try TakeWriter(folder: url, take: take, calibration: calibration)
    for frame in 0..<knobs.frames {
      let time = 1 + Double(frame) / rig.take.framesPerSecond
      for (index, camera) in chosen.enumerated() {
        let own = time + take.cameras[index].sync.delay
        try writer.write(
          rig.depth(camera: camera, frame: frame).measured, camera: index, index: frame, time: own)
        try writer.write(
          rig.color(camera: camera, frame: frame), camera: index, index: frame, time: own)
      }
    }
    try writer.finish()
    return url
  }
}
