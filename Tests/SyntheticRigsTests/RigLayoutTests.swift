import CaptureCore
import Foundation
import SyntheticRigs
import Testing

@Suite struct RigLayoutTests {
  @Test func camerasStandInARingAndLookAtTheSubjectUpright() throws {
    var knobs = SyntheticRigConfiguration()
    knobs.cameras = 6
    let rig = try SyntheticRig(knobs)
    for camera in rig.trueCameras {
      let eye = camera.worldFromColor.translation
      let distance = SIMD2(eye.x, eye.z)
      let radius = (distance * distance).sum().squareRoot()
      #expect(abs(radius - knobs.distance) <= knobs.distanceSpread + 1e-9)
      #expect(abs(eye.y - knobs.height) <= knobs.heightSpread + 1e-9)
      let lens = try #require(camera.description.color)
      func pixel(_ p: SIMD3<Double>) throws -> SIMD2<Double> {
        try #require(lens.project(camera.worldFromColor.inverse.apply(p)))
      }
      let center = try pixel(SIMD3(0, knobs.targetHeight, 0))
      #expect(abs(center.x - lens.intrinsics.cx) < 1e-6)
      #expect(abs(center.y - lens.intrinsics.cy) < 1e-6)
      // Up in the world is up in the image, and the world is not mirrored: what is to the right
      // of the line of sight (forward x up) is to the right in the image.
      #expect(try pixel(SIMD3(0, knobs.targetHeight + 0.3, 0)).y < center.y - 10)
      let forward = (SIMD3(0, knobs.targetHeight, 0) - eye).normalized
      let right = forward.cross(SIMD3(0, 1, 0))
      #expect(try pixel(SIMD3(0, knobs.targetHeight, 0) + 0.3 * right).x > center.x + 10)
    }
  }

  @Test func theDepthLensSitsBesideTheColorLensAndLooksFurtherDown() throws {
    let rig = try SyntheticRig(.tiny)
    let colorFromDepth = rig.take.cameras[0].colorFromDepth
    #expect(abs(colorFromDepth.translation.x + 0.032) < 1e-12)
    let axis = colorFromDepth.rotate(SIMD3(0, 0, 1))
    #expect(abs(atan2(axis.y, axis.z) * 180 / .pi - 6) < 1e-9)
  }

  @Test func theReferenceIsTheRigsFrame() throws {
    let rig = try SyntheticRig(.tiny)
    #expect(rig.calibration == rig.trueCalibration)
    #expect(rig.calibration.rigFromColor["cam0"] == .identity)
    for (index, camera) in rig.trueCameras.enumerated() {
      let pose = try #require(rig.calibration.rigFromColor["cam\(index)"])
      let world = rig.calibration.worldFromRig * pose
      #expect((world.translation - camera.worldFromColor.translation).length < 1e-12)
      #expect((world.rows.2 - camera.worldFromColor.rows.2).length < 1e-12)
    }
  }

  @Test func calibrationErrorsHaveExactlyTheKnobsSize() throws {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.rotationError, knobs.translationError) = (1.5, 0.01)
    let rig = try SyntheticRig(knobs)
    #expect(rig.calibration.rigFromColor["cam0"] == .identity)
    for camera in 1..<4 {
      let wrong = try #require(rig.calibration.rigFromColor["cam\(camera)"])
      let right = try #require(rig.trueCalibration.rigFromColor["cam\(camera)"])
      #expect(abs((wrong.translation - right.translation).length - 0.01) < 1e-12)
      let turn = right.inverse * wrong
      let trace = turn.rows.0.x + turn.rows.1.y + turn.rows.2.z
      #expect(abs(acos((trace - 1) / 2) * 180 / .pi - 1.5) < 1e-6)
    }
  }

  @Test func sizesAndDistortionReachTheTake() throws {
    var knobs = SyntheticRigConfiguration.tiny
    (knobs.depthWidth, knobs.colorHeight, knobs.distortion) = (80, 90, 0)
    let camera = try SyntheticRig(knobs).take.cameras[3]
    #expect(camera.depth?.width == 80 && camera.color?.height == 90)
    #expect(camera.depth?.distortion == Distortion.none)
    #expect(try SyntheticRig(.tiny).take.cameras[0].depth?.distortion.k1 == 5.2)
  }
}
