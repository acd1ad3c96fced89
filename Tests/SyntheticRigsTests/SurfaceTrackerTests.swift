import CaptureCore
import Foundation
import Testing

@testable import SyntheticRigs

@Suite struct SurfaceTrackerTests {
  @Test func placesLieOnTheSurfaceAndMoveSmoothly() throws {
    let rig = try SyntheticRig(.tiny)
    let tracker = SurfaceTracker(rig, count: 300)
    #expect(tracker.count == 300)
    var last: SurfaceTracker.Places?
    for step in 0..<5 {
      let time = rig.triggerTime(4) + 0.005 * Double(step - 2)
      let places = tracker.places(at: time)
      let (distances, gradients) = rig.field(at: time).sampled(places.positions)
      #expect(places.exists.filter { $0 }.count > 290)
      for i in 0..<300 where places.exists[i] {
        #expect(abs(distances[i]) < 2e-4)
        #expect(places.normals[i].dot(gradients[i].normalized) > 0.999)
        // 5 m/s: faster than any limb.
        if let last, last.exists[i] {
          #expect((places.positions[i] - last.positions[i]).length < 0.025)
        }
      }
      last = places
    }
  }

  @Test func placesAreSpreadByArea() throws {
    // A sphere of 0.1 m and one of 0.2 m far apart: areas 1 : 4.
    let spheres = [
      (Float(0.1), RigidTransform.move(-1, 1, 0)), (0.2, .move(1, 1, 0)),
    ].map { radius, place in
      Limb(
        shape: .box(half: SIMD3(repeating: radius), round: radius), worldFromLimb: place,
        blend: 0.01, paint: Paint(.plain, .one))
    }
    let subject = Subject(name: "spheres") { _, _ in spheres }
    let rig = try SyntheticRig(.tiny, subject: subject)
    let places = SurfaceTracker(rig, count: 2000).places(at: 0)
    let small = places.positions.filter { $0.x < 0 }
    #expect(abs(Double(small.count) / 2000 - 0.2) < 0.03)
    let up = small.filter { $0.y > 1 }.count
    #expect(abs(Double(up) / Double(small.count) - 0.5) < 0.08)
  }

  @Test func camerasSeeWhatFacesThemAndNothingElse() throws {
    let rig = try SyntheticRig(SyntheticRigTests.perfect())
    let time = rig.triggerTime(1)
    let tracker = SurfaceTracker(rig, count: 600)
    let places = tracker.places(at: time)
    let one = tracker.seen(places, at: time, by: [0])
    let eye = SIMD3<Float>(rig.trueCameras[0].worldFromDepth.translation)
    let share = Double(one.filter { $0 }.count) / 600
    #expect(share > 0.15 && share < 0.5)
    let field = rig.field(at: time)
    for i in 0..<600 where one[i] {
      let toEye = eye - places.positions[i]
      #expect(places.normals[i].dot(toEye) > 0)
      // Nothing stands between, well away from the place itself.
      let between = stride(from: Float(0.1), to: 1, by: 0.05).map {
        places.positions[i] + $0 * toEye
      }
      #expect((field.sampled(between).distances.min() ?? 0) > 0)
    }
    let all = tracker.seen(places, at: time, by: [0, 1, 2, 3])
    #expect(all.filter { $0 }.count > 2 * one.filter { $0 }.count)
    #expect(zip(one, all).allSatisfy { !$0 || $1 })
    #expect(!tracker.seen(places, at: time, by: []).contains(true))
  }
}
